"""The wall: which URLs and addresses a webhook may reach.

A tenant chooses the URL, the request leaves from inside our network. So the URL is read strictly, once, and what was
read is what is used; the name is looked up and every address it stands for must be one of the public internet.

Addresses after the registries of special purpose (RFC 6890, as kept by IANA). What carries an IPv4 address inside an
IPv6 one (mapped, compatible, 6to4, Teredo, NAT64) is refused whole: there is no need to take it apart.
"""

import ipaddress
import re
from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import urlsplit

import msgspec

from claimlens.domain.errors import ClaimLensError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str], Awaitable[Sequence[str]]]
"""Every address of a host name, as text. Raises OSError if there is none."""

#: The ports that HTTPS is served on. Any other one of a public address is somebody else's mail or database server.
PORTS = (443, 8443)
_MOST_URL = 2_000
_NO_URL = "this is no URL; one looks like https://shop.example/hooks"

_PRIVATE, _LOOPBACK, _LINK_LOCAL = "a private address", "a loopback address", "a link-local or metadata address"
_RESERVED, _MULTICAST, _SHARED = "a reserved address", "a multicast address", "an address shared behind a carrier's NAT"
_EMBEDDED = "an IPv4 address in the clothes of IPv6"

_REFUSED_V4 = {
    "0.0.0.0/8": _RESERVED,
    "10.0.0.0/8": _PRIVATE,
    "100.64.0.0/10": _SHARED,
    "127.0.0.0/8": _LOOPBACK,
    "168.63.129.16/32": _LINK_LOCAL,  # Azure's own service for its machines, public by its looks
    "169.254.0.0/16": _LINK_LOCAL,
    "172.16.0.0/12": _PRIVATE,
    "192.0.0.0/24": _RESERVED,
    "192.0.2.0/24": _RESERVED,
    "192.88.99.0/24": _EMBEDDED,
    "192.168.0.0/16": _PRIVATE,
    "198.18.0.0/15": _RESERVED,
    "198.51.100.0/24": _RESERVED,
    "203.0.113.0/24": _RESERVED,
    "224.0.0.0/4": _MULTICAST,
    "240.0.0.0/4": _RESERVED,
}
_REFUSED_V6 = {
    "::1/128": _LOOPBACK,
    "::ffff:0:0/96": _EMBEDDED,
    "::/96": _EMBEDDED,
    "64:ff9b::/96": _EMBEDDED,
    "64:ff9b:1::/48": _EMBEDDED,
    "2001::/32": _EMBEDDED,
    "2001::/23": _RESERVED,
    "2001:db8::/32": _RESERVED,
    "2002::/16": _EMBEDDED,
    "3fff::/20": _RESERVED,
    "fc00::/7": _PRIVATE,
    "fe80::/10": _LINK_LOCAL,
    "ff00::/8": _MULTICAST,
}
_NETWORKS = [(ipaddress.ip_network(text), kind) for text, kind in {**_REFUSED_V4, **_REFUSED_V6}.items()]
# Networks inside fc00::/7 that are metadata all the same: not to be opened by the setting for development.
_METADATA_V6 = ipaddress.ip_network("fd00:ec2::/32")
_GLOBAL_V6 = ipaddress.ip_network("2000::/3")

_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)", re.ASCII)
# What C libraries take for a number at the end of a host: 127.1, 0x7f000001, 017700000001.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
_VISIBLE = re.compile(r"[!-~]+", re.ASCII)
_INSIDE = ("localhost", "local", "internal", "intranet", "lan", "home.arpa", "in-addr.arpa", "ip6.arpa", "onion")


class TargetRefusedError(ClaimLensError):
    """A URL or an address that may not be reached; one sentence that may be shown to the tenant."""


class Target(msgspec.Struct, frozen=True):
    """A URL, understood. `host` is in lower case, an IPv6 address without brackets; `path` goes with its query."""

    secure: bool
    host: str
    port: int
    path: str

    @property
    def address(self) -> Address | None:
        """The address, if the host is one and no name."""
        return _address(self.host)


