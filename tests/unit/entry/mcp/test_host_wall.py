import pytest

from claimlens.entry.mcp.host_wall import HostWall

WALL = HostWall(["mcp-recall-lookup", "Recalls.Example"])


@pytest.mark.parametrize(
    "host",
    [
        b"127.0.0.1:7003",
        b"localhost",
        b"LOCALHOST:80",
        b"[::1]:7003",
        b"10.4.0.9:7003",
        b"mcp-recall-lookup:7003",
        b"recalls.example",
    ],
)
def test_loopback_addresses_and_the_names_it_was_told(host):
    assert WALL.refuses(host, None) == ""


@pytest.mark.parametrize(
    "host",
    [None, b"", b"evil.example", b"evil.example:7003", b"localhost.evil", b"127.0.0.1.example", b"[::1"],
)
def test_no_other_name(host):
    assert WALL.refuses(host, None)


def test_a_page_of_this_machine_may_ask_and_no_other():
    assert WALL.refuses(b"127.0.0.1:7003", b"http://localhost:6274") == ""
    assert WALL.refuses(b"127.0.0.1:7003", b"https://evil.example")
    assert WALL.refuses(b"127.0.0.1:7003", b"null")


def test_the_refusal_says_what_to_do():
    assert WALL.refuses(b"mcp.prod:1", None) == (
        "this server does not answer to 'mcp.prod'; CLAIMLENS_MCP_HOSTS lists the names it answers to"
    )
