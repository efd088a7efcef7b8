"""Numbers that name a product or a licence, told apart from all others by their form and their check digits."""

import re
from collections.abc import Iterable, Sequence

_GTIN_LENGTHS = (8, 12, 13, 14)
#: Printed below the bars: digits in groups and nothing else.
_PRINTED = re.compile(r"^[>\s]*((?:\d[\s.>]{0,4}){11,13}\d)[>\s]*$")
_FSSAI_NEAR = re.compile(r"fssai|\blic(?:en[cs]e)?\b\.?", re.IGNORECASE)
_FSSAI = re.compile(r"(?<!\d)(?<!\d[ -])([12](?:[ -]?\d){13})(?![ -]?\d)")


def gtin_of(barcodes: Iterable[str], lines: Sequence[str]) -> str:
    """The 14 digits of the product; empty if there is none, or more than one.

    Bars go before print. GS1 General Specifications: shorter numbers are filled up with zeros from the left.
    """
    read = {code.zfill(14) for code in barcodes if len(code) in _GTIN_LENGTHS and is_gtin(code)}
    if not read:
        printed = ("".join(filter(str.isdigit, match[1])) for line in lines if (match := _PRINTED.match(line)))
        read = {code.zfill(14) for code in printed if len(code) in _GTIN_LENGTHS and is_gtin(code)}
    return read.pop() if len(read) == 1 else ""


def is_gtin(digits: str) -> bool:
    """Whether the last digit checks the others (GS1, modulo 10 with weights 3 and 1)."""
    if not digits.isascii() or not digits.isdigit() or not any(digit != "0" for digit in digits):
        return False
    total = sum(int(digit) * (3 if i % 2 == 0 else 1) for i, digit in enumerate(reversed(digits[:-1])))
    return (total + int(digits[-1])) % 10 == 0


def fssai_of(lines: Sequence[str]) -> str:
    """The 14 digits of an Indian food licence: they begin with 1 or 2, and the label says what they are.

    Food Safety and Standards (Licensing and Registration of Food Businesses) Regulations, 2011.
    """
    for i, line in enumerate(lines):
        if not _FSSAI_NEAR.search(" ".join(lines[max(0, i - 2) : i + 1])):
            continue
        found = _FSSAI.search(line)
        if found:
            return "".join(filter(str.isdigit, found[1]))
    return ""
