"""Allergen words as their authors write them: the two files and what may stand in them."""

from collections.abc import Mapping
from typing import Any, Literal, TypeVar

import msgspec

from claimlens.domain.allergen import ALLERGENS, Duty
from claimlens.domain.errors import PackInvalidError

T = TypeVar("T")
Use = Literal["contains", "ask", "not", "silent", "drop"]
_FILE = "allergens.yaml"


class Entry(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Terms of one language that say the same about one allergen.

    `facts` names the rows of the facts tables: an id, or `allergen/record_type`, to which language and term belong.
    `silent` terms are no words of the pack: they show what must not be mistaken for one.
    """

    allergen: str
    use: Use
    terms: tuple[str, ...]
    language: str = "en"
    member: str = ""
    only: tuple[str, ...] = ()
    why: str = ""
    facts: tuple[str, ...] = ()
    confidence: str = ""
    citation: str = ""


class Composed(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, rename={"excluded": "not"}):
    """Phrases made of a word and a form ("{word} {form}"); `not` names allergens that the form does not bring along."""

    excluded: tuple[str, ...]
    say: tuple[str, ...]
    language: str
    words: dict[str, tuple[str, ...]]
    forms: tuple[str, ...]


class Gate(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, rename={"but": "except"}):
    """Words of a language that count only in a text of that language."""

    language: str
    words: tuple[str, ...] = ()
    shorter_than: int = 0  # every single word with fewer letters than this, too
    but: tuple[str, ...] = ()


class Scopes(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """How one language says contains, may contain and free from.

    Phrases may hold alternatives and name `lists` (see `allergen_phrases`). `waives` are statements that only take the
    allergen out of the product next to them ("flourless cake").
    """

    lists: dict[str, tuple[str, ...]] = {}
    contains: tuple[str, ...] = ()
    heading: tuple[str, ...] = ()
    may: tuple[str, ...] = ()
    may_open: tuple[str, ...] = ()
    may_close: tuple[str, ...] = ()
    may_back: tuple[str, ...] = ()
    guard: tuple[str, ...] = ()
    free: tuple[str, ...] = ()
    free_list: tuple[str, ...] = ()
    free_after: tuple[str, ...] = ()
    not_free_after: tuple[str, ...] = ()
    substitute: tuple[str, ...] = ()
    substitute_after: tuple[str, ...] = ()
    absent: dict[str, tuple[str, ...]] = {}
    waives: dict[str, tuple[str, ...]] = {}


class Handled(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Rows of the facts tables that no entry repeats, and what stands for them."""

    facts: tuple[str, ...]
    how: str


class PackFile(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A jurisdiction's `allergens.yaml`."""

    jurisdiction: str = ""
    languages: tuple[str, ...] = ()
    duties: dict[str, Duty] = {}
    entries: tuple[Entry, ...] = ()
    handled: tuple[Handled, ...] = ()


class SharedFile(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """`packs/shared/allergens.yaml`."""

    names: dict[str, tuple[str, ...]] = {}
    members: dict[str, dict[str, tuple[str, ...]]] = {}
    readings: tuple[Entry, ...] = ()
    entries: tuple[Entry, ...] = ()
    composed: tuple[Composed, ...] = ()
    presumed: dict[str, tuple[str, ...]] = {}
    gates: tuple[Gate, ...] = ()
    languages: dict[str, tuple[str, ...]] = {}
    scopes: dict[str, Scopes] = {}
    joiners: tuple[str, ...] = ()
    abbreviations: tuple[str, ...] = ()
    animal: tuple[str, ...] = ()
    literal: tuple[str, ...] = ()
    threshold: tuple[str, ...] = ()


def read_file(mapping: Mapping[str, Any], kind: type[T]) -> T:
    """`mapping` as `kind` (PackFile or SharedFile); raises PackInvalidError where it breaks its form."""
    try:
        return msgspec.convert(mapping, kind)
    except msgspec.ValidationError as error:
        raise PackInvalidError(str(error), _FILE) from None


def check_ids(own: PackFile, common: SharedFile) -> None:
    """Raise PackInvalidError for an allergen that is not one of the fourteen."""
    entries = (*own.entries, *common.entries, *common.readings)
    used = {entry.allergen for entry in entries} | set(own.duties) | set(common.names) | set(common.presumed)
    unknown = used - set(ALLERGENS)
    if unknown:
        raise PackInvalidError(f"no such allergen: {', '.join(sorted(unknown))}", _FILE)


def encoded_rows(pack: PackFile, shared: SharedFile) -> set[str]:
    """Names of the rows of the facts tables that the two files account for.

    A row without an id is named `allergen/record_type/language/term`.
    """
    rows = {row for handled in pack.handled for row in handled.facts}
    for entry in (*pack.entries, *shared.entries):
        for fact in entry.facts:
            rows.add(fact)
            rows.update(f"{fact}/{entry.language}/{term}" for term in entry.terms)
    return rows
