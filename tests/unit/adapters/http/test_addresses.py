"""The wall: what a webhook may reach, and what it may not, however it is written."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimlens.adapters.http.addresses import TargetRefusedError, Wall, what_is
from tests.receiver import PUBLIC, PUBLIC_6

NAMES = {
    "shop.example.com.": [PUBLIC],
    "six.example.com.": [PUBLIC_6],
    "both.example.com.": [PUBLIC, PUBLIC_6],
    "xn--caf-dma.example.com.": [PUBLIC],
    "loopback.example.com.": ["127.0.0.1"],
    "private.example.com.": ["10.1.2.3"],
    "metadata.example.com.": ["169.254.169.254"],
    "metadata-six.example.com.": ["fd00:ec2::254"],
    "mixed.example.com.": [PUBLIC, "192.168.1.1"],
    "mixed-last.example.com.": [PUBLIC, PUBLIC_6, "::1"],
    "mapped.example.com.": ["::ffff:10.0.0.1"],
    "scoped.example.com.": ["fe80::1%eth0"],
    "nothing.example.com.": [],
    "garbage.example.com.": ["not an address"],
}


async def resolve(name):
    if name not in NAMES:
        raise OSError("no such name")
    return NAMES[name]


async def reached(url: str, *, private: bool = False) -> tuple[str, ...]:
    wall = Wall(resolve, private=private)
    return await wall.reach(wall.read(url))


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example.com",
        "https://shop.example.com/hooks?kitchen=4&a=b",
        "HTTPS://SHOP.EXAMPLE.COM/Hooks",
        "https://shop.example.com:443/",
        "https://shop.example.com:8443/",
        "https://six.example.com/",
        "https://both.example.com/",
        "https://xn--caf-dma.example.com/",
        f"https://{PUBLIC}/hooks",
        f"https://[{PUBLIC_6}]/hooks",
        f"https://[{PUBLIC_6.upper()}]:8443/hooks",
    ],
)
async def test_public_targets_are_reached(url):
    assert set(await reached(url)) <= {PUBLIC, PUBLIC_6}


REFUSED = {
    # not over TLS, not HTTP
    "http://shop.example.com/": "https",
    "ftp://shop.example.com/": "https",
    "file:///etc/passwd": "https",
    "gopher://127.0.0.1:6379/_FLUSHALL": "https",
    "//shop.example.com/": "https",
    "shop.example.com/hooks": "https",
    "": "visible",
    # loopback, in every spelling
    "https://127.0.0.1/": "loopback",
    "https://127.1/": "four decimal",
    "https://127.0.0.1.": "dot",
    "https://2130706433/": "four decimal",
    "https://0x7f000001/": "four decimal",
    "https://0x7f.0.0.1/": "four decimal",
    "https://017700000001/": "four decimal",
    "https://0177.0.0.1/": "four decimal",
    "https://127.0.0.01/": "four decimal",
    "https://0/": "four decimal",
    "https://0x/": "four decimal",
    "https://[::1]/": "loopback",
    "https://[0:0:0:0:0:0:0:1]/": "loopback",
    "https://localhost/": "inner network",
    "https://LOCALHOST/": "inner network",
    "https://a.localhost/": "inner network",
    "https://loopback.example.com/": "loopback",
    # our own networks
    "https://10.0.0.1/": "private",
    "https://172.16.0.1/": "private",
    "https://172.31.255.255/": "private",
    "https://192.168.0.1/": "private",
    "https://[fc00::1]/": "private",
    "https://[fd12:3456::1]/": "private",
    "https://private.example.com/": "private",
    "https://mixed.example.com/": "private",
    "https://mixed-last.example.com/": "loopback",
    "https://redis/": "inner network",
    "https://kubernetes.default/": "does not resolve",
    "https://db.svc.cluster.local/": "inner network",
    "https://metadata.google.internal/computeMetadata/v1/": "inner network",
    # metadata and link-local
    "https://169.254.169.254/latest/meta-data/": "metadata",
    "https://169.254.170.2/": "metadata",
    "https://[fd00:ec2::254]/": "private",
    "https://[fe80::1]/": "metadata",
    "https://[fe80::1%25eth0]/": "no URL",
    "https://168.63.129.16/": "metadata",
    "https://100.100.100.200/": "carrier",
    "https://metadata.example.com/": "metadata",
    "https://metadata-six.example.com/": "private",
    "https://scoped.example.com/": "metadata",
    # reserved, shared, multicast
    "https://0.0.0.0/": "reserved",
    "https://0.1.2.3/": "reserved",
    "https://100.64.0.1/": "carrier",
    "https://192.0.0.192/": "reserved",
    "https://192.0.2.1/": "reserved",
    "https://198.18.0.1/": "reserved",
    "https://198.51.100.1/": "reserved",
    "https://203.0.113.1/": "reserved",
    "https://224.0.0.1/": "multicast",
    "https://240.0.0.1/": "reserved",
    "https://255.255.255.255/": "reserved",
    "https://[::]/": "IPv4",
    "https://[ff02::1]/": "multicast",
    "https://[fec0::1]/": "reserved",
    "https://[100::1]/": "reserved",
    "https://[2001:db8::1]/": "reserved",
    "https://[3fff::1]/": "reserved",
    # IPv4 inside IPv6
    "https://[::ffff:127.0.0.1]/": "IPv4",
    "https://[::ffff:7f00:1]/": "IPv4",
    f"https://[::ffff:{PUBLIC}]/": "IPv4",
    "https://[::127.0.0.1]/": "IPv4",
    "https://[64:ff9b::10.0.0.1]/": "IPv4",
    "https://[64:ff9b::7f00:1]/": "IPv4",
    "https://[64:ff9b:1::1]/": "IPv4",
    "https://[2002:7f00:1::]/": "IPv4",
    "https://[2002:0a00:0001::1]/": "IPv4",
    "https://[2001:0:7f00:1::]/": "IPv4",
    "https://mapped.example.com/": "IPv4",
    # URLs that two readers read differently
    "https://shop.example.com@127.0.0.1/": "no user",
    "https://user:password@shop.example.com/": "no user",
    "https://127.0.0.1\\@shop.example.com/": "no user",
    "https://shop.example.com\\.evil/": "no user",
    "https://shop.example.com#@127.0.0.1/": "after #",
    "https://shop.example.com/#part": "after #",
    "https://shop.example.com\t/": "visible",
    "https://shop.example.com\r\nHost: a/": "visible",
    " https://shop.example.com/": "visible",
    "https://shop.example.com/ü": "visible",
    "https://１２７.0.0.1/": "visible",
    "https://127。0。0。1/": "visible",
    "https://ⓛocalhost/": "visible",
    "https://shop%2eexample.com/": "no URL",
    "https://[::1/": "no URL",
    "https://[::1]evil.example/": "no URL",
    "https://[shop.example.com]/": "no URL",
    "https:///hooks": "no URL",
    "https://:443/": "no URL",
    "https://shop.example.com:/": "no URL",
    "https://shop.example.com:0443/": "no URL",
    "https://shop.example.com:99999/": "no URL",
    "https://shop.example.com:0/": "no URL",
    # names that are none
    "https://shop.example.com./": "dot",
    "https://shop..example.com/": "dot",
    "https://.example.com/": "dot",
    "https://-a.example.com/": "host name",
    f"https://{'a' * 64}.example.com/": "host name",
    "https://" + "a." * 127 + "com/": "host name",
    "https://shop.example.com/" + "a" * 2_000: "characters",
    # other ports
    "https://shop.example.com:80/": "port",
    "https://shop.example.com:22/": "port",
    "https://shop.example.com:6379/": "port",
    # nobody there
    "https://unknown.example.com/": "does not resolve",
    "https://nothing.example.com/": "does not resolve",
    "https://garbage.example.com/": "reserved",
}


@pytest.mark.parametrize(("url", "why"), REFUSED.items(), ids=lambda value: value[:60])
async def test_what_is_refused_says_why(url, why):
    with pytest.raises(TargetRefusedError) as refused:
        await reached(url)
    assert why in str(refused.value)


def test_the_table_is_long_enough():
    assert len(REFUSED) >= 40


async def test_a_refusal_does_not_tell_which_inner_address_a_name_has():
    with pytest.raises(TargetRefusedError) as refused:
        await reached("https://private.example.com/")
    assert "10.1.2.3" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9000/hooks",
        "http://[::1]:9000/",
        "https://10.0.0.1:9000/",
        "http://192.168.1.20/",
        "https://[fd12::1]/",
    ],
)
async def test_in_development_the_own_machine_may_be_opened(url):
    assert await reached(url, private=True)
    with pytest.raises(TargetRefusedError):
        await reached(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/",
        "http://[fd00:ec2::254]/",
        "http://168.63.129.16/",
        "http://0.0.0.0:9000/",
        "http://2130706433/",
        "http://[::ffff:127.0.0.1]/",
        "http://user@127.0.0.1/",
        "ftp://127.0.0.1/",
    ],
)
async def test_but_not_metadata_nor_odd_spellings(url):
    with pytest.raises(TargetRefusedError):
        await reached(url, private=True)


@given(st.ip_addresses())
def test_nothing_gets_through_that_python_does_not_hold_to_be_global(address):
    if what_is(address) == "":
        assert address.is_global
        assert not address.is_multicast


@given(st.ip_addresses(v=4))
def test_ipv4_inside_ipv6_is_never_reached(address):
    number = int(address)
    for text in (
        f"::ffff:{address}",
        f"::{address}",
        f"64:ff9b::{address}",
        f"2002:{number >> 16:x}:{number & 0xFFFF:x}::1",
        f"2001:0:{number >> 16:x}:{number & 0xFFFF:x}::1",
    ):
        assert what_is(ipaddress.ip_address(text)) != ""


@given(st.text(max_size=60), st.sampled_from(["", "https://", "https://shop.example.com", "https://["]))
def test_no_text_breaks_the_reader(text, before):
    wall = Wall(resolve)
    try:
        target = wall.read(before + text)
    except TargetRefusedError:
        return
    assert target.secure
    assert target.host in (before + text).lower()
