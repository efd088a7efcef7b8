"""Every spelling of every allergen word, and what each of them means.

Makes plurals, spelling variants and combinations, lets longer phrases inherit what their parts mean, and settles who
wins where two entries disagree:

1. a *reading* of the shared file (a row of the tables that we read otherwise, with its reason);
2. an entry limited to this jurisdiction, and the pack's own entries;
3. every other entry.

Inside one rank `not` beats `ask` beats `contains`, except that a word of another language that names the allergen is
not weakened by an English dish of the same name.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from itertools import product

import msgspec

from claimlens.domain.allergen import ALLERGENS, AllergenWord, Meaning, Strength, WordKind
from claimlens.domain.allergen_text import plain_words
from claimlens.packs.allergen_source import Composed, Entry, PackFile, SharedFile, Use


class Form(msgspec.Struct, frozen=True):
    """One spelling of a term: the text as it is searched, with a space at each closed side."""

    text: str
    item_start: bool


_E_NUMBER = re.compile(r"(e|ins) ?(\d{3,4}[a-z]?)")
_UMLAUTS = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "ae", "Ö": "oe", "Ü": "ue", "å": "aa", "ø": "oe", "æ": "ae"}
)
_SPELT_APART = frozenset({"de", "sv", "da", "fi"})


def forms(term: str, language: str) -> list[Form]:
    """Every spelling of a written term: plurals, umlauts written as two letters, E 220 beside E220.

    `*` at a side leaves it open; `^` in front asks for the start of an ingredient.
    """
    item_start = term.startswith("^")
    bare = term.removeprefix("^")
    open_start, open_end = bare.startswith("*"), bare.endswith("*")
    bare = bare.strip("*")
    spellings = [bare]
    if language in _SPELT_APART and bare.translate(_UMLAUTS) != bare:
        spellings.append(bare.translate(_UMLAUTS))
    texts: dict[str, None] = {}
    for spelling in spellings:
        plain = plain_words(spelling)
        number = _E_NUMBER.fullmatch(plain)
        if number:
            texts.update(dict.fromkeys((f"{number[1]}{number[2]}", f"{number[1]} {number[2]}")))
        elif plain:
            texts[plain] = None
            if not (open_start or open_end):
                texts.update(dict.fromkeys(_plurals(plain, language)))
    return [Form(f"{'' if open_start else ' '}{text}{'' if open_end else ' '}", item_start) for text in texts]


def _plurals(plain: str, language: str) -> Iterator[str]:
    """Regular plurals of the last word; nothing for languages whose stems are written with stars."""
    if len(plain) < 3 or not plain[-1].isalpha() or not plain.isascii():
        return
    if language in ("en", "in"):
        if plain[-1] == "y" and plain[-2] not in "aeiou":
            yield plain[:-1] + "ies"
        elif plain.endswith(("ss", "x", "z", "ch", "sh", "to", "go")):
            yield plain + "es"
        elif plain[-1] != "s":
            yield plain + "s"
        if plain.endswith("to"):
            yield plain + "s"
    elif language == "fr":
        if plain[-1] not in "sxz":
            yield plain + ("x" if plain.endswith(("eau", "eu")) else "s")
    elif language == "es":
        if plain[-1] == "z":
            yield plain[:-1] + "ces"
        elif plain[-1] in "aeiou":
            yield plain + "s"
        elif plain[-1] != "s":
            yield plain + "es"


class _Say(msgspec.Struct, frozen=True):
    """What one entry says about one form."""

    rank: int
    allergen: str
    use: Use
    language: str
    member: str
    presumed: bool


_NO_SAY: tuple["_Say", ...] = ()


class Lexicon:
    """Every form with what is said about it, and what follows from that."""

    def __init__(self, own: PackFile, common: SharedFile) -> None:
        self._jurisdiction = own.jurisdiction.lower()
        self._languages = frozenset(own.languages)
        self._members = [
            (
                allergen,
                member,
                frozenset(w for w in said if not w.endswith("*")),
                tuple(w[:-1] for w in said if w.endswith("*")),
            )
            for allergen, by_member in common.members.items()
            for member, words in by_member.items()
            for said in [tuple(plain_words(w.rstrip("*")) + ("*" if w.endswith("*") else "") for w in words)]
        ]
        self._presumed = {
            (allergen, form.text)
            for allergen, terms in common.presumed.items()
            for term in terms
            for form in forms(term, "en")
        }
        self._gated = {
            (gate.language, form.text)
            for gate in common.gates
            if self._jurisdiction not in gate.but
            for word in gate.words
            for form in forms(word, gate.language)
        }
        self._short = {gate.language: gate.shorter_than for gate in common.gates if self._jurisdiction not in gate.but}
        self._says: dict[Form, list[_Say]] = defaultdict(list)
        self._meanings: dict[tuple[str, str], tuple[Meaning, ...]] = {}
        dropped = {
            (entry.allergen, form.text)
            for entry in common.readings
            if entry.use == "drop"
            for term in entry.terms
            for form in forms(term, entry.language)
        }
        for rank, entries in ((0, common.readings), (1, own.entries), (2, common.entries)):
            for entry in entries:
                self._add(entry, rank, dropped)
        for composed in common.composed:
            self._compose(composed)
        self._meanings.clear()  # what was looked up while composing may have been half a story

    def _add(self, entry: Entry, rank: int, dropped: set[tuple[str, str]]) -> None:
        if entry.use in ("drop", "silent") or (entry.only and self._jurisdiction not in entry.only):
            return
        if rank and entry.language not in self._languages:
            return
        for term in entry.terms:
            for form in forms(term, entry.language):
                if (entry.allergen, form.text) not in dropped:
                    self._says[form].append(
                        _Say(
                            rank=1 if entry.only else rank,
                            allergen=entry.allergen,
                            use=entry.use,
                            language=entry.language,
                            member=entry.member or self._member(entry.allergen, form.text),
                            presumed=(entry.allergen, form.text) in self._presumed,
                        )
                    )

    def _member(self, allergen: str, text: str) -> str:
        words = text.split()
        for of, member, whole, stems in self._members:
            if of == allergen and any(word in whole or word.startswith(stems) for word in words):
                return member
        return ""

    def _compose(self, composed: Composed) -> None:
        """Add "{word} {form}" phrases where the form alone would mean one of the excluded allergens."""
        if composed.language not in self._languages:
            return
        telling = [
            form
            for form in composed.forms
            if any(meaning.allergen in composed.excluded for meaning in self._inner(plain_words(form).split(), ""))
        ]
        for allergen, words in composed.words.items():
            for word, form, say in product(words, telling, composed.say):
                phrase = say.format(word=word, form=form)
                plain = plain_words(phrase)
                for spelling in (plain, *(_plurals(plain, "en") if composed.language == "en" else ())):
                    says = self._says[Form(f" {spelling} ", False)]
                    for excluded in composed.excluded:
                        if excluded != allergen and not any(said.allergen == excluded for said in says):
                            says.append(_Say(2, excluded, "not", composed.language, "", False))
                    if allergen and not any(said.allergen == allergen for said in says):
                        member = self._member(allergen, f" {plain_words(word)} ")
                        says.append(_Say(2, allergen, "contains", composed.language, member, False))

    def words(self) -> Iterator[AllergenWord]:
        """Compiled words, shorter phrases first settled, so that longer ones can inherit."""
        for form in sorted(self._says, key=lambda form: (form.text.count(" "), form.text, form.item_start)):
            for language in self._gates_of(form):
                meanings = self._meaning(form, language)
                yield AllergenWord(form.text, WordKind.TERM, meanings, language, form.item_start)

    def _gates_of(self, form: Form) -> list[str]:
        """The languages for which the form needs a word of its own; "" is any text."""
        languages = {say.language for say in self._says[form]}
        gated = sorted(language for language in languages if self._is_gated(language, form))
        return ([""] if languages.difference(gated) else []) + gated

    def _is_gated(self, language: str, form: Form) -> bool:
        if (language, form.text) in self._gated:
            return True
        bare = form.text.strip()
        return len(bare) < self._short.get(language, 0) and " " not in bare

    def _meaning(self, form: Form, language: str) -> tuple[Meaning, ...]:
        key = (form.text, language)
        if key not in self._meanings:
            says = [
                say
                for say in self._says.get(form, _NO_SAY)
                if (say.rank == 0 or say.language == language if language else not self._is_gated(say.language, form))
            ]
            by_allergen: dict[str, list[_Say]] = defaultdict(list)
            for say in says:
                by_allergen[say.allergen].append(say)
            found = [m for allergen, said in by_allergen.items() if (m := _settle(allergen, said)) is not None]
            tokens = form.text.split()
            if len(tokens) > 1:
                found += [
                    m
                    for m in self._inner(tokens, language, whole=False)
                    if m.allergen not in by_allergen and m.strength is not Strength.ASK
                ]
            self._meanings[key] = tuple(sorted(set(found), key=lambda m: (ALLERGENS.index(m.allergen), m.member)))
        return self._meanings[key]

    def _inner(self, tokens: list[str], language: str, whole: bool = True) -> list[Meaning]:
        """What the words of a phrase mean, longest known parts first."""
        found: dict[str, Meaning] = {}
        at = 0
        while at < len(tokens):
            for end in range(len(tokens), at, -1):
                if end - at == len(tokens) and not whole:
                    continue
                part = Form(f" {' '.join(tokens[at:end])} ", False)
                if part in self._says:
                    gates = self._gates_of(part)
                    gate = language if language in gates else "" if "" in gates else None
                    if gate is not None:
                        for meaning in self._meaning(part, gate):
                            found.setdefault(meaning.allergen, meaning)
                        at = end - 1
                        break
            at += 1
        return list(found.values())


def _settle(allergen: str, says: list[_Say]) -> Meaning | None:
    """What the best-ranked entries say together; None: not this allergen."""
    rank = min(say.rank for say in says)
    best = [say for say in says if say.rank == rank]
    uses = {say.use for say in best}
    if "not" in uses:
        return None
    named = [say for say in best if say.use == "contains"]
    if named and ("ask" not in uses or any(say.language not in ("en", "in") for say in named)):
        member = next((say.member for say in named if say.member), "")
        presumed = any(say.presumed for say in named)
        return Meaning(allergen, member, Strength.PRESUMED if presumed else Strength.NAMED)
    return Meaning(allergen, next((say.member for say in best if say.member), ""), Strength.ASK)
