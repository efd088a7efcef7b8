"""Who is at the other end: the address of the client, past the proxies that are trusted."""

import ipaddress
from collections.abc import Sequence
from functools import lru_cache

from claimlens.config import Network

#: Headers by which a proxy says for whom it speaks.
_FORWARDING = (
    b"forwarded", b"via", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"x-forwarded", b"x-real-ip",
    b"x-client-ip", b"x-cluster-client-ip", b"cf-connecting-ip", b"true-client-ip", b"fastly-client-ip",
    b"x-original-forwarded-for", b"x-envoy-external-address",
)  # fmt: skip

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Clients:
    """Reads addresses. Only a peer inside `trusted` is believed when it says for whom it speaks."""

    def __init__(self, trusted: Sequence[Network], operators: Sequence[Network]) -> None:
        self._trusted = tuple(trusted)
        self._operators = tuple(operators)
        self.address = lru_cache(maxsize=4096)(self._address)
        self._is_operator = lru_cache(maxsize=4096)(self._within_operators)

    def is_operator(self, peer: str, headers: dict[bytes, bytes]) -> bool:
        """Whether a request comes from the operators' networks.

        One that was forwarded by a peer that is not trusted is never taken for local, whatever it says.
        """
        forwarded = b"x-forwarded-for" in headers
        if any(name in headers for name in _FORWARDING) and not self._trusts(peer):
            return False
        return self._is_operator(self.address(peer, headers[b"x-forwarded-for"] if forwarded else b""))

    def _address(self, peer: str, forwarded_for: bytes) -> str:
        """The client's address: the last one in the chain that no trusted proxy stands behind."""
        address = _parsed(peer)
        if address is None:
            return peer
        for hop in reversed(forwarded_for.decode("latin-1").split(",")) if forwarded_for else ():
            if not _within(address, self._trusted):
                break
            before = _parsed(_without_port(hop.strip()))
            if before is None:
                break
            address = before
        return str(address)

    def _trusts(self, peer: str) -> bool:
        address = _parsed(peer)
        return address is not None and _within(address, self._trusted)

    def _within_operators(self, client: str) -> bool:
        address = _parsed(client)
        return address is not None and _within(address, self._operators)


@lru_cache(maxsize=4096)
def limit_key(client: str) -> str:
    """What is counted as one client: an IPv4 address, or the /64 of an IPv6 address (one line has all of them)."""
    address = _parsed(client)
    if not isinstance(address, ipaddress.IPv6Address):
        return client
    return str(ipaddress.ip_network((int(address) >> 64 << 64, 64)))


def _parsed(text: str) -> _Address | None:
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _without_port(hop: str) -> str:
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop


def _within(address: _Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)
