"""The repository's own allergen packs, compiled once for the tests."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from claimlens.gate.detect.allergens import AllergenDetector, AllergenSighting
from claimlens.packs.allergens import compile_allergens

PACKS = Path(__file__).parents[4] / "packs"


@cache
def document(folder: str) -> Any:
    return yaml.load((PACKS / folder / "allergens.yaml").read_bytes(), Loader=yaml.CSafeLoader)


@cache
def detector(jurisdiction: str) -> AllergenDetector:
    return AllergenDetector(compile_allergens(document(jurisdiction), document("shared")))


def see(jurisdiction: str, text: str, pointer: str = "/ingredients") -> AllergenSighting:
    return detector(jurisdiction).detect([(pointer, text)], ingredients_given=True)


def contained(sighting: AllergenSighting) -> set[str]:
    return {mention.allergen for mention in sighting.contains}


def possible(sighting: AllergenSighting) -> set[str]:
    return {mention.allergen for mention in sighting.may_contain} - contained(sighting)


def absent(sighting: AllergenSighting) -> set[str]:
    return {mention.allergen for mention in sighting.free_from}
