"""What could be written instead of some words, by the item's own numbers: none of it has been through the gate yet."""

from collections.abc import Iterator
from typing import NamedTuple

from claimlens.domain.alternative import FigureWords, OfferedClaim, OfferTable, Per, with_nutrient
from claimlens.domain.condition import ConditionResult, main_nutrient
from claimlens.domain.finding import Citation
from claimlens.domain.item import Item
from claimlens.domain.nutrients import name_of, unit_name, unit_of
from claimlens.domain.pack import Pack
from claimlens.domain.quantity import Amount, Truth, shown
from claimlens.domain.rule import AuthorisedClaim, Category, RewriteAction, Rule
from claimlens.domain.text import fold
from claimlens.gate.judge.claims import Facts
from claimlens.gate.judge.conditions import evaluate
from claimlens.gate.judge.health_claims import qualifying

_MOST_REGISTER = 3
_MOST_FIGURES = 2
_MOST_STRENGTHS = 2
_SPEAKS_OF_NUTRIENTS = frozenset({Category.NUTRIENT_CONTENT, Category.COMPARATIVE})
_HINDI = "hi"
_DEVANAGARI = ("ऀ", "ॿ")
_NOUNS_IN_CAPITALS = "de"
_ENDERS = ".!?।"


class Candidate(NamedTuple):
    """A wording, the arithmetic behind it, where it stands, and its sort.

    `kind` is register (an authorised health claim), claim (about a nutrient), figure, or rewrite (the rule's own).
    """

    text: str
    because: str
    citation: Citation
    kind: str


class Shelf:
    """What a pack has to offer, laid out by what it is looked up by."""

    def __init__(self, pack: Pack) -> None:
        self.pack = pack
        self.rules = {rule.id: rule for rule in pack.rules}
        self.register = {claim.id: claim for claim in pack.authorised}
        self.by_function: dict[str, list[AuthorisedClaim]] = {}
        for claim in pack.authorised:
            self.by_function.setdefault(claim.function, []).append(claim)


