"""Fields of requests that are more than a type: texts of one line, addresses, with the place of a mistake."""

import unicodedata

import re2

from claimlens.domain.errors import InvalidError
from claimlens.kit.wellformed import is_wellformed, what_is_wrong

_MOST_EMAIL = 254
# Not the grammar of RFC 5322: one @, a dot after it, nothing that a mail program or a CSV could trip over.
_EMAIL = re2.compile(r"[a-zA-Z0-9.!#$%&*+/?^_`{|}~-][a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]*@[a-zA-Z0-9-]+(\.[a-zA-Z0-9-]+)+")
# Control characters, line ends, invisible formatting; Indic and Persian names need the two joiners.
_NOT_OF_A_LINE = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
_JOINERS = "\u200c\u200d"


def one_line(text: str, pointer: str, *, most: int, least: int = 1) -> str:
    """The text without white space around it. Raises InvalidError if it has another length or more than one line."""
    stripped = text.strip()
    if not is_wellformed(stripped):
        raise InvalidError(((pointer, what_is_wrong(stripped)),))
    if any(unicodedata.category(char) in _NOT_OF_A_LINE and char not in _JOINERS for char in stripped):
        raise InvalidError(((pointer, "one line of visible text is expected"),))
    if not least <= len(stripped) <= most:
        raise InvalidError(((pointer, f"{least} to {most} characters are expected, these are {len(stripped)}"),))
    return stripped


def email_address(text: str, pointer: str) -> str:
    """The address in lower case. Raises InvalidError."""
    address = text.strip().lower()
    if len(address) > _MOST_EMAIL or _EMAIL.fullmatch(address) is None:
        raise InvalidError(((pointer, "this is no e-mail address; one looks like quality@kitchen.example"),))
    return address