class Wall:
    """Decides where requests may go. `private` is for development: plain HTTP, any port, private and loopback too."""

    def __init__(self, resolve: Resolve, *, private: bool = False) -> None:
        self._resolve = resolve
        self._private = private

    def read(self, url: str) -> Target:
        """The target of a URL. Raises TargetRefusedError; no name is looked up."""
        if not _VISIBLE.fullmatch(url):
            raise TargetRefusedError("a URL is written in visible ASCII characters; a host in other letters as xn--…")
        if len(url) > _MOST_URL:
            raise TargetRefusedError(f"a URL has at most {_MOST_URL} characters")
        try:
            parts = urlsplit(url)
            port, name = parts.port, parts.hostname or ""
        except ValueError:
            raise TargetRefusedError(_NO_URL) from None
        if parts.scheme != "https" and not (self._private and parts.scheme == "http"):
            raise TargetRefusedError("the URL begins with https://")
        if "\\" in url or "@" in parts.netloc:
            raise TargetRefusedError(
                "the URL holds no user, no password and no backslash; deliveries are signed instead"
            )
        if "#" in url:
            raise TargetRefusedError("the URL has no part after #; it would never be sent")
        # Whatever the parser has left out is no part of a host that we know.
        host = f"[{name}]" if ":" in name else name
        if not name or "%" in name or parts.netloc.lower() != host + ("" if port is None else f":{port}") or port == 0:
            raise TargetRefusedError(_NO_URL)
        secure = parts.scheme == "https"
        port = port or (443 if secure else 80)
        if port not in PORTS and not self._private:
            raise TargetRefusedError(f"the port is {' or '.join(map(str, PORTS))}")
        target = Target(secure, name, port, (parts.path or "/") + (f"?{parts.query}" if parts.query else ""))
        self._check_host(target)
        return target

    async def reach(self, target: Target) -> tuple[str, ...]:
        """The addresses of a target; connect to these and to no other. Raises TargetRefusedError.

        One address that may not be reached is enough to refuse them all: whoever answers with a mixture has a reason.
        """
        if target.address is not None:
            found = [target.host]
        else:
            # With the dot at its end a name is whole: no search list turns it into one of our own.
            name = target.host if self._private else f"{target.host}."
            try:
                found = list(dict.fromkeys(await self._resolve(name)))
            except OSError:
                found = []
        if not found:
            raise TargetRefusedError(f"the host name {target.host} does not resolve")
        for text in found:
            self._check_address(_address(text))
        return tuple(found)

    def _check_host(self, target: Target) -> None:
        if target.address is not None:
            self._check_address(target.address)
            return
        labels = target.host.split(".")
        if ":" in target.host or _NUMBER.fullmatch(labels[-1]):
            raise TargetRefusedError("an IPv4 address is written as four decimal numbers without leading zeros")
        if len(target.host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
            raise TargetRefusedError("the host is no host name, or it ends in a dot")
        if self._private:
            return
        if len(labels) == 1 or target.host.endswith(tuple(f".{inside}" for inside in _INSIDE)):
            raise TargetRefusedError("the host is a name of an inner network; deliveries go to public hosts only")

    def _check_address(self, address: Address | None) -> None:
        kind = what_is(address) if address is not None else _RESERVED
        opened = self._private and kind in (_PRIVATE, _LOOPBACK) and address not in _METADATA_V6
        if kind and not opened:
            raise TargetRefusedError(f"the host stands for {kind}; deliveries go to the public internet only")


def what_is(address: Address) -> str:
    """What kind of address it is, if it is not one of the public internet; empty if it is."""
    for network, kind in _NETWORKS:
        if address in network:
            return kind
    return _RESERVED if address.version == 6 and address not in _GLOBAL_V6 else ""


def _address(text: str) -> Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
