"""Which names for a request are taken over."""

import pytest

from claimlens.entry.web.correlation import sane_token, trace_of

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.mark.parametrize("token", ["a", "order-4711/line:3", "x" * 128, "!~"])
def test_a_sane_token_is_taken(token):
    assert sane_token(token.encode()) == token


@pytest.mark.parametrize("token", [b"", b"x" * 129, b"a b", b"a\tb", "ä".encode(), b"a\x7f", b"\x00", None])
def test_another_is_not(token):
    assert sane_token(token) == ""


def test_a_traceparent_names_its_trace():
    assert trace_of(f"00-{TRACE}-00f067aa0ba902b7-01".encode()) == TRACE
    assert trace_of(f"01-{TRACE}-00f067aa0ba902b7-01-later".encode()) == TRACE


@pytest.mark.parametrize(
    "header",
    [
        f"ff-{TRACE}-00f067aa0ba902b7-01",
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-00f067aa0ba902b7-01",
        f"00-{TRACE}-00f067aa0ba902b7",
        "nonsense",
        "",
    ],
)
def test_a_broken_one_names_none(header):
    assert trace_of(header.encode()) == ""
