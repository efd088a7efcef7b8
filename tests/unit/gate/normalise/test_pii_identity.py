"""PAN, Aadhaar and payment cards: only with their check rule."""

import pytest

from claimlens.gate.normalise.pii.checks import has_gtin_check_digit, has_luhn_check_digit, has_verhoeff_check_digit
from tests.unit.gate.normalise.pii_table import found


def with_check_digit(body: str, holds) -> str:
    """`body` with the digit behind it that makes `holds` true."""
    return next(body + digit for digit in "0123456789" if holds(body + digit))


AADHAAR = with_check_digit("54739021864", has_verhoeff_check_digit)
SPACED_AADHAAR = f"{AADHAAR[:4]} {AADHAAR[4:8]} {AADHAAR[8:]}"


@pytest.mark.parametrize(
    ("text", "region", "expected"),
    [
        ("PAN ABCPK1234L on invoice", "IN", [("pan", "ABCPK1234L")]),
        ("Owner's PAN: bcdpm4321k", "IN", [("pan", "bcdpm4321k")]),
        ("pan no ABCFG9876H", "GB", [("pan", "ABCFG9876H")]),
        ("PAN: ABCDE1234F", "IN", []),  # no kind of holder is called D
        ("Coupon FEASTP2024A", "IN", []),
        ("Use code FLAPJ2024X", "IN", []),
        ("GSTIN 27ABCPK1234L1Z5", "IN", []),
        ("Card 4111 1111 1111 1111 declined", "US", [("card", "4111 1111 1111 1111")]),
        ("5500-0055-5555-5559", "GB", [("card", "5500-0055-5555-5559")]),
        ("3782 822463 10005", "US", [("card", "3782 822463 10005")]),
        ("4111 1111 1111 1112", "US", []),
        ("Lot 4111111111111111", "US", []),
    ],
)
def test_an_identity_number_needs_its_form_and_its_check(text, region, expected):
    assert found(text, region) == expected


def test_a_spaced_aadhaar_number_is_found_in_india():
    assert found(f"Manager {SPACED_AADHAAR}", "IN") == [("aadhaar", SPACED_AADHAAR)]


def test_an_unspaced_one_needs_its_name():
    assert found(f"Aadhaar no. {AADHAAR}", "IN") == [("aadhaar", AADHAAR)]
    assert found(f"Aadhaar no. {AADHAAR}", "GB") == [("aadhaar", AADHAAR)]
    assert found(f"Barcode {AADHAAR}", "IN") == []


def test_a_wrong_check_digit_is_no_aadhaar_number():
    wrong = AADHAAR[:-1] + str((int(AADHAAR[-1]) + 1) % 10)
    assert found(f"Aadhaar no. {wrong}", "IN") == []


def test_published_examples_of_the_check_digits():
    assert has_luhn_check_digit("79927398713")
    assert not has_luhn_check_digit("79927398710")
    assert has_verhoeff_check_digit("2363")
    assert not has_verhoeff_check_digit("2364")
    assert has_gtin_check_digit("6291041500213")
    assert not has_gtin_check_digit("6291041500214")
    assert not has_gtin_check_digit("629104150")
