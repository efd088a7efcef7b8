from claimlens.entry.web.rate_limit_fields import rate_limit_fields
from claimlens.ports.cache import Allowance


def test_what_is_left_is_told() -> None:
    fields = rate_limit_fields(
        [Allowance("key", True, 100, 99, 60, 12), Allowance("items", True, 20_000, 19_950, 60, 60)]
    )
    assert fields == [
        ("RateLimit-Policy", '"key";q=100;w=60, "items";q=20000;w=60'),
        ("RateLimit", '"key";r=99;t=12, "items";r=19950;t=60'),
    ]


def test_a_refusal_says_when_to_come_back() -> None:
    fields = dict(rate_limit_fields([Allowance("ip", True, 10, 3, 1, 1), Allowance("key", False, 100, 0, 60, 7)]))
    assert fields["Retry-After"] == "7"
    assert fields["RateLimit"] == '"ip";r=3;t=1, "key";r=0;t=7'


def test_an_exempt_route_has_no_fields() -> None:
    assert rate_limit_fields([]) == []
