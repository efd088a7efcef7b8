"""How the tables of the personal-data tests are read."""

from claimlens.gate.normalise.pii import find_pii


def found(text: str, region: str) -> list[tuple[str, str]]:
    """(type, words) of everything found, sorted."""
    return sorted((hit.type, text[hit.start : hit.end]) for hit in find_pii(text, region))
