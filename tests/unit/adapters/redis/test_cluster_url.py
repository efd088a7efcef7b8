import pytest

from claimlens.adapters.redis.client import read_cluster_url


@pytest.mark.parametrize(
    ("url", "options", "addresses"),
    [
        ("redis+cluster://one:7000,two:7001", {"ssl": False}, [("one", 7000), ("two", 7001)]),
        ("redis+cluster://one", {"ssl": False}, [("one", 6379)]),
        ("rediss+cluster://:s%40fe@one:7000", {"ssl": True, "password": "s@fe"}, [("one", 7000)]),
        (
            "redis+cluster://claimlens:secret@[::1]:7000,10.0.0.2:7000",
            {"ssl": False, "username": "claimlens", "password": "secret"},
            [("::1", 7000), ("10.0.0.2", 7000)],
        ),
    ],
)
def test_a_cluster_url(url: str, options: dict[str, object], addresses: list[tuple[str, int]]) -> None:
    assert read_cluster_url(url) == (options, addresses)
