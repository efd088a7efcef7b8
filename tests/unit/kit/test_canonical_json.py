import json

import msgspec
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from claimlens.kit.canonical_json import MOST_EXACT, canonical_json

_TEXT = st.text(st.characters(exclude_categories=["Cs"]))
# Signs on both sides of the surrogates in UTF-16 order, and what has an escape of its own.
_KEYS = st.text(st.sampled_from('ab\ue000\ufb33\uffff\U0001f600\U0010ffff\n"\\\x7f\u2028'), max_size=4) | _TEXT
_FLOATS = st.floats(allow_nan=False, allow_infinity=False)
_NUMBERS = st.integers(-MOST_EXACT, MOST_EXACT) | _FLOATS | st.integers(-(10**25), 10**25).map(float)
_VALUES = st.recursive(
    st.none() | st.booleans() | _NUMBERS | _TEXT,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(_KEYS, inner, max_size=5),
    max_leaves=20,
)


@given(_VALUES)
def test_the_bytes_are_those_of_the_rfc(value):
    assert canonical_json(value) == rfc8785.dumps(value)


@given(_FLOATS)
def test_a_number_is_written_as_ecmascript_writes_it(number):
    assert canonical_json(number) == rfc8785.dumps(number)


@given(_VALUES)
def test_what_was_written_is_written_the_same_again(value):
    once = canonical_json(value)
    assert canonical_json(json.loads(once)) == once


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1"),
        (-0.0, "0"),
        (1e21, "1e+21"),
        (123456789012345680.0, "123456789012345680"),
        (0.000001, "0.000001"),
        (1.5e-7, "1.5e-7"),
        ({"\U0001f600": 1, "\ufb33": 2}, '{"\U0001f600":1,"\ufb33":2}'),
        ({"b": "text 8.0, 1e5 and 1234567890123456", "a": []}, '{"a":[],"b":"text 8.0, 1e5 and 1234567890123456"}'),
    ],
)
def test_written_forms(value, text):
    assert canonical_json(value).decode() == text


@pytest.mark.parametrize("number", [MOST_EXACT + 2, -MOST_EXACT - 2, 2**64, 10**30])
def test_an_integer_that_no_double_holds_is_written_as_text(number):
    assert json.loads(canonical_json({"sku": number})) == {"sku": str(number)}


def test_no_number_is_written_as_null():
    assert canonical_json([float("nan"), float("inf"), 1e300]) == b"[null,null,1e+300]"


def test_half_of_a_surrogate_pair_is_refused():
    with pytest.raises(UnicodeEncodeError):
        canonical_json({"name": "\ud83d"})


def test_structs_are_objects():
    class Pair(msgspec.Struct):
        second: float
        first: dict[str, int]

    assert canonical_json(Pair(2.0, {"z": 1, "a": 2})) == b'{"first":{"a":2,"z":1},"second":2}'
    inside = {"pairs": (Pair(1e21, {"\ufb33": 1, "\U0001f600": 2}),)}
    assert canonical_json(inside).decode() == '{"pairs":[{"first":{"\U0001f600":2,"\ufb33":1},"second":1e+21}]}'
