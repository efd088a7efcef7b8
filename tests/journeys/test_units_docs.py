"""The page on units says what `unit.convert` does."""

import json

import pytest

from claimlens.domain.conversion import CannotConvert
from claimlens.domain.food_weights import _index as index_of_weights
from claimlens.domain.measures import SYSTEMS, in_base
from claimlens.domain.vitamin_units import iu_factor
from claimlens.usecases.unit_conversion import UnitConversion
from tests.journeys.documented import code_blocks, page, tables
from tests.unit.gate.references import references_of

PAGE = page("reference/units.md")
SERVICE = UnitConversion(lambda jurisdiction: references_of(jurisdiction.value.lower()))


def test_the_example_is_what_the_service_answers():
    asked, answered = (json.loads(block) for block in code_blocks(PAGE, "json"))
    assert SERVICE.answer([asked]) == (answered,)


def test_every_measure_is_as_the_table_says():
    rows = tables(PAGE, "unit", *SYSTEMS)
    assert len(rows) == 7
    for unit, *figures in rows:
        for system, figure in zip(SYSTEMS, figures, strict=True):
            if figure:
                assert in_base(unit, system, "").value == pytest.approx(float(figure), rel=1e-8)
            else:
                with pytest.raises(CannotConvert):
                    in_base(unit, system, "")


def test_every_vitamin_is_as_the_table_says():
    rows = tables(PAGE, "vitamin", "form", "US, IN", "EU, GB", "source")
    for vitamin, form, american, european, _ in rows:
        for text, markets in ((american, ("US", "IN")), (european, ("EU", "GB"))):
            low, _, high = text.rpartition(" ")[0].partition(" to ")
            for market in markets:
                factor = iu_factor(vitamin, form, market)
                assert (factor.low, factor.high) == (float(low), float(high or low))


def test_every_food_is_listed_with_its_weights():
    exact, heads = index_of_weights()
    known = {row.ndb: row for row in (*exact.values(), *heads.values())}
    rows = tables(PAGE, "no.", "food", "grams of one", "may be off", "g/ml")
    listed = {ndb: (food, weights, off) for ndb, food, weights, off, _ in rows}
    assert listed == {
        ndb: (
            row.food,
            ", ".join(f"{measure} {grams:g}" for measure, grams in row.grams.items()),
            f"± {row.spread:.0%}",
        )
        for ndb, row in known.items()
    }
