"""Bodies that two readers could understand differently are refused, with the place."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimlens.domain.errors import InvalidError
from claimlens.entry.web.strict_json import read_json

REFUSED = [
    (b"", "", "the body is empty; JSON is expected"),
    (b" \n\t ", "", "the body is empty; JSON is expected"),
    (b"\xff\xfe", "", "byte 0 of the body is not UTF-8"),
    (b'{"name": "\xc3"}', "", "byte 10 of the body is not UTF-8"),
    (b'{"a": 1', "", "no JSON: "),
    (b'{"a": 1} x', "", "something stands behind the JSON value, line 1 column 10"),
    (b"{'a': 1}", "", "no JSON: "),
    (b'{"a": 1, "a": 1}', "/a", "the key 'a' stands twice"),
    (b'{"items": [{"x/y": {"b": 1, "b": 2}}]}', "/items/0/x~1y/b", "the key 'b' stands twice"),
    (b'{"a": NaN}', "/a", "not a finite number"),
    (b'{"a": -Infinity}', "/a", "not a number of a sensible size"),
    (b'{"a": 1e999}', "/a", "not a number of a sensible size"),
    (b'{"a": ' + b"9" * 301 + b"}", "/a", "not a number of a sensible size"),
    (b'{"a": ' + b"9" * 5000 + b"}", "/a", "not a number of a sensible size"),
    (b'{"a": "\\ud800"}', "/a", "half of a surrogate pair"),
    (b'{"\\udfff": 1}', "", "a key holds half of a surrogate pair"),
    (b"[" * 66 + b"]" * 66, None, "nested more than 64 levels deep"),
    (b'{"a":' * 70 + b"1" + b"}" * 70, None, "nested more than 64 levels deep"),
    (b"[" * 100_000, "", "nested beyond all reason"),
]


@pytest.mark.parametrize(("body", "pointer", "detail"), REFUSED, ids=[f"{body[:24]!r}" for body, _, _ in REFUSED])
def test_is_refused(body, pointer, detail):
    with pytest.raises(InvalidError) as refused:
        read_json(body)
    assert refused.value.status == 400
    [(where, why)] = refused.value.problems
    assert why.startswith(detail)
    assert pointer is None or where == pointer


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b" 1 ", 1),
        (b"\xef\xbb\xbf{}", {}),
        (b'"\\ud83c\\udf4b"', "\N{LEMON}"),
        (b"9" * 300, int("9" * 300)),
        (b"[" * 64 + b"]" * 64, json.loads("[" * 64 + "]" * 64)),
        (b"[" + b"[]," * 500 + b"[]]", [[]] * 501),
    ],
)
def test_is_taken(body, value):
    assert read_json(body) == value


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON)
def test_what_is_written_is_read(value):
    assert read_json(json.dumps(value).encode()) == value


@given(st.binary())
def test_any_bytes_are_a_value_or_a_refusal(body):
    with contextlib.suppress(InvalidError):
        read_json(body)
