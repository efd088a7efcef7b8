"""Whose address counts: proxies are believed if they are trusted, and nobody else is."""

import ipaddress

import pytest

from claimlens.entry.web.client import Clients, limit_key

TRUSTED = [ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8")]
OPERATORS = [ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("192.168.0.0/16")]
clients = Clients(TRUSTED, OPERATORS)


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.9", "", "203.0.113.9"),
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),  # anybody can write a header
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "1.2.3.4, 198.51.100.1", "198.51.100.1"),  # the client's own part is not believed
        ("10.0.0.1", "198.51.100.1, 10.0.0.2", "198.51.100.1"),  # two proxies of ours
        ("10.0.0.1", "10.0.0.3,10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", "198.51.100.1:4711", "198.51.100.1"),
        ("fd00::1", "[2001:db8::7]:443", "2001:db8::7"),
        ("10.0.0.1", "unknown", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1, nonsense", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "\xff", "10.0.0.1"),
        ("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("", "198.51.100.1", ""),
    ],
)
def test_address(peer, forwarded, client):
    assert clients.address(peer, forwarded.encode("latin-1")) == client


@pytest.mark.parametrize(
    ("peer", "headers", "local"),
    [
        ("127.0.0.1", {}, True),
        ("192.168.4.4", {}, True),
        ("203.0.113.9", {}, False),
        # Behind a proxy that nobody configured, everybody looks local.
        ("127.0.0.1", {b"x-forwarded-for": b"203.0.113.9"}, False),
        ("127.0.0.1", {b"x-forwarded-for": b"127.0.0.1"}, False),
        ("127.0.0.1", {b"forwarded": b"for=203.0.113.9"}, False),
        ("127.0.0.1", {b"x-real-ip": b"203.0.113.9"}, False),
        ("10.0.0.1", {b"x-forwarded-for": b"203.0.113.9"}, False),
        ("10.0.0.1", {b"x-forwarded-for": b"192.168.4.4"}, True),
        ("", {}, False),
    ],
)
def test_who_is_an_operator(peer, headers, local):
    assert clients.is_operator(peer, headers) is local


@pytest.mark.parametrize(
    ("client", "key"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("", ""),
    ],
)
def test_what_is_counted_as_one(client, key):
    assert limit_key(client) == key
