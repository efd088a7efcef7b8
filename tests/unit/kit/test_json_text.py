import json

from hypothesis import given
from hypothesis import strategies as st

from claimlens.kit.json_text import JsonReader, escape, value_span

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=15,
)


def pointers(value, at=""):
    yield at, value
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from pointers(inner, f"{at}/{escape(key)}")
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from pointers(inner, f"{at}/{i}")


@given(VALUES, st.sampled_from([None, 1, "\t"]), st.booleans())
def test_a_pointer_finds_the_text_of_its_value(value, indent, ascii_only):
    text = "  " + json.dumps(value, indent=indent, ensure_ascii=ascii_only) + "  "
    for pointer, inner in pointers(value):
        span = value_span(text, 0, pointer)
        assert span is not None
        assert json.loads(text[slice(*span)]) == inner


@given(VALUES)
def test_what_is_sound_is_read_as_the_standard_library_reads_it(value):
    text = json.dumps(value)
    found, end, problem = JsonReader().value_at(text, 0)
    assert (found, end, problem) == (value, len(text), None)


def test_a_pointer_to_nothing_finds_nothing():
    assert value_span('{"a": [1]}', 0, "/a/1") is None
    assert value_span('{"a": [1]}', 0, "/b") is None
    assert value_span('{"a": [1]}', 0, "/a/0/x") is None
