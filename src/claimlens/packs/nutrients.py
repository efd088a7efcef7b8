"""nutrients.yaml of a pack → NutrientReferences; and which rows of the facts tables it encodes or leaves out."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import msgspec

from claimlens.domain.errors import PackInvalidError
from claimlens.domain.nutrients import canonical_nutrient, unit_of
from claimlens.domain.references import (
    DailyReference,
    LevelShares,
    NutrientReferences,
    ReferenceAmount,
    keyword_form,
)
from claimlens.domain.rule import Confidence
from claimlens.domain.unit_factors import ENERGY_IN_KJ, MASS_IN_G, VOLUME_IN_ML
from claimlens.packs.source import CitationSource

FILE = "nutrients.yaml"


class _Figure(msgspec.Struct, forbid_unknown_fields=True):
    amount: str
    facts: tuple[str, ...] = ()


class _DailyGroup(msgspec.Struct, forbid_unknown_fields=True):
    levels: bool
    confidence: Confidence
    citation: CitationSource
    amounts: dict[str, _Figure]


class _Level(msgspec.Struct, forbid_unknown_fields=True):
    confidence: Confidence
    citation: CitationSource
    solid: float | None = None
    liquid: float | None = None
    portion: float | None = None
    day: float | None = None
    racc: float | None = None
    facts: tuple[str, ...] = ()


class _Factors(msgspec.Struct, forbid_unknown_fields=True):
    confidence: Confidence
    citation: CitationSource
    kcal_per_g: dict[str, float]
    fibre_in_carbohydrate: Literal["yes", "no", "either"] = "no"
    facts: tuple[str, ...] = ()


class _Number(msgspec.Struct, forbid_unknown_fields=True):
    value: float
    confidence: Confidence
    citation: CitationSource | None = None
    facts: tuple[str, ...] = ()


class _Trace(msgspec.Struct, forbid_unknown_fields=True):
    amounts: dict[str, str]
    confidence: Confidence
    facts: tuple[str, ...] = ()


class _Measures(msgspec.Struct, forbid_unknown_fields=True):
    confidence: Confidence
    citation: CitationSource
    amounts: dict[Literal["cup", "tbsp", "tsp", "fl_oz", "pint", "oz"], str]


class _Amount(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    category: str
    amount: str
    confidence: Confidence
    keywords: tuple[str, ...]
    small: bool = False


class _Amounts(msgspec.Struct, forbid_unknown_fields=True):
    citation: CitationSource
    table: tuple[_Amount, ...]


class _NotEncoded(msgspec.Struct, forbid_unknown_fields=True):
    facts: tuple[str, ...]
    reason: str


class _Source(msgspec.Struct, forbid_unknown_fields=True):
    daily_name: str = "daily reference"
    daily: tuple[_DailyGroup, ...] = ()
    levels: dict[str, _Level] = {}
    energy_factors: _Factors | None = None
    conversions: dict[Literal["salt_per_sodium", "kj_per_kcal", "alcohol_g_per_ml"], _Number] = {}
    iu: dict[str, str] = {}
    trace: _Trace | None = None
    label_measures: _Measures | None = None
    reference_amount_name: str = "reference amount"
    reference_amount_not_before: tuple[str, ...] = ()
    reference_amounts: _Amounts | None = None
    beverage_words: tuple[str, ...] = ()
    not_beverage_words: tuple[str, ...] = ()
    not_encoded: tuple[_NotEncoded, ...] = ()


def read_references(document: Mapping[str, Any], jurisdiction: str = "") -> NutrientReferences:
    """The references of a parsed nutrients.yaml. Raises PackInvalidError; `jurisdiction` only names the file in it."""
    file = f"{jurisdiction.lower()}/{FILE}" if jurisdiction else FILE
    try:
        return _references(_source(document))
    except (msgspec.ValidationError, ValueError) as error:
        raise PackInvalidError(str(error), file) from None


def encoded_facts(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Ids of the rows of the facts tables that a parsed nutrients.yaml encodes, in its order."""
    source = _source(document)
    groups = [figure.facts for group in source.daily for figure in group.amounts.values()]
    groups += [level.facts for level in source.levels.values()]
    groups += [number.facts for number in source.conversions.values()]
    groups += [part.facts for part in (source.energy_factors, source.trace) if part is not None]
    groups.append(tuple(row.id for row in source.reference_amounts.table) if source.reference_amounts else ())
    return tuple(dict.fromkeys(fact for facts in groups for entry in facts for fact in _each(entry)))


def facts_left_out(document: Mapping[str, Any]) -> dict[str, str]:
    """Row id → the reason why nutrients.yaml does not encode it."""
    return {
        fact: rows.reason for rows in _source(document).not_encoded for entry in rows.facts for fact in _each(entry)
    }


