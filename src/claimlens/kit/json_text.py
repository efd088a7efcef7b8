"""JSON text read with its places: where a value stands, and what in it no reader should trust.

The standard decoder takes the last of two equal keys, NaN, half of a surrogate pair and numbers of any size without a
word. `JsonReader` decodes at the same speed, notices them, and names the place as a JSON Pointer (RFC 6901).
"""

import json
import math
import re
from typing import Any, NamedTuple

from claimlens.kit.wellformed import is_wellformed, what_is_wrong

#: Deeper nesting is refused: later steps walk values recursively.
MAX_DEPTH = 64
#: Digits an integer may have; a longer one is a slip of the keyboard or an attack.
MAX_DIGITS = 18
_SPACE = re.compile(r"[ \t\n\r]*")
_plain_decoder = json.JSONDecoder()


class Problem(NamedTuple):
    """Something in a decoded value that cannot be trusted."""

    pointer: str
    detail: str


class _RepeatedKey(dict[str, Any]):
    """An object of the text in which `key` stands more than once."""

    key: str = ""


class JsonReader:
    """Decodes values out of texts, one after the other. An integer of more than `max_digits` is a problem."""

    def __init__(self, max_digits: int = MAX_DIGITS) -> None:
        self._odd = False
        self._max_digits = max_digits
        self._decoder = json.JSONDecoder(
            object_pairs_hook=self._object,
            parse_float=self._float,
            parse_int=self._integer,
            parse_constant=self._constant,
        )

    def value_at(self, text: str, start: int) -> tuple[Any, int, Problem | None]:
        """The value that begins at `start`, the offset behind it, and its first problem, if any.

        Raises json.JSONDecodeError when there is no JSON value, RecursionError when it is nested beyond all reason.
        """
        self._odd = False
        value, end = self._decoder.raw_decode(text, start)
        suspicious = self._odd or _looks_odd(text[start:end], value)
        return value, end, first_problem(value) if suspicious else None

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) == len(pairs):
            return found
        self._odd = True
        repeated = _RepeatedKey(found)
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                repeated.key = key
                break
            seen.add(key)
        return repeated

    def _float(self, digits: str) -> float:
        number = float(digits)
        if math.isinf(number):
            self._odd = True
        return number

    def _integer(self, digits: str) -> int | float:
        if len(digits) <= self._max_digits:
            return int(digits)
        self._odd = True
        return math.inf

    def _constant(self, name: str) -> float:
        self._odd = True
        return math.nan if name == "NaN" else math.inf


def _looks_odd(raw: str, value: Any) -> bool:
    if not is_wellformed(raw):
        return True
    if "\\u" in raw and ("\\ud" in raw or "\\uD" in raw):
        return True
    return raw.count("[") + raw.count("{") > MAX_DEPTH and _is_deep(value)


def _is_deep(value: Any) -> bool:
    """Whether there may be something below MAX_DEPTH: looks at containers only, a level at a time."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True


def first_problem(value: Any) -> Problem | None:
    """The first place, in the order of the text, that holds something no reader should trust."""
    waiting: list[tuple[Any, str, int]] = [(value, "", 0)]
    while waiting:
        current, pointer, depth = waiting.pop()
        detail = _problem_of(current, depth)
        if detail:
            place = f"{pointer}/{escape(current.key)}" if isinstance(current, _RepeatedKey) else pointer
            return Problem("/".join(place.split("/")[:6]) if depth > MAX_DEPTH else place, detail)
        if isinstance(current, dict):
            for key in current:
                if not is_wellformed(key):
                    return Problem(pointer, "a key holds " + what_is_wrong(key))
            steps = [(inner, f"{pointer}/{escape(key)}", depth + 1) for key, inner in current.items()]
            waiting += reversed(steps)
        elif isinstance(current, list):
            waiting += reversed([(inner, f"{pointer}/{i}", depth + 1) for i, inner in enumerate(current)])
    return None


def _problem_of(value: Any, depth: int) -> str:
    if depth > MAX_DEPTH:
        return f"nested more than {MAX_DEPTH} levels deep"
    if isinstance(value, _RepeatedKey):
        return f"the key {value.key!r} stands twice"
    if isinstance(value, float) and not math.isfinite(value):
        return "not a finite number" if math.isnan(value) else "not a number of a sensible size"
    if isinstance(value, str) and not is_wellformed(value):
        return what_is_wrong(value)
    return ""


def escape(key: str) -> str:
    """A key as one step of a JSON Pointer."""
    return key.replace("~", "~0").replace("/", "~1")


def skip_space(text: str, start: int) -> int:
    """The offset of the first character at or after `start` that is not JSON white space."""
    found = _SPACE.match(text, start)
    return found.end() if found else start


def value_span(text: str, start: int, pointer: str) -> tuple[int, int] | None:
    """Where the value that `pointer` names stands: `[begin, end)`, None if it is not there.

    The pointer begins at the JSON value at `start`; the text must hold valid JSON.
    """
    position = skip_space(text, start)
    for step in pointer.split("/")[1:]:
        found = _step_into(text, position, step.replace("~1", "/").replace("~0", "~"))
        if found is None:
            return None
        position = found
    return position, _plain_decoder.raw_decode(text, position)[1]


def _step_into(text: str, start: int, step: str) -> int | None:
    opening = text[start]
    if opening not in "{[":
        return None
    position = skip_space(text, start + 1)
    index = 0
    while text[position] not in "}]":
        if opening == "{":
            key, position = _plain_decoder.raw_decode(text, position)
            position = skip_space(text, skip_space(text, position) + 1)
        else:
            key = str(index)
        if key == step:
            return position
        position = skip_space(text, _plain_decoder.raw_decode(text, position)[1])
        if text[position] == ",":
            position = skip_space(text, position + 1)
        index += 1
    return None
