"""The Merkle tree of RFC 6962 section 2.1 (SHA-256): one root for a list, short proofs that an entry is in it."""

import hashlib
from collections.abc import Iterable, Sequence

#: The root of a list of nothing.
EMPTY = hashlib.sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """The hash of an entry: SHA-256 of a zero byte and its bytes, 32 bytes."""
    return hashlib.sha256(b"\0" + entry).digest()


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root over leaf hashes, in their order."""
    if not leaves:
        return EMPTY
    row = list(leaves)
    # Level by level, an odd one left as it is: the same tree as the RFC's splits at the largest power of two.
    while len(row) > 1:
        row = [*_pairs(row), *row[len(row) & ~1 :]]
    return row[0]


def path_of(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The audit path of one leaf, from its neighbour up (RFC 6962 section 2.1.1). Raises IndexError."""
    if not 0 <= index < len(leaves):
        raise IndexError(f"there is no leaf {index} among {len(leaves)}")
    path, row = [], list(leaves)
    while len(row) > 1:
        neighbour = index ^ 1
        if neighbour < len(row):
            path.append(row[neighbour])
        row = [*_pairs(row), *row[len(row) & ~1 :]]
        index >>= 1
    return path


def root_by(leaf: bytes, index: int, size: int, path: Iterable[bytes]) -> bytes | None:
    """The root that a path leads to from leaf `index` of `size` (RFC 9162 section 2.1.3.2); None if it cannot fit."""
    if not 0 <= index < size:
        return None
    last, reached = size - 1, leaf
    for neighbour in path:
        if last == 0:
            return None
        if index & 1 or index == last:
            reached = _node(neighbour, reached)
            while index and not index & 1:
                index, last = index >> 1, last >> 1
        else:
            reached = _node(reached, neighbour)
        index, last = index >> 1, last >> 1
    return reached if last == 0 else None


def _pairs(row: Sequence[bytes]) -> list[bytes]:
    return [_node(row[place], row[place + 1]) for place in range(0, len(row) - 1, 2)]


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()
