"""JSON as the API takes it: nothing in it that two readers could understand differently."""

import json
from typing import Any

from claimlens.domain.errors import InvalidError
from claimlens.gate.masking import masked_anywhere
from claimlens.kit.json_text import JsonReader, skip_space

#: Digits of the longest integer; a double holds at most 309.
MOST_DIGITS = 300


def read_json(body: bytes) -> Any:
    """The value of a body, whatever its Content-Type says.

    Raises InvalidError for what is no JSON, is followed by something, repeats a key, nests beyond 64 levels, holds a
    number outside the range of a double, NaN, half a surrogate pair, or bytes that are not UTF-8.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _invalid(f"byte {error.start} of the body is not UTF-8") from None
    start = skip_space(text, 0)
    if start == len(text):
        raise _invalid("the body is empty; JSON is expected")
    try:
        value, end, problem = JsonReader(MOST_DIGITS).value_at(text, start)
    except json.JSONDecodeError as error:
        raise _invalid(f"no JSON: {error.msg}, line {error.lineno} column {error.colno}") from None
    except RecursionError:
        raise _invalid("nested beyond all reason") from None
    if problem is not None:
        # Keys are quoted, and a refusal may be stored.
        raise InvalidError(((masked_anywhere(problem.pointer), masked_anywhere(problem.detail)),))
    behind = skip_space(text, end)
    if behind != len(text):
        line, column = text.count("\n", 0, behind) + 1, behind - text.rfind("\n", 0, behind)
        raise _invalid(f"something stands behind the JSON value, line {line} column {column}")
    return value


def _invalid(detail: str) -> InvalidError:
    return InvalidError((("", detail),))
