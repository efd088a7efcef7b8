"""Allergen words of a pack: two YAML mappings in, an `AllergenTable` out.

A pack's own `allergens.yaml` (generated from the facts tables) and `packs/shared/allergens.yaml` say which words stand
for which allergen and how a text says contains, may contain and free from.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from claimlens.domain.allergen import ALLERGENS, AllergenTable, AllergenWord, Meaning, Strength, WordKind
from claimlens.domain.allergen_text import plain_words
from claimlens.packs.allergen_lexicon import Lexicon, forms
from claimlens.packs.allergen_phrases import wordings
from claimlens.packs.allergen_source import PackFile, Scopes, SharedFile, check_ids, read_file


def compile_allergens(pack: Mapping[str, Any], shared: Mapping[str, Any]) -> AllergenTable:
    """The compiled allergen words of one jurisdiction; raises PackInvalidError where a file breaks its form."""
    own = read_file(pack, PackFile)
    common = read_file(shared, SharedFile)
    check_ids(own, common)
    lexicon = Lexicon(own, common)
    words = [*lexicon.words(), *_scope_words(own, common)]
    names: dict[str, tuple[str, ...]] = {allergen: (allergen,) for allergen in ALLERGENS}
    for allergen, said in common.names.items():
        for name in said:
            key = plain_words(name)
            names[key] = tuple(dict.fromkeys((*names.get(key, ()), allergen)))
    return AllergenTable(
        words=tuple(words),
        names=names,
        duties=own.duties,
        language_words=common.languages,
        joiners=frozenset(plain_words(word) for word in common.joiners),
        abbreviations=frozenset(common.abbreviations),
        animal=frozenset(common.animal),
        literal=frozenset(common.literal),
        threshold=frozenset(common.threshold),
    )


def _scope_words(own: PackFile, common: SharedFile) -> Iterator[AllergenWord]:
    seen: set[tuple[str, WordKind]] = set()
    for language, scopes in common.scopes.items():
        if language not in own.languages:
            continue
        for kind, terms in (
            (WordKind.CONTAINS, scopes.contains),
            (WordKind.HEADING, scopes.heading),
            (WordKind.MAY, scopes.may),
            (WordKind.MAY_OPEN, scopes.may_open),
            (WordKind.MAY_CLOSE, scopes.may_close),
            (WordKind.MAY_BACK, scopes.may_back),
            (WordKind.GUARD, scopes.guard),
            (WordKind.FREE, scopes.free),
            (WordKind.FREE_LIST, scopes.free_list),
            (WordKind.FREE_AFTER, scopes.free_after),
            (WordKind.TERM, scopes.not_free_after),
            (WordKind.SUBSTITUTE, scopes.substitute),
            (WordKind.SUBSTITUTE_AFTER, scopes.substitute_after),
        ):
            yield from _once(seen, kind, _worded(terms, scopes), ())
        for strength, stated in ((Strength.NAMED, scopes.absent), (Strength.ASK, scopes.waives)):
            for allergen, terms in stated.items():
                yield from _once(seen, WordKind.ABSENT, _worded(terms, scopes), (Meaning(allergen, "", strength),))


def _worded(terms: Iterable[str], scopes: Scopes) -> Iterator[str]:
    for term in terms:
        yield from wordings(term, scopes.lists, "allergens.yaml")


def _once(
    seen: set[tuple[str, WordKind]], kind: WordKind, terms: Iterable[str], meanings: tuple[Meaning, ...]
) -> Iterator[AllergenWord]:
    for term in terms:
        for form in forms(term, ""):
            if (form.text, kind) not in seen:
                seen.add((form.text, kind))
                yield AllergenWord(form.text, kind, meanings)
