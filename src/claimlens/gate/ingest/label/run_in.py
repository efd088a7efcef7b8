"""Nutrition written as running text, as small packs have it: `Per 100 g: energy 1582 kJ/378 kcal, fat 8.9 g, …`."""

import re
from collections.abc import Iterator

from claimlens.domain.label import LabelAmount, LabelColumn, Repair
from claimlens.gate.ingest.label.figures import Figure, figures_in
from claimlens.gate.ingest.label.table_words import basis_of, head_in, name_in

#: Fewer are a claim ("12 g protein"), not a table.
_FEWEST = 3
_APART = re.compile(r"[,;:(]|\.\s|\bof which\b(?=.{1,12}\bof which\b)")
_LEAD = re.compile(r"^\W*(?:and|und|et|e|y|con)\b", re.IGNORECASE)
#: Two figures nearer than this are one amount in two units, or an amount and its percentage.
_NEAR = 4


def run_in_columns(text: str, start: int) -> tuple[LabelColumn | None, list[Repair]]:
    """The amounts of a paragraph that begins at `start` of the label's text; None if they are too few."""
    amounts: dict[str, LabelAmount] = {}
    repairs = []
    for nutrient, figure, unit in _named(text):
        if nutrient in amounts:
            continue
        span = (start + figure.start, start + figure.end)
        amounts[nutrient] = LabelAmount(
            nutrient=nutrient, value=figure.value, unit=unit, text=figure.text, span=span, below=figure.below
        )
        if figure.mended:
            repairs.append(Repair(figure.mended, figure.text, span))
    if len(amounts) < _FEWEST:
        return None, []
    stated = head_in(text)
    return LabelColumn(basis=basis_of(stated), stated=stated, amounts=tuple(amounts.values())), repairs


def _named(text: str) -> Iterator[tuple[str, Figure, str]]:
    """Each figure with a unit, and the nutrient whose name stands right before it."""
    end, nutrient = 0, ""
    for figure in figures_in(text):
        before = text[end : figure.start]
        name = name_in(_LEAD.sub("", _APART.split(before)[-1]))
        if name is not None:
            nutrient = name.nutrient
        elif len(before.strip()) >= _NEAR or not nutrient.startswith("energy"):
            nutrient = ""
        end = figure.end
        if not nutrient or figure.unit in ("", "%", "ml"):
            continue
        if not nutrient.startswith("energy"):
            yield nutrient, figure, figure.unit
        elif figure.unit in ("kJ", "kcal"):
            yield f"energy_{figure.unit.lower()}", figure, figure.unit
