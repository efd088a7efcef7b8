"""The list of sample menus is the whole list, and each is judged by the law of a known market."""

from pathlib import Path

from claimlens.domain.jurisdiction import LOCALES

SAMPLES = Path(__file__).parents[2] / "samples"
LISTED = dict(line.split("\t") for line in (SAMPLES / "menus.tsv").read_text(encoding="utf-8").splitlines())


def test_every_sample_menu_is_listed() -> None:
    assert {path.name for path in SAMPLES.glob("*.json")} <= set(LISTED)


def test_every_sample_has_a_known_locale() -> None:
    assert set(LISTED.values()) <= set(LOCALES)
