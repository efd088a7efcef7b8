"""Figures as print shows them and an engine misreads them: numbers with units, and the few signs safely mended."""

import re

import msgspec

#: What units are read as. A mended one can only be that unit: nothing else stands behind a number in a table.
_UNITS = {
    "kj": "kJ", "kjoule": "kJ", "k]": "kJ", "kl": "kJ", "ki": "kJ", "k|": "kJ", "k": "kJ",
    "kcal": "kcal", "kcals": "kcal", "cal": "kcal", "kca1": "kcal", "kcai": "kcal", "kca|": "kcal",
    "g": "g", "gm": "g", "gms": "g", "gr": "g", "grams": "g",
    "mg": "mg", "rng": "mg", "m9": "mg", "nng": "mg",
    "µg": "µg", "μg": "µg", "ug": "µg", "mcg": "µg", "μ9": "µg", "µ9": "µg",
    "iu": "IU", "ie": "IU", "ui": "IU", "ml": "ml", "m1": "ml", "%": "%",
}  # fmt: skip
_MISREAD = frozenset(("k]", "kl", "ki", "k|", "k", "kca1", "kcai", "kca|", "rng", "m9", "nng", "μ9", "µ9", "m1"))
_UNIT = "|".join(re.escape(unit) for unit in sorted(_UNITS, key=len, reverse=True))
_BELOW = r"<|≤|‹|less than|unter|weniger als|moins de|inf[ée]rieur à|menos de|meno di|inferiore a"
#: Signs that are read for digits. A number made of them alone counts only before a unit.
_SIGN = "(?-i:[0-9OoQIl|])"
_LETTERS = str.maketrans("OoQIl|", "000111")
_FIGURE = re.compile(
    rf"(?P<below>{_BELOW})?\s*(?<![^\W_])(?<![\d.,])"
    rf"(?P<number>[0-9]{{1,3}}(?: [0-9]{{3}})+(?:[.,][0-9]+)?(?![0-9.,])|{_SIGN}+(?:[.,·]{_SIGN}+)*)"
    rf"(?:\s*(?P<unit>{_UNIT})(?![^\W\d_]|\d)|(?![^\W\d_]))",
    re.IGNORECASE,
)


class Figure(msgspec.Struct, frozen=True, gc=False):
    """A number and its unit ("" if none was read), where they stand in their piece of text.

    `mended` is how it was read where signs were mended, else empty.
    """

    value: float
    unit: str
    below: bool
    text: str
    start: int
    end: int
    mended: str = ""


def figures_in(text: str) -> list[Figure]:
    """Every figure of a text, in order. Digits inside words (`B12`) are none."""
    found = []
    for match in _FIGURE.finditer(text):
        figure = _figure(match)
        if figure is not None:
            found.append(figure)
    return _with_units_mended(found, text)


def _figure(match: re.Match[str]) -> Figure | None:
    read, unit_read = match["number"], (match["unit"] or "").lower()
    digits = read.translate(_LETTERS)
    if digits != read and not unit_read:
        return None
    unit = _UNITS.get(unit_read, "")
    value = _value(digits, unit)
    if value is None:
        return None
    below = bool(match["below"])
    start = match.start("below") if below else match.start("number")
    whole = match.string[start : match.end()].strip()
    mended = whole if digits != read or unit_read in _MISREAD else ""
    return Figure(value, unit, below, _shown(digits, unit, below), start, match.end(), mended)


def _value(digits: str, unit: str) -> float | None:
    plain = digits.replace("·", ".").replace(" ", "")
    parts = re.split("[.,]", plain)
    if len(plain) > 12 or not all(parts):
        return None
    if len(parts) == 1:
        return float(plain)
    if len(parts) == 2:
        thousands = len(parts[1]) == 3 and (unit == "kJ" or (unit in ("kcal", "mg") and parts[0] != "0"))
        return float("".join(parts)) if thousands and parts[0] != "0" else float(".".join(parts))
    return float("".join(parts[:-1]) + "." + parts[-1]) if all(len(part) == 3 for part in parts[1:-1]) else None


def _with_units_mended(found: list[Figure], text: str) -> list[Figure]:
    """`8.9 9` is `8.9 g`: nowhere else a lone 9 follows a number."""
    result: list[Figure] = []
    for figure in found:
        before = result[-1] if result else None
        if (
            before is not None
            and not before.unit
            and not figure.unit
            and text[figure.start : figure.end] == "9"
            and text[before.end : figure.start] == " "
        ):
            whole = text[before.start : figure.end]
            shown = _shown(text[before.start : before.end].strip(" <"), "g", before.below)
            result[-1] = msgspec.structs.replace(before, unit="g", text=shown, end=figure.end, mended=whole)
        else:
            result.append(figure)
    return result


def with_lost_unit(figure: Figure, *, in_tenths: bool = False) -> Figure | None:
    """`68 g` read as `689` or `688`, where a column prints its units and this figure lacks one.

    None if it may be a number: nothing holds more than 100 g in 100 g, and no label prints hundredths of a gram from
    one gram on (of fat, carbohydrate, protein, fibre and their parts; the guidance to Regulation (EU) 1169/2011).
    Where tenths are printed, nothing is made of a number without a point: it may have lost one.
    """
    digits = figure.text.lstrip("<").strip()
    if figure.unit or not digits.endswith(("8", "9")) or len(digits) < 2:
        return None
    whole, _, decimals = digits.replace(",", ".").partition(".")
    certain = len(decimals) == 2 and whole not in ("", "0") if decimals else len(whole) >= 3 and not in_tenths
    value = _value(digits[:-1], "g") if certain and digits[-2].isdigit() else None
    if value is None or value > 100:
        return None
    shown = _shown(digits[:-1], "g", figure.below)
    return msgspec.structs.replace(figure, value=value, unit="g", text=shown, mended=figure.text)


def _shown(digits: str, unit: str, below: bool) -> str:
    return f"{'<' if below else ''}{digits.replace('·', '.')}{' ' if unit and unit != '%' else ''}{unit}"
