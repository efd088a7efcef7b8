"""What holds for every text: spans, masks, redaction, and work that grows with the length only."""

import sys

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from claimlens.gate.normalise.pii import find_pii, mask, redact

REGIONS = st.sampled_from(("IN", "US", "GB", "EU"))
SCRAPS = st.sampled_from(
    [
        "98200 11223",
        "+91 98200-11224",
        "(212) 555-0143",
        "020 7946 0451",
        "06.39.98.70.71",
        "030 / 23125 088",
        "tel ",
        "Call ",
        "chef@dosa.example",
        "dosa@ybl",
        "www.bistro.example",
        "https://shop.example/a?b=c",
        "instagram.com/dosa",
        "@",
        " at ",
        " dot ",
        "[at]",
        "14 Station Road, Leeds LS1 4DY",
        "Hauptstraße 5, 10115 Berlin",
        "51, rue du Bac 75007 Paris",
        "MG Road",
        "Shop No. 4, ",
        "Pune 411001",
        "IL 62701",
        "Rocky Road",
        "FSSAI 10013011000123",
        "Rs 250",
        "250 g",
        "12.05.2024",
        "11.30-14.30",
        "९८२००",
        "９８",
        "\u200b",
        "\u00ad",
        "\u00a0",
        "–",
        "(",
        ")",
        "/",
        ".",
        ", ",
        "\n",
        " ",
        "ABCPK1234L",
        "4111 1111 1111 1111",
        "İ",
        "ß",
        "\ud800",
        "1",
        "00",
        "+",
        "St. ",
        "PO Box 9",
    ]
)
TEXTS = st.one_of(
    st.text(max_size=120), st.lists(SCRAPS, max_size=12).map("".join), st.lists(SCRAPS, max_size=8).map(" ".join)
)


@given(TEXTS, REGIONS)
@example("İ 12 Church Street, London N1 1AA", "GB")
@example("Call \ud80098200 11223", "IN")
@settings(max_examples=300, deadline=None)
def test_spans_lie_in_the_text_in_order_and_apart(text, region):
    hits = find_pii(text, region)
    last = None
    for hit in hits:
        assert 0 <= hit.start < hit.end <= len(text)
        if last is not None and hit.start < last.end:
            assert (last.type, hit.type) == ("address", "postcode")
            assert hit.end <= last.end
        else:
            last = hit
    assert hits == sorted(hits, key=lambda hit: hit.start)


@given(TEXTS, REGIONS)
@settings(max_examples=200, deadline=None)
def test_a_mask_moves_nothing_and_touches_nothing_else(text, region):
    hits = find_pii(text, region)
    masked = mask(text, hits)
    assert len(masked) == len(text)
    inside = {i for hit in hits for i in range(hit.start, hit.end)}
    assert all(masked[i] == text[i] for i in range(len(text)) if i not in inside)
    assert not any(masked[i].isalnum() for i in inside)


#: One piece of personal data each, in a sentence that says nothing more about it.
KNOWN = {
    "phone": ("98200 11223", "+91 98200-11224", "0091 98200 11225"),
    "email": ("chef@dosa.example", "orders+tiffin@sub.dosa.example"),
    "upi": ("dosa@ybl", "9820011223@paytm"),
    "url": ("https://shop.example/menu", "www.dosa.example"),
}


@given(
    st.lists(st.sampled_from([(kind, words) for kind, all_words in KNOWN.items() for words in all_words]), max_size=5),
    st.sampled_from((", ", " | ", "; ", " and ", "\n")),
)
@settings(max_examples=150, deadline=None)
def test_nothing_found_is_left_after_redaction(data, joint):
    text = "Find us: " + joint.join(words for _, words in data) + "."
    hits = find_pii(text, "IN")
    assert [hit.type for hit in hits] == [kind for kind, _ in data]
    redacted = redact(text, hits)
    assert find_pii(redacted, "IN") == []
    assert redacted.count("_REDACTED]") == len(data)
    assert "  " not in redacted


#: Openings that a careless pattern tries again from every place.
HOSTILE = [
    "1",
    "1 ",
    "12-",
    "1.1.",
    "0 1 ",
    "(((1",
    "+",
    "+91 ",
    "00",
    "@",
    "a@",
    "a@b.",
    "a.",
    "a-",
    "a.com ",
    "www.",
    "http://",
    "://",
    "[at]",
    " at a dot com",
    "dot ",
    "Street ",
    "12 Street ",
    "1 A Street, ",
    "Shop 1, ",
    "rue A ",
    "Aweg 1 ",
    "10115 Berlin ",
    "LS1 4DY ",
    "411001 Pune ",
    "IL 62701, ",
    "98765 43210 ",
    "Tel 1234567, ",
    "4111 1111 1111 1111 ",
    "ABCPK1234L ",
    "1-800-",
    "\u200b1",
    "८",
    "A",
    "St. ",
    "1/",
]


def work_of(text: str, region: str) -> int:
    """Python-level calls and lines run: the same for the same text, whatever the machine."""
    steps = 0

    def count(frame, event, arg):
        nonlocal steps
        steps += 1
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        find_pii(text, region)
    finally:
        sys.settrace(before)
    return steps


@pytest.mark.parametrize("opening", HOSTILE)
def test_twice_the_text_is_about_twice_the_work(opening):
    for region in ("IN", "EU"):
        once = work_of(opening * (1500 // len(opening)), region)
        twice = work_of(opening * (3000 // len(opening)), region)
        assert twice <= 2.6 * once + 500


@pytest.mark.parametrize("opening", HOSTILE)
def test_a_hundred_kilobytes_of_anything_are_read(opening):
    text = opening * (100_000 // len(opening))
    for hit in find_pii(text, "GB"):
        assert hit.end <= len(text)
