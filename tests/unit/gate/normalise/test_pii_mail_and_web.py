"""E-mail addresses, UPI ids and web addresses, some of them disguised."""

import pytest

from tests.unit.gate.normalise.pii_table import found

# (text, region, what is found)
WRITTEN: list[tuple[str, str, list[tuple[str, str]]]] = [
    ("GPay karo: 98200 11223 ya chai.wala@okicici", "IN", [("phone", "98200 11223"), ("upi", "chai.wala@okicici")]),
    ("UPI shop-2211@newbank", "IN", [("upi", "shop-2211@newbank")]),
    ("Pay via BHIM: 9820011223@upi.", "IN", [("upi", "9820011223@upi")]),
    ("hello [at] tandoori [dot] example for catering", "GB", [("email", "hello [at] tandoori [dot] example")]),
    ("write to chef(at)bistro.example", "EU", [("email", "chef(at)bistro.example")]),
    ("orders at curryhouse dot com", "GB", [("email", "orders at curryhouse dot com")]),
    ("mailto:Team+menu@sub.kitchen.example.", "US", [("email", "Team+menu@sub.kitchen.example")]),
    ("E-Mail: müller@gasthof-adler.example", "EU", [("email", "müller@gasthof-adler.example")]),
    (
        "feedback @ gmail.com? no: taste.of.goa @ gmail.com",
        "IN",
        [("email", "feedback @ gmail.com"), ("email", "taste.of.goa @ gmail.com")],
    ),
    ("info＠spice．example", "IN", [("email", "info＠spice．example")]),
    ("Menu: https://shop.example/menu?id=7&lang=en.", "US", [("url", "https://shop.example/menu?id=7&lang=en")]),
    ("(see www.bistro-nord.example)", "EU", [("url", "www.bistro-nord.example")]),
    ("order on spicehut.in today", "IN", [("url", "spicehut.in")]),
    (
        "linktr.ee/momohouse and wa.me/919820011223",
        "IN",
        [("url", "linktr.ee/momohouse"), ("url", "wa.me/919820011223")],
    ),
    ("Find us on facebook.com/JoesDiner, open daily", "US", [("url", "facebook.com/JoesDiner")]),
    ("TASTYBITES.CO.UK", "GB", [("url", "TASTYBITES.CO.UK")]),
    ("visit our-farm.co.uk/eggs!", "GB", [("url", "our-farm.co.uk/eggs")]),
    ("ristorante-sole.it | trattoria", "EU", [("url", "ristorante-sole.it")]),
    ("spicehut dot com", "IN", [("url", "spicehut dot com")]),
    ("For feedback SMS 56161 or mail care@masala.example", "IN", [("email", "care@masala.example")]),
    ("paytm 9811002200@ptaxis", "IN", [("upi", "9811002200@ptaxis")]),
    ("Scan karein: dosahub@axl, cash bhi chalega", "IN", [("upi", "dosahub@axl")]),
    (
        "Questions or comments? Visit crunchy.example.com or call 1-866-555-0142.",
        "US",
        [("url", "crunchy.example.com"), ("phone", "1-866-555-0142")],
    ),
    ("@joesdiner #burgers joesdiner.com", "US", [("url", "joesdiner.com")]),
    ("T 020 7946 0999 E hello@cafe.example", "GB", [("phone", "020 7946 0999"), ("email", "hello@cafe.example")]),
    (
        "Besuchen Sie restaurant-krone.de oder krone.menu/heute",
        "EU",
        [("url", "restaurant-krone.de"), ("url", "krone.menu/heute")],
    ),
    ("reservas@tasca.es, tasca.es", "EU", [("email", "reservas@tasca.es"), ("url", "tasca.es")]),
    ("chef AT bistro DOT example", "EU", [("email", "chef AT bistro DOT example")]),
]


@pytest.mark.parametrize(("text", "region", "expected"), WRITTEN)
def test_an_address_on_the_net_is_found_as_written(text, region, expected):
    assert found(text, region) == sorted(expected)