def _source(document: Mapping[str, Any]) -> _Source:
    return msgspec.convert(dict(document), _Source)


def _references(source: _Source) -> NutrientReferences:
    factors = source.energy_factors
    table = source.reference_amounts.table if source.reference_amounts else ()
    numbers = {str(name): number.value for name, number in source.conversions.items()}
    return NutrientReferences(
        daily=dict(_daily(source)),
        daily_name=source.daily_name,
        levels={
            name: LevelShares(level.solid, level.liquid, level.portion, level.day, level.racc)
            for name, level in source.levels.items()
        },
        kcal_per_g=dict(factors.kcal_per_g) if factors else {},
        fibre_in_carbohydrate=factors.fibre_in_carbohydrate if factors else "no",
        iu={nutrient: _in_own_unit(nutrient, text)[0] for nutrient, text in source.iu.items()},
        trace={n: _in_own_unit(n, text)[0] for n, text in source.trace.amounts.items()} if source.trace else {},
        label_measures=tuple(_measures(source.label_measures)) if source.label_measures else (),
        reference_amounts=tuple(_reference_amount(row) for row in table),
        reference_keywords=_keywords(table),
        reference_amount_name=source.reference_amount_name,
        reference_amount_not_before=tuple(map(keyword_form, source.reference_amount_not_before)),
        beverage_words=frozenset(map(keyword_form, source.beverage_words)),
        not_beverage_words=frozenset(map(keyword_form, source.not_beverage_words)),
        **numbers,
    )


def _daily(source: _Source) -> Iterator[tuple[str, DailyReference]]:
    seen: set[str] = set()
    for group in source.daily:
        for key, figure in group.amounts.items():
            nutrient = canonical_nutrient(key)
            if nutrient in seen:
                raise ValueError(f"daily: {nutrient} stands twice")
            seen.add(nutrient)
            low, high = _in_own_unit(nutrient, figure.amount)
            yield nutrient, DailyReference(low, high, group.levels, group.citation.instrument, group.confidence)


def _keywords(table: tuple[_Amount, ...]) -> dict[str, int]:
    keywords: dict[str, int] = {}
    for place, row in enumerate(table):
        for keyword in map(keyword_form, row.keywords):
            if keywords.setdefault(keyword, place) != place:
                raise ValueError(f"reference_amounts: the keyword {keyword!r} stands in {row.id} and in another row")
    return keywords


def _measures(source: _Measures) -> Iterator[tuple[str, float]]:
    for measure, text in source.amounts.items():
        number, _, unit = text.partition(" ")
        if unit != ("g" if measure == "oz" else "ml"):
            raise ValueError(f"label_measures: {measure}: {text!r} is not in {'g' if measure == 'oz' else 'ml'}")
        yield str(measure), float(number)


def _reference_amount(row: _Amount) -> ReferenceAmount:
    number, _, unit = row.amount.partition(" ")
    if unit not in ("g", "ml") or unit not in (MASS_IN_G | VOLUME_IN_ML):
        raise ValueError(f"reference_amounts: {row.id}: {row.amount!r} is not in g or ml")
    grams: Literal["g", "ml"] = "g" if unit == "g" else "ml"
    return ReferenceAmount(row.id, row.category, float(number), grams, row.small, row.keywords, row.confidence)


_FIGURE = re.compile(r"(\d+(?:\.\d+)?)(?:-(\d+(?:\.\d+)?))? ([a-z]+)")


def _in_own_unit(nutrient: str, text: str) -> tuple[float, float]:
    """A figure such as 19-29 mg in the nutrient's unit, as (low, high)."""
    match = _FIGURE.fullmatch(text)
    if match is None:
        raise ValueError(f"{nutrient}: {text!r} is not a number and a unit")
    into = unit_of(nutrient)
    for factors in (MASS_IN_G, ENERGY_IN_KJ):
        if match[3] in factors and into in factors:
            factor = factors[match[3]] / factors[into]
            low, high = (float(f"{float(figure) * factor:.12g}") for figure in (match[1], match[2] or match[1]))
            if low > high:
                raise ValueError(f"{nutrient}: {text!r} runs backwards")
            return low, high
    raise ValueError(f"{nutrient} is counted in {into}, not in {match[3]}")


_SPAN = re.compile(r"([A-Z]+)(\d+)\.\.\1(\d+)")


def _each(entry: str) -> Iterator[str]:
    """A row id, or every id of a span such as NRV042..NRV059."""
    span = _SPAN.fullmatch(entry)
    if span is None:
        yield entry
        return
    width = len(span[2])
    for number in range(int(span[2]), int(span[3]) + 1):
        yield f"{span[1]}{number:0{width}d}"
