"""Which names a server answers to.

A page in somebody's browser may look up its own name as 127.0.0.1 and then speak to what listens there (DNS
rebinding). Its requests carry its name in `Host`, and its origin. So a server answers to loopback, to bare addresses
(there is no name to look up) and to the names it was told; and to no page but one of its own machine.
"""

import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

_LOOPBACK = ("localhost", "ip6-localhost")


class HostWall:
    """`names` are those that clients reach the server by, without ports; loopback and addresses go too."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._names = frozenset(name.lower() for name in names) | frozenset(_LOOPBACK)

    def refuses(self, host: bytes | None, origin: bytes | None) -> str:
        """Why a request with these headers is turned away, in one line; empty if it is not."""
        name = _name_of(host)
        if not name:
            return "the request names no host"
        if name not in self._names and _address(name) is None:
            return f"this server does not answer to {name!r:.80}; CLAIMLENS_MCP_HOSTS lists the names it answers to"
        if origin is not None and not _is_near(origin):
            return "this server does not answer web pages of other machines"
        return ""


def _name_of(host: bytes | None) -> str:
    try:
        return urlsplit(f"//{(host or b'').decode('ascii')}").hostname or ""
    except ValueError:
        return ""


def _is_near(origin: bytes) -> bool:
    try:
        name = urlsplit(origin.decode("ascii")).hostname or ""
    except ValueError:
        return False
    address = _address(name)
    return name in _LOOPBACK or (address is not None and address.is_loopback)


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None
