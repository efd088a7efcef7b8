"""Canonical JSON (RFC 8785): one value, one sequence of bytes, so that a digest of it means something.

The encoder writes nearly that form by itself. What it writes differently is looked for in its bytes: numbers that
ECMAScript writes otherwise, integers that a double cannot hold, keys whose order in UTF-16 is another one. Only a value
that shows one of these is walked.
"""

import math
from operator import is_not
from typing import Any

import msgspec
import re2

#: Up to here every integer is a double.
MOST_EXACT = 2**53 - 1
_sorted = msgspec.json.Encoder(order="sorted")
_plain = msgspec.json.Encoder()
#: A float that is whole, an exponent, a long integer, a key with a sign beyond U+FFFF. Text may look like one of them.
_FAR_KEY = r'[\x{10000}-\x{10FFFF}][^"]*":'
_ODD = re2.compile(rf"\.0(?:[,\]}}]|$)|[0-9]e-?[0-9]|[0-9]{{16}}|{_FAR_KEY}".encode())
_ODD_KEY = re2.compile(_FAR_KEY.encode())
_SURE = frozenset({str, bool, type(None)})


def canonical_json(value: Any) -> bytes:
    r"""The RFC 8785 form of a value made of objects, lists, text, numbers, true, false and null; structs are objects.

    An integer whose digits no double gives back (some beyond 2^53) is written as text, as the RFC advises: it would not
    survive as a number. NaN and infinity, which no JSON holds, are written as null. Raises UnicodeEncodeError for half
    of a surrogate pair.
    """
    encoded = _sorted.encode(value)
    if _ODD.search(encoded) is None:
        return encoded
    written = _with_numbers(value)
    return _plain.encode(_in_order(written)) if _ODD_KEY.search(encoded) else _sorted.encode(written)


def _with_numbers(value: Any) -> Any:
    """The value with numbers that the encoder writes as they should stand; the same object where there is nothing."""
    kind = type(value)
    if kind is dict:
        changed = {
            key: after
            for key, inner in value.items()
            if type(inner) not in _SURE and (after := _with_numbers(inner)) is not inner
        }
        return {**value, **changed} if changed else value
    if kind is list or kind is tuple:
        entries = [inner if type(inner) in _SURE else _with_numbers(inner) for inner in value]
        return entries if any(map(is_not, entries, value)) else value
    if kind is float:
        return _number(value)
    if kind is int:
        return value if -MOST_EXACT <= value <= MOST_EXACT else _long_integer(value)
    return value if kind in _SURE else _with_numbers(msgspec.to_builtins(value))


def _in_order(value: Any) -> Any:
    """The value with its keys in the order of their UTF-16."""
    if type(value) is dict:
        return {key: _in_order(value[key]) for key in sorted(value, key=_utf_16)}
    if type(value) is list or type(value) is tuple:
        return [_in_order(inner) for inner in value]
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
