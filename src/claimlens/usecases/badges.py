"""Badges for a web page: what a shopper may want to know of an item, in a few words with the source."""

from collections.abc import Mapping

import msgspec

from claimlens.domain.allergen import Duty
from claimlens.domain.finding import Finding, Severity
from claimlens.domain.suppression import Answered
from claimlens.domain.verdict import AllergenEntry

#: The profile that judges pages; the locale decides the law.
PROFILE = "claimlens_go"
#: What a badge says: words that may not stand there, words that need proof, a claim whose numbers hold, an allergen
#: named, one that may be there, and that allergens could not be told.
KINDS = ("not_allowed", "needs_proof", "holds", "allergen", "may_contain", "allergens_unknown")
_KIND = {Severity.BLOCK: "not_allowed", Severity.MODIFY: "needs_proof", Severity.INFO: "holds"}
_encoder = msgspec.json.Encoder()


class _Badge(msgspec.Struct):
    item_id: str
    kind: str
    label: str
    explanation: str
    source: str


def badges_of(answered: Answered, duties: Mapping[str, Duty]) -> list[bytes]:
    """The badges of one judged item as JSON: claims in the order of the text, then allergens.

    Findings that somebody answers for get none. `duties` hold the law that asks for each allergen to be named.
    """
    verdict = answered.verdict
    found: dict[tuple[str, str], _Badge] = {}
    for index, finding in enumerate(verdict.reasons):
        if index not in answered.suppressed and finding.matched_text:
            badge = _claim(verdict.item_id, finding)
            found.setdefault((badge.kind, badge.label.casefold()), badge)
    allergens = verdict.allergens
    badges = list(found.values())
    for kind, word, entries in (
        ("allergen", "Contains", allergens.contains),
        ("may_contain", "May contain", allergens.may_contain),
    ):
        badges += [_allergen(verdict.item_id, kind, word, entry, duties) for entry in entries]
    if not allergens.complete:
        label, why = "Other allergens unknown", "The text does not name every ingredient."
        badges.append(_Badge(verdict.item_id, "allergens_unknown", label, why, ""))
    return [_encoder.encode(badge) for badge in badges]


def _claim(item_id: str, finding: Finding) -> _Badge:
    return _Badge(item_id, _KIND[finding.severity], finding.matched_text, finding.why, finding.source)


def _allergen(item_id: str, kind: str, word: str, entry: AllergenEntry, duties: Mapping[str, Duty]) -> _Badge:
    duty = duties.get(entry.allergen)
    because = f"The text says: {', '.join(entry.because)}."
    return _Badge(item_id, kind, f"{word} {entry.allergen}", because, duty.citation if duty else "")
