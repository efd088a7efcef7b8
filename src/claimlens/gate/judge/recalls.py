"""What the answer of `recall.lookup` means for an item; the words and the law come from the pack's `checks.yaml`."""

from typing import Any

from msgspec.structs import replace

from claimlens.domain.finding import Finding, Suggestion
from claimlens.domain.item import Item
from claimlens.domain.pack import Pack
from claimlens.domain.service import RECALL_LOOKUP
from claimlens.domain.verdict import Verdict
from claimlens.gate.judge.declarations import item_finding
from claimlens.gate.judge.verdict import needs_review, outcome

_TRANSFORM = "detect.recalls"
#: Agreement in both names the very goods that were called back; a GTIN alone may be of another lot.
_GOODS = frozenset({"gtin", "lot"})
#: Recalls that become findings of one item; the best come first.
_MOST = 3
_KEPT = ("outcome", "matches", "data_as_of", "failed_sources", "cannot")
_LOTS = ("lot", "lots", "batch", "lot_number", "batch_number")


def recall_payload(item: Item, locale: str) -> dict[str, Any]:
    """What `recall.lookup` is told of an item; lots come from its metadata."""
    payload: dict[str, Any] = {"name": item.name, "locale": locale}
    if item.brand:
        payload["brand"] = item.brand
    if item.gtin:
        payload["gtin"] = item.gtin
    if item.ingredients:
        payload["ingredients"] = item.ingredients
    if item.metadata:
        given = [item.metadata[key] for key in _LOTS if key in item.metadata]
        lots = [lot for one in given for lot in (one if isinstance(one, list) else [one]) if isinstance(lot, str)]
        if lots:
            payload["lots"] = lots
    return payload


def judge_recall(verdict: Verdict, item: Item, answer: dict[str, Any] | None, pack: Pack, *, asked: bool) -> Verdict:
    """The verdict with what is known of recalls in it.

    An open recall of the item's own GTIN and lot blocks; one that its GTIN, name or brand fits waits for a person.
    Without a usable answer (nobody answered, data too old, not asked) the verdict stays, the pack's safety note is
    offered, and `recall.lookup` stands in `not_checked`.
    """
    matches = answer.get("matches") or [] if answer else []
    found = [finding for match in matches[:_MOST] if (finding := _finding(match, item, pack)) is not None]
    not_checked, degraded = verdict.not_checked, verdict.degraded_services
    if answer is None or answer.get("outcome") not in ("found", "none"):
        found += _note(pack, asked=asked, answered=answer is not None)
        not_checked += (RECALL_LOOKUP,)
    if asked and answer is None:
        degraded += (RECALL_LOOKUP,)
    if not found and not_checked is verdict.not_checked:
        return verdict
    reasons = verdict.reasons + tuple(found)
    return replace(
        verdict,
        verdict=outcome(reasons),
        needs_review=needs_review(reasons),
        reasons=reasons,
        not_checked=not_checked,
        degraded_services=degraded,
    )


def recall_record(answer: dict[str, Any] | None) -> dict[str, Any] | None:
    """What the audit keeps of an answer: enough to judge again by it."""
    return {key: answer[key] for key in _KEPT if answer.get(key)} if answer else None


def _finding(match: dict[str, Any], item: Item, pack: Pack) -> Finding | None:
    fields = _GOODS.intersection(match.get("fields") or ())
    rule = pack.check("recalled" if fields == _GOODS else "recall_possible")
    if rule is None:
        return None
    pointer, words = ("/gtin", item.gtin) if "gtin" in fields and item.gtin else ("/name", item.name)
    told = [f"{match.get('source', '')} {match.get('id', '')} of {match.get('date', '')}: {match.get('title', '')}"]
    told += [f"Hazard: {match['hazard']}"] if match.get("hazard") else []
    told += [f"Match: {match['reason']}"] if match.get("reason") else []
    detail = " ".join(f"{sentence.rstrip(' .')}." for sentence in told)
    finding = item_finding(rule, _TRANSFORM, detail, pointer)
    return replace(finding, span=(0, len(words)), matched_text=words, source=match.get("url") or finding.source)


def _note(pack: Pack, *, asked: bool, answered: bool) -> list[Finding]:
    rule = pack.check("recall_note")
    if rule is None:
        return []
    because = "recall.lookup has no fresh data" if answered else "recall.lookup gave no answer"
    note = Suggestion(rule.note, because if asked else "recalls were not looked up")
    finding = item_finding(rule, _TRANSFORM, "", "")
    return [replace(finding, why=rule.why, suggestions=(note,))]
