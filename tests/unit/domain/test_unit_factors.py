"""The committed factor table is what pint says; run-time code never asks pint."""

import importlib.util
from pathlib import Path

import pytest

from claimlens.domain.unit_factors import ENERGY_IN_KJ, MASS_IN_G, VOLUME_IN_ML

SCRIPT = Path(__file__).parents[3] / "scripts" / "make_unit_factors.py"


def test_the_table_is_the_one_the_script_writes():
    pytest.importorskip("pint")
    spec = importlib.util.spec_from_file_location("make_unit_factors", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert script.factors() == {"g": MASS_IN_G, "ml": VOLUME_IN_ML, "kj": ENERGY_IN_KJ}