class Suggester:
    """The candidates of one item. Conditions are held against its numbers once."""

    def __init__(self, shelf: Shelf, item: Item, facts: Facts) -> None:
        self._shelf = shelf
        self._pack = shelf.pack
        self._offers: OfferTable = shelf.pack.offers
        self._item = item
        self._facts = facts
        self._results: dict[str, ConditionResult] = {}
        self._functions: dict[str, list[tuple[AuthorisedClaim, str]]] = {}

    def candidates(self, rule_id: str, words: str, language: str) -> list[Candidate]:
        """Wordings instead of `words`, in which a rule or a claim of the register was seen.

        The nearest to the writer's meaning come first, each text once.
        """
        found: dict[str, Candidate] = {}
        for candidate in self._in_order(rule_id, words, language):
            found.setdefault(candidate.text.casefold(), candidate)
        return list(found.values())

    def _in_order(self, rule_id: str, words: str, language: str) -> Iterator[Candidate]:
        rule, claim = self._shelf.rules.get(rule_id), self._shelf.register.get(rule_id)
        if rule is not None and rule.rewrite.action is RewriteAction.REPLACE and rule.rewrite.text:
            yield Candidate(rule.rewrite.text, "the rule's own wording", rule.citation, "rewrite")
        function = rule.function if rule is not None else claim.function if claim is not None else ""
        register = self._register(function) if function else []
        for entry, because in register[:_MOST_REGISTER]:
            if language in entry.wordings:
                yield Candidate(entry.wordings[language], because, entry.citation, "register")
        for offer in self._offers.claims:
            if offer.rules and rule_id in offer.rules:
                yield from self._claim(offer, language)
        about = self._about(words, rule, claim, register, language)
        claims = list(self._claims_about(about, rule_id, language))
        yield from claims
        yield from self._figures(about, language)
        if rule is not None and not register and not claims and self._is_promise(rule):
            yield from self._strengths(about, language)
            if rule.category is Category.GENERAL_WELLNESS:
                yield from self._accompanying(language)

    # --- which nutrients ------------------------------------------------------------------------------------------

    def _about(
        self,
        words: str,
        rule: Rule | None,
        claim: AuthorisedClaim | None,
        register: list[tuple[AuthorisedClaim, str]],
        language: str,
    ) -> tuple[str, ...]:
        """The nutrients that the words speak of, the first one first."""
        if rule is None:
            return (claim.nutrient,) if claim is not None else ()
        if rule.condition is not None:
            return (main_nutrient(rule.condition),)
        known = self._offers.about.get(rule.id)
        if known is not None:
            return known
        if rule.function:
            return tuple(dict.fromkeys(entry.nutrient for entry, _ in register))
        if rule.category in _SPEAKS_OF_NUTRIENTS:
            return self._named_in(words, language)
        return ()

    def _named_in(self, text: str, language: str) -> tuple[str, ...]:
        words = fold(text).split()
        figures = self._offers.figures.get(language)
        if figures is None:
            return ()
        return tuple(
            nutrient
            for nutrient, beginnings in figures.words.items()
            if any(fold(beginning).strip() in word for beginning in beginnings for word in words)
        )[:1]

    def _is_promise(self, rule: Rule) -> bool:
        instead_of = self._offers.strengths_instead_of
        return rule.category in instead_of or rule.id in instead_of

    # --- the wordings ---------------------------------------------------------------------------------------------

    def _register(self, function: str) -> list[tuple[AuthorisedClaim, str]]:
        known = self._functions.get(function)
        if known is None:
            facts, claims = self._facts, self._shelf.by_function.get(function, ())
            references = self._pack.references
            known = qualifying(function, claims, self._item, facts.nutrition, references, facts.liquid)
            self._functions[function] = known
        return known

    def _claim(self, offer: OfferedClaim, language: str) -> Iterator[Candidate]:
        if language not in offer.wordings or self._item.kind in offer.not_kinds:
            return
        result = self._result(offer)
        if result.outcome is Truth.HOLDS:
            yield Candidate(offer.wordings[language], result.because, offer.citation, "claim")

    def _result(self, offer: OfferedClaim) -> ConditionResult:
        known = self._results.get(offer.id)
        if known is None:
            facts, references = self._facts, self._pack.references
            known = evaluate(offer.condition, facts.nutrition, references, liquid=facts.liquid)
            if known.outcome is Truth.HOLDS and offer.unless is not None:
                barred = evaluate(offer.unless, facts.nutrition, references, liquid=facts.liquid)
                if barred.outcome is Truth.HOLDS:
                    known = ConditionResult(Truth.FAILS, barred.because)
            self._results[offer.id] = known
        return known

    def _claims_about(self, about: tuple[str, ...], rule_id: str, language: str) -> Iterator[Candidate]:
        """The strongest claim about each nutrient that holds."""
        for nutrient in about:
            for offer in self._offers.claims:
                if offer.nutrients[0] == nutrient and offer.id != rule_id and not offer.rules:
                    claim = next(self._claim(offer, language), None)
                    if claim is not None:
                        yield claim
                        break

    def _strengths(self, about: tuple[str, ...], language: str) -> Iterator[Candidate]:
        """What can be said for the item instead of a promise."""
        left = _MOST_STRENGTHS
        said = set(about)
        for offer in self._offers.claims:
            if not offer.strength or offer.nutrients[0] in said or not left:
                continue
            claim = next(self._claim(offer, language), None)
            if claim is not None:
                said.add(offer.nutrients[0])
                left -= 1
                yield claim

    def _accompanying(self, language: str) -> Iterator[Candidate]:
        """A general word may stand beside a specific authorised claim only; here is one that the item carries."""
        for function in self._offers.general_functions:
            for entry, because in self._register(function)[:1]:
                if language in entry.wordings:
                    yield Candidate(entry.wordings[language], because, entry.citation, "register")
                    return

    # --- figures --------------------------------------------------------------------------------------------------

    def _figures(self, about: tuple[str, ...], language: str) -> Iterator[Candidate]:
        words, citation = self._offers.figures.get(language), self._offers.figure_citation
        if words is None or citation is None:
            return
        left = _MOST_FIGURES
        for nutrient in about:
            if left and self._may_tell(nutrient) and (told := self._told(nutrient)) is not None:
                amount, per, note = told
                text = self._energy(words, per) if nutrient == "energy_kcal" else _figure(words, nutrient, amount, per)
                if text:
                    left -= 1
                    what = "" if nutrient.startswith("energy_") else f" {name_of(nutrient)}"
                    unit = unit_name(unit_of(nutrient))
                    yield Candidate(text, f"{amount.text()} {unit}{what} per {per}, {note}", citation, "figure")

    def _may_tell(self, nutrient: str) -> bool:
        """Whether the figure says no more than the label, or a claim about the nutrient holds."""
        plain = self._offers.plain
        if not plain or nutrient in plain:
            return True
        return any(
            offer.nutrients[0] == nutrient and self._result(offer).outcome is Truth.HOLDS
            for offer in self._offers.claims
        )

    def _told(self, nutrient: str) -> tuple[Amount, Per, str] | None:
        """A single figure, what it refers to, and where it comes from; None if the label settles none."""
        nutrition = self._facts.nutrition
        blocks: list[tuple[dict[str, Amount], str]] = [
            (nutrition.values, nutrition.per if nutrition.per in ("100 g", "100 ml") else ""),
            (nutrition.per_serving, "serving"),
            (nutrition.per_day, "day"),
        ]
        derived = nutrition.derived.get(nutrient, "")
        if self._offers.by_serving or derived.startswith("from a serving"):
            blocks[0], blocks[1] = blocks[1], blocks[0]
        for amounts, per in blocks:
            amount = amounts.get(nutrient)
            if per and amount is not None and amount.exact:
                note = derived if derived and per not in ("serving", "day") else "as the label says"
                return amount, per, note  # type: ignore[return-value]
        return None

    def _energy(self, words: FigureWords, per: Per) -> str:
        nutrition = self._facts.nutrition
        amounts = {"serving": nutrition.per_serving, "day": nutrition.per_day}.get(per, nutrition.values)
        kj, kcal = amounts.get("energy_kj"), amounts.get("energy_kcal")
        if kcal is None or per not in words.per or ("{kj}" in words.energy and (kj is None or not kj.exact)):
            return ""
        whole = str(round(kj.low)) if kj is not None else ""
        return words.energy.format(kj=whole, kcal=str(round(kcal.low)), per=words.per[per])


def _figure(words: FigureWords, nutrient: str, amount: Amount, per: Per) -> str:
    """The figure in words; empty where the language has none for it."""
    if nutrient not in words.nutrients or per not in words.per:
        return ""
    unit = unit_name(unit_of(nutrient))
    pattern = with_nutrient(words.figure, words.nutrients[nutrient], words)
    return pattern.format(
        amount=shown(amount.low).replace(".", words.decimal), unit=words.units.get(unit, unit), per=words.per[per]
    )


def language_of(words: str, language: str) -> str:
    """The language in which words are answered: Hindi in Latin letters is answered in English."""
    if language == _HINDI and not any(_DEVANAGARI[0] <= letter <= _DEVANAGARI[1] for letter in words):
        return "en"
    return language


def fitted(text: str, field: str, start: int, language: str) -> str:
    """The wording as it stands in its sentence: within one it begins with a small letter, if the words before did.

    German nouns keep their capitals.
    """
    words, before = field[start:], field[:start].rstrip()
    inside = before and before[-1] not in _ENDERS and words[:1].islower()
    if not inside or language == _NOUNS_IN_CAPITALS or not text[:1].isupper() or text[1:2].isupper():
        return text
    return text[:1].lower() + text[1:]
