"""Personal data out of what is stored or sent: every sign of it is hidden, lengths and spans stay as they were."""

import re
from collections.abc import Callable
from functools import lru_cache
from operator import is_not
from typing import Any, NamedTuple

from msgspec.structs import replace

from claimlens.domain.finding import Change, Finding
from claimlens.domain.item import MACHINE_DATA, Item
from claimlens.domain.jurisdiction import Jurisdiction
from claimlens.domain.verdict import Verdict
from claimlens.gate.ingest.record import OPTION_FIELDS, ingredient_text
from claimlens.gate.normalise.pii import MASK_SIGN, find_pii, mask
from claimlens.kit.json_text import escape

#: Fields whose texts the gate itself searched for personal data.
_JUDGED = frozenset({"name", "description", "ingredients", "claims", "tags", "category", "ocr_text", *OPTION_FIELDS})
#: Fields that say what the item is, not who somebody is.
_CODES = MACHINE_DATA | {"gtin", "kind", "locale", "locales", "currency", "barcode", "ean", "upc", "asin"}
#: What is hidden outside published text. A link or a place there is data about the item that its owner wants back.
_PERSONAL = frozenset({"email", "phone", "upi", "pan", "aadhaar", "card", "address"})
#: What one mask brings to light, the next one hides.
_ROUNDS = 4
_FEWEST_DIGITS = 7
#: What hides nobody: a number alone is a telephone's only under a name that speaks of one.
_AMOUNTS = frozenset({int, float, bool, type(None)})
_LONGEST_NAME = 64
_PHONE_WORDS = ("phone", "mobile", "whatsapp", "telefon", "fax", "contact")
_DIGIT = re.compile(r"\d")


def masked_text(text: str, region: str) -> str:
    """The text with all personal data in it hidden, of the same length."""
    for _ in range(_ROUNDS):
        hits = find_pii(text, region)
        if not hits:
            break
        masked = mask(text, hits)
        if masked == text:
            break
        text = masked
    return text


def masked_anywhere(text: str) -> str:
    """The text without what is personal data in any of the markets: for words about an item that was not judged."""
    if _may_be_personal(text):
        for jurisdiction in Jurisdiction:
            text = masked_text(text, str(jurisdiction))
    return text


class Masked(NamedTuple):
    """An item as submitted and its verdict, both without personal data. `keys`: pointer steps before and after."""

    record: dict[str, Any]
    verdict: Verdict
    keys: dict[str, str]


def masked(record: dict[str, Any], item: Item, verdict: Verdict, region: str) -> Masked:
    """What may be kept of an item and its verdict; the same objects if there is no personal data in them.

    Published texts are searched by the gate: they are looked at again only if it found something. Ids stay: they name
    the item in whatever system it comes from.
    """
    pointers = {finding.field for finding in verdict.reasons if finding.type}
    texts = dict(item.texts()) if pointers else {}
    hidden = {pointer: masked_text(texts[pointer], region) for pointer in pointers if pointer in texts}
    walk = _Walk(region, hidden)
    stored = walk.record(record)
    if hidden:
        verdict = replace(
            verdict,
            reasons=tuple([_masked_finding(finding, texts, hidden) for finding in verdict.reasons]),
            changes=tuple([_masked_change(change, hidden) for change in verdict.changes]),
        )
    return Masked(stored, _with_keys_masked(verdict, walk.keys) if walk.keys else verdict, walk.keys)


def masked_pointer(pointer: str, keys: dict[str, str]) -> str:
    """A JSON Pointer without the keys that held personal data."""
    return "/".join([keys.get(step, step) for step in pointer.split("/")]) if keys else pointer


def _masked_finding(finding: Finding, texts: dict[str, str], hidden: dict[str, str]) -> Finding:
    text = hidden.get(finding.field)
    start, end = finding.span
    if text is None or texts[finding.field][start:end] != finding.matched_text:
        return finding
    return replace(finding, matched_text=text[start:end])


def _masked_change(change: Change, hidden: dict[str, str]) -> Change:
    text = hidden.get(change.field)
    return change if text is None else replace(change, before=text)


def _with_keys_masked(verdict: Verdict, keys: dict[str, str]) -> Verdict:
    return replace(
        verdict,
        reasons=tuple([replace(finding, field=masked_pointer(finding.field, keys)) for finding in verdict.reasons]),
        changes=tuple([replace(change, field=masked_pointer(change.field, keys)) for change in verdict.changes]),
        not_checked=tuple([masked_pointer(gap, keys) for gap in verdict.not_checked]),
    )


