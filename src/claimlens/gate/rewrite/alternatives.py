"""`suggest.alternatives` and its service: what is asked of `alt.suggester`, and what becomes of its answer."""

from datetime import date
from typing import Any

import msgspec
from msgspec.structs import replace

from claimlens.domain.finding import Citation, Finding, Severity, Suggestion
from claimlens.domain.item import Item
from claimlens.domain.service import ALT_SUGGESTER
from claimlens.domain.verdict import Verdict

#: Findings of one item that are asked about; a text with more of them wants writing anew.
MOST_FINDINGS = 12
_CLAIMS = frozenset({"detect.claims", "verify.nutrition_claims"})
_MASK = "x"


class Offer(msgspec.Struct, frozen=True, omit_defaults=True):
    """A wording that has been tried in place of the words and stops nothing.

    `because` is the arithmetic that makes it lawful for this item, `rank` counts from 1 (the nearest to the writer's
    meaning), `kind` is register, claim, figure or rewrite.
    """

    text: str
    because: str
    citation: Citation
    rank: int = 0
    kind: str = ""


class Offers(msgspec.Struct, frozen=True, omit_defaults=True):
    """The answer for one item: the offers for each finding that was asked about, or why there is none."""

    suggestions: list[list[Offer]] | None = None
    cannot: str = ""


def alternatives_wanted(item: Item, verdict: Verdict, *, locale: str, on: date) -> dict[str, Any] | None:
    """The payload for an item; None where the service could have nothing to say.

    That is an item without a figure, or one of which no words were stopped. Personal data that were seen are masked
    letter by letter, so that spans hold.
    """
    asked = _asked_about(verdict)
    if not asked or not verdict.nutrition:
        return None
    return {
        "item": _record(item, verdict),
        "locale": locale,
        "on": on.isoformat(),
        "findings": [
            {"rule_id": f.rule_id, "field": f.field, "span": list(f.span), "matched_text": f.matched_text}
            for f in (verdict.reasons[i] for i in asked)
        ],
        **({"marks": list(item.marks)} if item.marks else {}),
    }


def with_alternatives(verdict: Verdict, answer: dict[str, Any] | None) -> Verdict:
    """The verdict with the offers of an answer before what the rules themselves advise, each text once.

    Without an answer (None) the findings stay as they are, and the verdict says that the service is out. An answer that
    does not fit the question changes nothing.
    """
    if answer is None:
        return replace(
            verdict,
            not_checked=(*verdict.not_checked, ALT_SUGGESTER),
            degraded_services=(*verdict.degraded_services, ALT_SUGGESTER),
        )
    asked = _asked_about(verdict)
    offers = _read(answer)
    if len(offers) != len(asked):
        return verdict
    reasons = list(verdict.reasons)
    for i, found in zip(asked, offers, strict=True):
        if found or reasons[i].suggestions:
            reasons[i] = replace(reasons[i], suggestions=_joined(found, reasons[i]))
    return replace(verdict, reasons=tuple(reasons))


def offers_record(answer: dict[str, Any] | None) -> dict[str, Any] | None:
    """What the audit keeps of an answer: enough to judge again by it."""
    if answer is None:
        return None
    return {"suggestions": answer["suggestions"]} if answer.get("suggestions") else {}


def _read(answer: dict[str, Any]) -> list[list[Offer]]:
    try:
        return msgspec.convert(answer, Offers).suggestions or []
    except msgspec.ValidationError:
        return []


def _asked_about(verdict: Verdict) -> list[int]:
    """Places of the findings that a wording could help, in their order."""
    return [
        i
        for i, finding in enumerate(verdict.reasons)
        if finding.severity is not Severity.INFO and finding.matched_text and finding.transform in _CLAIMS
    ][:MOST_FINDINGS]


def _joined(offers: list[Offer], finding: Finding) -> tuple[Suggestion, ...]:
    """The offers, then the rule's advice. A wording of the register that was not offered did not stand the trial."""
    found = {offer.text.casefold(): Suggestion(offer.text, offer.because, offer.citation) for offer in offers}
    for suggestion in finding.suggestions:
        if not suggestion.because:
            found.setdefault(suggestion.text.casefold(), suggestion)
    return tuple(found.values())


def _record(item: Item, verdict: Verdict) -> dict[str, Any]:
    """What of an item bears on its wording, without the personal data that were seen in it."""
    personal: dict[str, list[tuple[int, int]]] = {}
    for finding in verdict.reasons:
        if finding.type:
            personal.setdefault(finding.field, []).append(finding.span)

    def masked(pointer: str, text: str) -> str:
        for start, end in personal.get(pointer, ()):
            text = text[:start] + _MASK * (end - start) + text[end:]
        return text

    def each(pointer: str, texts: tuple[str, ...]) -> list[str]:
        return [masked(f"{pointer}/{i}", text) for i, text in enumerate(texts)]

    record: dict[str, Any] = {"name": masked("/name", item.name), "kind": item.kind.value}
    for field in ("description", "category", "ocr_text"):
        if text := getattr(item, field):
            record[field] = masked(f"/{field}", text)
    if isinstance(item.ingredients, str):
        record["ingredients"] = masked("/ingredients", item.ingredients)
    elif item.ingredients:
        record["ingredients"] = each("/ingredients", item.ingredients)
    for field in ("claims", "tags"):
        if texts := getattr(item, field):
            record[field] = each(f"/{field}", texts)
    for field, value in item.options.items():
        if not any(pointer.startswith(f"/{field}") for pointer in personal):
            record[field] = value
    if item.nutrition:
        record["nutrition"] = item.nutrition
    if item.brand:
        record["brand"] = item.brand
    return record
