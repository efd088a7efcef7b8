"""`alternatives.yaml` of a pack and `figures.yaml` of the shared folder: what may be written instead."""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Any, TypeVar

import msgspec

from claimlens.domain.alternative import FigureWords, OfferedClaim, OfferTable, with_nutrient
from claimlens.domain.condition import Condition, main_nutrient
from claimlens.domain.errors import ConditionError, PackInvalidError
from claimlens.domain.finding import Citation
from claimlens.domain.nutrients import canonical_nutrient
from claimlens.domain.rule import Category, Rule
from claimlens.packs.conditions import parse_condition
from claimlens.packs.source import CitationSource

T = TypeVar("T")
_FILE = "alternatives.yaml"
_FIGURES = "figures.yaml"
_CATEGORIES = frozenset(category.value for category in Category)


class _Claim(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A row of `claims`: the rules whose figure it needs, or a figure of its own; "{nutrient}" is a nutrient's name."""

    wordings: dict[str, str]
    rules: tuple[str, ...] = ()
    id: str = ""
    condition: str = ""
    citation: CitationSource | None = None
    unless: str = ""
    instead_of: tuple[str, ...] = ()
    strength: bool = False
    not_for: tuple[str, ...] = ()


class _About(msgspec.Struct, forbid_unknown_fields=True):
    nutrients: tuple[str, ...]
    rules: tuple[str, ...]


class _Figures(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    citation: CitationSource
    plain: tuple[str, ...] = ()
    by_serving: bool = False
    languages: dict[str, dict[str, Any]] = {}


class _Document(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    figures: _Figures
    claims: tuple[_Claim, ...] = ()
    unless: str = ""
    about: tuple[_About, ...] = ()
    strengths_instead_of: tuple[str, ...] = ()
    general_functions: tuple[str, ...] = ()


class _Shared(msgspec.Struct, forbid_unknown_fields=True):
    languages: dict[str, FigureWords]


def compile_alternatives(document: Any, shared: Any, rules: Sequence[Rule], languages: Sequence[str]) -> OfferTable:
    """The pack's table of offers; an empty one if the pack has no `alternatives.yaml`.

    `rules` are the compiled rules that rows refer to by id (`*` stands for anything), `languages` those of the pack.
    Raises PackInvalidError.
    """
    if not document:
        return OfferTable()
    read = _converted(document, _Document, _FILE)
    words = _figure_words(shared, read.figures, languages)
    by_id = {rule.id: rule for rule in rules}
    return OfferTable(
        claims=tuple(claim for row in read.claims for claim in _claims(row, by_id, words, read.unless)),
        about={
            rule_id: tuple(canonical_nutrient(nutrient) for nutrient in row.nutrients)
            for row in read.about
            for rule_id in _matching(row.rules, by_id)
        },
        figures=words,
        plain=frozenset(canonical_nutrient(nutrient) for nutrient in read.figures.plain),
        by_serving=read.figures.by_serving,
        figure_citation=_citation(read.figures.citation),
        strengths_instead_of=frozenset(_categories_and_rules(read.strengths_instead_of, by_id)),
        general_functions=read.general_functions,
    )


def _figure_words(shared: Any, figures: _Figures, languages: Sequence[str]) -> dict[str, FigureWords]:
    common = (shared or {}).get("languages") or {}
    words = {}
    for language in languages:
        entry = dict(common.get(language) or {})
        if not entry:
            continue
        for key, value in figures.languages.get(language, {}).items():
            entry[key] = {**entry.get(key, {}), **value} if isinstance(value, dict) else value
        words[language] = _converted(entry, FigureWords, f"{_FILE}, {_FIGURES} ({language})")
    return words


def _claims(
    row: _Claim, rules: dict[str, Rule], words: dict[str, FigureWords], unless_any: str
) -> Iterator[OfferedClaim]:
    """The claims of a row: one for each rule it names, or the one that has a figure of its own."""
    instead = tuple(_matching(row.instead_of, rules))
    text = row.unless or unless_any
    unless = _condition(text, row) if text else None
    if row.condition:
        if row.citation is None or not row.id:
            raise PackInvalidError("a claim with a condition of its own needs an id and a citation", _FILE)
        condition = _condition(row.condition, row)
        yield OfferedClaim(
            id=row.id,
            wordings=row.wordings,
            nutrients=(main_nutrient(condition),),
            condition=condition,
            citation=_citation(row.citation),
            unless=unless,
            rules=instead,
            strength=row.strength,
            not_kinds=row.not_for,
        )
        return
    for rule_id in row.rules:
        rule = rules.get(rule_id)
        if rule is None or rule.condition is None:
            raise PackInvalidError(f"{rule_id} is no rule of this pack with a condition", _FILE)
        nutrient = main_nutrient(rule.condition)
        yield OfferedClaim(
            id=rule_id,
            wordings=_named(row.wordings, nutrient, words),
            nutrients=(nutrient,),
            condition=rule.condition,
            citation=rule.citation,
            unless=unless,
            rules=instead,
            strength=row.strength,
            not_kinds=(*rule.not_kinds, *row.not_for),
        )


def _named(wordings: dict[str, str], nutrient: str, words: dict[str, FigureWords]) -> dict[str, str]:
    """The wordings with the nutrient's name in them; a language that has no name for it has no wording."""
    named = {}
    for language, wording in wordings.items():
        if "{nutrient}" not in wording:
            named[language] = wording
        elif (known := words.get(language)) is not None and nutrient in known.nutrients:
            named[language] = with_nutrient(wording, known.nutrients[nutrient], known)
    return named


def _matching(patterns: Sequence[str], rules: dict[str, Rule]) -> Iterator[str]:
    for pattern in patterns:
        found = [rule_id for rule_id in rules if fnmatchcase(rule_id, pattern)]
        if not found:
            raise PackInvalidError(f"no rule of this pack is called {pattern}", _FILE)
        yield from found


def _categories_and_rules(names: Sequence[str], rules: dict[str, Rule]) -> Iterator[str]:
    for name in names:
        if name in _CATEGORIES:
            yield name
        else:
            yield from _matching((name,), rules)


def _condition(text: str, row: _Claim) -> Condition:
    try:
        return parse_condition(text)
    except ConditionError as error:
        raise PackInvalidError(f"condition {text!r}: {error}", _FILE, 0, row.id) from None


def _citation(source: CitationSource) -> Citation:
    return Citation(source.instrument, source.section, source.url)


def _converted(value: Any, kind: type[T], file: str) -> T:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise PackInvalidError(str(error), file) from None