class _Walk:
    """Copies what it has to change of a record, and nothing else. `keys`: pointer steps before and after.

    `hidden` are the published texts with personal data in them, masked, by their JSON Pointers.
    """

    def __init__(self, region: str, hidden: dict[str, str]) -> None:
        self.keys: dict[str, str] = {}
        self._region = region
        self._hidden = hidden

    def record(self, record: dict[str, Any]) -> dict[str, Any]:
        changed: dict[str, Any] = {}
        for key, value in record.items():
            kind = type(value)
            if value is None or kind is float or kind is bool:
                continue
            if key not in _JUDGED:
                if _is_code(key) or (kind is dict and _is_plain_table(value)):
                    continue
                after = self._member(key, value, self._figure if key == "nutrition" else self._other, _is_code)
            elif kind is str:
                after = masked_text(value, self._region) if self._hidden else value
            elif key == "ingredients" and kind is list and self._hidden:
                after = [self._ingredient(entry, f"/ingredients/{i}") for i, entry in enumerate(value)]
            else:
                after = self._inside(value, self._published, _is_machine_data)
            if after is not value:
                changed[key] = after
        return self._with_keys({**record, **changed} if changed else record)

    def _inside(self, value: Any, hide: Callable[[Any], Any], skips: Callable[[str], bool]) -> Any:
        """The value with `hide` done to what is neither list nor object in it, nor under a key that `skips` names."""
        kind = type(value)
        if kind is list:
            entries = [self._inside(entry, hide, skips) for entry in value]
            return entries if any(map(is_not, entries, value)) else value
        if kind is dict:
            found = {
                key: inner if skips(key) else self._member(key, inner, hide, skips) for key, inner in value.items()
            }
            return self._with_keys(found if any(map(is_not, found.values(), value.values())) else value)
        return hide(value)

    def _member(self, key: str, value: Any, hide: Callable[[Any], Any], skips: Callable[[str], bool]) -> Any:
        return _call_number(value) if type(value) is int and _is_phone(key) else self._inside(value, hide, skips)

    def _ingredient(self, entry: Any, at: str) -> Any:
        """One of a list. An ingredient of parts was searched as one text: what was found may lie across its parts."""
        after = self._inside(entry, self._published, _is_machine_data)
        if type(entry) is dict and at in self._hidden and ingredient_text(after, at) != self._hidden[at]:
            return self._inside(entry, _all_hidden, _is_machine_data)
        return after

    def _published(self, value: Any) -> Any:
        return masked_text(value, self._region) if self._hidden and type(value) is str else value

    def _figure(self, value: Any) -> Any:
        """Of a nutrition table: an amount and a unit, as a rule too short to hide anybody."""
        return self._other(value) if type(value) is str and _may_be_personal(value) else value

    def _other(self, value: Any) -> Any:
        """Of brand, metadata and unknown fields."""
        if type(value) is not str or not value:
            return value
        hits = [hit for hit in find_pii(value, self._region) if hit.type in _PERSONAL]
        return mask(value, hits) if hits else value

    def _with_keys(self, mapping: dict[str, Any]) -> dict[str, Any]:
        renamed = {
            key: after
            for key in mapping
            if len(key) >= _FEWEST_DIGITS and _may_be_personal(key) and (after := self._other(key)) != key
        }
        if not renamed:
            return mapping
        self.keys.update({escape(before): escape(after) for before, after in renamed.items()})
        return {renamed.get(key, key): value for key, value in mapping.items()}


def _is_machine_data(key: str) -> bool:
    return key in MACHINE_DATA


def _is_plain_table(mapping: dict[str, Any]) -> bool:
    """Whether an object holds amounts under the names of things, and so nothing to hide: a nutrition table mostly."""
    return all(type(value) in _AMOUNTS and _is_plain_name(key) for key, value in mapping.items())


@lru_cache(maxsize=1024)
def _is_plain_name(key: str) -> bool:
    return len(key) < _LONGEST_NAME and not _is_phone(key) and not _may_be_personal(key)


def _is_code(key: str) -> bool:
    return key in _CODES or key.endswith(("_id", "Id", "_at", "_url"))


def _is_phone(key: str) -> bool:
    low = key.lower()
    return low == "tel" or any(word in low for word in _PHONE_WORDS)


def _call_number(value: int) -> Any:
    """A number under a key that speaks of a telephone: its plus or its zero is gone, so nothing else gives it away."""
    digits = str(value)
    return MASK_SIGN * len(digits) if len(digits) >= _FEWEST_DIGITS else value


def _may_be_personal(text: str) -> bool:
    return "@" in text or len(_DIGIT.findall(text)) >= _FEWEST_DIGITS


def _all_hidden(value: Any) -> Any:
    return "".join([sign if sign.isspace() else MASK_SIGN for sign in value]) if type(value) is str else value
