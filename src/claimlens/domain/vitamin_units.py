"""International units of vitamins, and other equivalents that depend on the form of a vitamin and on the market.

A unit of vitamin D is a mass. One of vitamin A or E is an activity: how many µg or mg it counts for depends on the form
and on what the label's unit stands for. The US counts retinol activity (RAE) and 2R-alpha-tocopherol, Europe retinol
equivalents (RE) and alpha-tocopherol equivalents.
"""

from claimlens.domain.conversion import Exactness, Factor, between, cannot, settled

_FDA = "FDA guidance on converting units of measure for vitamins A, D and E (2019)"
_WHO = "WHO international standard: 1 IU is 0.3 µg retinol, 0.6 µg beta-carotene"
_RE = "retinol equivalents: 1 µg RE is 1 µg retinol or 6 µg beta-carotene"
_ALPHA_TE = "alpha-tocopherol equivalents: 1 IU is 0.67 mg RRR-alpha-tocopherol in any form"
_D = "1 IU is 0.025 µg vitamin D"
_EUROPE = frozenset(("EU", "GB"))

#: Vitamin → the forms that may be named.
FORMS: dict[str, tuple[str, ...]] = {
    "vitamin_a": ("retinol", "beta-carotene", "beta-carotene from a supplement", "beta-carotene from food"),
    "vitamin_d": (),
    "vitamin_e": ("natural", "synthetic"),
}
_SPELLINGS: dict[str, str] = {
    "beta carotene": "beta-carotene",
    "betacarotene": "beta-carotene",
    "provitamin a": "beta-carotene",
    "retinyl palmitate": "retinol",
    "retinyl acetate": "retinol",
    "d-alpha": "natural",
    "d-alpha-tocopherol": "natural",
    "rrr": "natural",
    "rrr-alpha-tocopherol": "natural",
    "dl-alpha": "synthetic",
    "dl-alpha-tocopherol": "synthetic",
    "dl-alpha-tocopheryl acetate": "synthetic",
    "all-rac": "synthetic",
    "all-rac-alpha-tocopherol": "synthetic",
}


def iu_factor(vitamin: str, form: str, market: str) -> Factor:
    """How much one international unit is in the vitamin's own unit (µg for A and D, mg for E).

    `form` "" and `market` "" are not known: the factor then spans what it may be. Raises CannotConvert for a vitamin
    without international units and for a form that the vitamin does not have.
    """
    if vitamin not in FORMS:
        cannot(f"{vitamin.replace('_', ' ') or 'this'} is not counted in IU; vitamins A, D and E are")
    form = form.strip().lower()
    form = _SPELLINGS.get(form, form)
    if form and FORMS[vitamin] and form not in FORMS[vitamin]:
        cannot(f"the form is {form!r:.40}; it is one of {', '.join(FORMS[vitamin])}")
    if vitamin == "vitamin_d":
        return settled(0.025, _D)
    return _vitamin_a(form, market) if vitamin == "vitamin_a" else _vitamin_e(form, market)


def _vitamin_a(form: str, market: str) -> Factor:
    europe = market in _EUROPE
    if form == "retinol":
        return settled(0.3, _WHO)
    if form == "beta-carotene from a supplement" and not europe:
        return settled(0.3, _FDA, Exactness.ROUNDED)
    if form == "beta-carotene from food" and not europe:
        return settled(0.05, _FDA, Exactness.ROUNDED)
    if form and europe:
        return settled(0.1, f"{_WHO}; {_RE}", Exactness.ROUNDED)
    if form:
        return between(0.05, 0.3, _FDA)
    return between(0.1 if europe else 0.05, 0.3, f"{_WHO}; {_RE}" if europe else _FDA)


def _vitamin_e(form: str, market: str) -> Factor:
    if market in _EUROPE or form == "natural":
        return settled(0.67, _ALPHA_TE if market in _EUROPE else _FDA, Exactness.ROUNDED)
    if form == "synthetic":
        return settled(0.45, _FDA, Exactness.ROUNDED)
    return between(0.45, 0.67, _FDA)
