"""Taking personal data out of a sentence, and hiding it without moving anything."""

import pytest

from claimlens.gate.normalise.pii import PiiHit, find_pii, mask, redact


@pytest.mark.parametrize(
    ("text", "region", "expected"),
    [
        ("Order on 020 7946 0452.", "GB", "Order on [PHONE_REDACTED]."),
        ("Call (212) 555-0143, or mail joe@diner.example!", "US", "Call [PHONE_REDACTED], or mail [EMAIL_REDACTED]!"),
        ("Menu (www.bistro.example) daily", "EU", "Menu ([URL_REDACTED]) daily"),
        ("Pay to dosa@ybl; thanks", "IN", "Pay to [UPI_REDACTED]; thanks"),
        ("Visit 14 Station Road, Leeds LS1 4DY. Dogs welcome", "GB", "Visit [ADDRESS_REDACTED]. Dogs welcome"),
        ("We are at 12 Church St.", "GB", "We are at [ADDRESS_REDACTED]."),
        ("Butter chicken with rice", "IN", "Butter chicken with rice"),
    ],
)
def test_the_sentence_around_stays_whole(text, region, expected):
    assert redact(text, find_pii(text, region)) == expected


def test_a_postcode_inside_an_address_goes_with_it():
    text = "Hauptstraße 5, 10115 Berlin"
    hits = find_pii(text, "EU")
    assert {hit.type for hit in hits} == {"address", "postcode"}
    assert redact(text, hits) == "[ADDRESS_REDACTED]"


def test_the_order_of_hits_does_not_matter():
    text = "Call 98200 11223 or 98200 11224"
    hits = find_pii(text, "IN")
    assert redact(text, hits[::-1]) == redact(text, hits) == "Call [PHONE_REDACTED] or [PHONE_REDACTED]"


def test_a_mask_keeps_length_and_separators():
    text = "Call +91 98200-11223 or write to chef@dosa.example."
    masked = mask(text, find_pii(text, "IN"))
    assert masked == "Call +•• •••••-••••• or write to ••••@••••.•••••••."
    assert len(masked) == len(text)


def test_nothing_found_is_nothing_changed():
    assert mask("Idli 40", []) == redact("Idli 40", []) == "Idli 40"


def test_signs_without_width_inside_a_number_are_covered():
    text = "Call 98\u200b200 11\u00ad223 today"
    (hit,) = find_pii(text, "IN")
    assert (hit.start, hit.end) == (5, 18)
    assert redact(text, [hit]) == "Call [PHONE_REDACTED] today"


def test_a_hit_is_plain_data():
    assert PiiHit("phone", 1, 3) == PiiHit("phone", 1, 3)
