"""The tree is that of RFC 6962, and a proof proves one entry at one place."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimlens.kit.merkle import EMPTY, leaf_hash, path_of, root_by, root_of

#: The entries and roots of the tests of certificate-transparency's reference implementation.
ENTRIES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
leaves = st.lists(st.binary(max_size=4).map(leaf_hash), min_size=1, max_size=70)


def by_the_rfc(entries: list[bytes]) -> bytes:
    """Section 2.1 word for word."""
    if len(entries) == 1:
        return entries[0]
    split = 1
    while split * 2 < len(entries):
        split *= 2
    return hashlib.sha256(b"\x01" + by_the_rfc(entries[:split]) + by_the_rfc(entries[split:])).digest()


@pytest.mark.parametrize("size", range(1, 9))
def test_the_known_roots(size: int) -> None:
    assert root_of([leaf_hash(entry) for entry in ENTRIES[:size]]).hex() == ROOTS[size - 1]


def test_the_root_of_nothing() -> None:
    assert root_of([]) == EMPTY == hashlib.sha256().digest()


@given(leaves)
def test_the_tree_of_the_rfc(row: list[bytes]) -> None:
    assert root_of(row) == by_the_rfc(row)


@given(leaves, st.data())
def test_a_path_leads_to_the_root_from_its_own_leaf_only(row: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(row) - 1))
    path = path_of(row, index)
    assert root_by(row[index], index, len(row), path) == root_of(row)
    assert root_by(leaf_hash(b"another one"), index, len(row), path) != root_of(row)
    for other in range(len(row)):
        if row[other] != row[index]:
            assert root_by(row[other], other, len(row), path) != root_of(row)


@given(leaves, st.data())
def test_a_path_that_is_cut_or_longer_leads_nowhere(row: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(row) - 1))
    path = path_of(row, index)
    assert root_by(row[index], index, len(row), [*path, EMPTY]) is None
    assert not path or root_by(row[index], index, len(row), path[:-1]) is None


@pytest.mark.parametrize("index", [-1, 3])
def test_a_place_outside_has_no_path(index: int) -> None:
    with pytest.raises(IndexError):
        path_of([EMPTY] * 3, index)
    assert root_by(EMPTY, index, 3, []) is None
