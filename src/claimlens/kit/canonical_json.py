"""Canonical JSON (RFC 8785): one value, one sequence of bytes, so that a digest of it means something.

The encoder writes nearly that form by itself. What it writes differently is looked for in its bytes: numbers that
ECMAScript writes otherwise, integers that a double cannot hold, keys whose order in UTF-16 is another one. Only a value
that shows one of these is walked.
"""

import math
from typing import Any

import msgspec
import re2

#: Up to here every integer is a double.
MOST_EXACT = 2**53 - 1
_sorted = msgspec.json.Encoder(order="sorted")
_plain = msgspec.json.Encoder()
#: A float that is whole, an exponent, a long integer, a key with a sign beyond U+FFFF. Text may look like one of them.
_ODD = re2.compile(rb'\.0(?:[,\]}]|$)|[0-9]e-?[0-9]|[0-9]{16}|[\x{10000}-\x{10FFFF}][^"]*":')


def canonical_json(value: Any) -> bytes:
    r"""The RFC 8785 form of a value made of objects, lists, text, numbers, true, false and null; structs are objects.

    An integer whose digits no double gives back (some beyond 2^53) is written as text, as the RFC advises: it would not
    survive as a number. NaN and infinity, which no JSON holds, are written as null. Raises UnicodeEncodeError for half
    of a surrogate pair.
    """
    encoded = _sorted.encode(value)
    if _ODD.search(encoded) is None:
        return encoded
    return _plain.encode(_canonical(msgspec.to_builtins(value, builtin_types=(msgspec.Raw,))))


def _canonical(value: Any) -> Any:
    """The value with its keys in order, and with numbers that the encoder writes as they should stand."""
    kind = type(value)
    if kind is dict:
        keys = list(value)
        keys.sort(key=_utf_16)
        return {key: _canonical(value[key]) for key in keys}
    if kind is list or kind is tuple:
        return [_canonical(inner) for inner in value]
    if kind is float:
        return _number(value)
    if kind is int and not -MOST_EXACT <= value <= MOST_EXACT:
        return _long_integer(value)
    return value


def _utf_16(key: str) -> bytes:
    return key.encode("utf-16-be")


def _long_integer(value: int) -> Any:
    digits = str(value)
    if abs(value) >= 10**21 or _number(float(value)) != msgspec.Raw(digits.encode()):
        return digits
    return value


def _number(value: float) -> Any:
    """As ECMAScript writes it: the shortest digits, plain from 1e-6 up to 1e21, else with an exponent."""
    if not math.isfinite(value):
        return None
    if value.is_integer() and abs(value) <= MOST_EXACT:
        return int(value)
    mantissa, _, exponent = repr(value).partition("e")
    size = abs(value)
    if not exponent and not value.is_integer():
        return value
    sign = "-" if value < 0 else ""
    whole, _, fraction = mantissa.lstrip("-").partition(".")
    digits = (whole + fraction).rstrip("0").lstrip("0")
    # The value is 0.digits x 10^point.
    point = len(whole) + int(exponent or 0) if whole != "0" else int(exponent or 0) - len(fraction) + len(digits)
    if 1e-6 <= size < 1e21:
        text = digits + "0" * (point - len(digits)) if point >= len(digits) else f"0.{'0' * -point}{digits}"
    else:
        tail = f".{digits[1:]}" if len(digits) > 1 else ""
        text = f"{digits[0]}{tail}e{point - 1:+d}"
    return msgspec.Raw(f"{sign}{text}".encode())
