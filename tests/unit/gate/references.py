"""The shipped packs' nutrient references, for tests."""

from functools import cache
from pathlib import Path

import yaml

from claimlens.domain.references import NutrientReferences
from claimlens.packs.nutrients import read_references

PACKS = Path(__file__).parents[3] / "packs"


@cache
def references_of(jurisdiction: str) -> NutrientReferences:
    text = (PACKS / jurisdiction / "nutrients.yaml").read_text(encoding="utf-8")
    return read_references(yaml.safe_load(text), jurisdiction)
