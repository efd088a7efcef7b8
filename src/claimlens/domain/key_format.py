"""How an API key is written.

    cl_live_7Qe…32 characters…  +  6 characters
    prefix  random, base62         checksum: CRC-32 of all that precedes, base62

The prefix lets people and scanners recognise a leaked key; the checksum tells a mistyped or made-up key from a real one
without asking the store. It is no secret and no proof.
"""

import re
import zlib

LIVE, TEST = "cl_live_", "cl_test_"
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#: Characters of chance: 190 bits. `write_key` wants more bytes than that, so that every character is equally likely.
RANDOM_CHARACTERS = 32
RANDOM_BYTES = 40
_CHECKSUM_CHARACTERS = 6
_PAIRS = [high + low for high in ALPHABET for low in ALPHABET]
_SHOWN_CHARACTERS = len(LIVE) + 4
_KEY = re.compile(rf"cl_(?:live|test)_[0-9A-Za-z]{{{RANDOM_CHARACTERS + _CHECKSUM_CHARACTERS}}}")


def write_key(random: bytes, *, test: bool) -> str:
    """The key made of RANDOM_BYTES bytes of chance."""
    if len(random) < RANDOM_BYTES:
        raise ValueError(f"a key needs {RANDOM_BYTES} random bytes, got {len(random)}")
    body = (TEST if test else LIVE) + _base62(int.from_bytes(random, "big"), RANDOM_CHARACTERS)
    return body + _checksum(body)


def is_key(text: str) -> bool:
    """Whether the text has the form of a key and its checksum is right."""
    if _KEY.fullmatch(text) is None:
        return False
    return _checksum(text[:-_CHECKSUM_CHARACTERS]) == text[-_CHECKSUM_CHARACTERS:]


def shown(key: str) -> str:
    """The beginning of a key, enough to recognise it in a list and too little to guess it."""
    return key[:_SHOWN_CHARACTERS]


def _checksum(body: str) -> str:
    # As `_base62` would write it, two digits at a time: this is done for every request.
    rest, last = divmod(zlib.crc32(body.encode("ascii")), len(_PAIRS))
    first, middle = divmod(rest, len(_PAIRS))
    return _PAIRS[first] + _PAIRS[middle] + _PAIRS[last]


def _base62(number: int, width: int) -> str:
    digits = []
    for _ in range(width):
        number, digit = divmod(number, 62)
        digits.append(ALPHABET[digit])
    return "".join(reversed(digits))
