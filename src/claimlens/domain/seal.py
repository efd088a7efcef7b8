"""Seals: what is signed about a tenant's finished interval of audits, and the statements that go with bundles.

A statement is canonical JSON (RFC 8785). What is signed (Ed25519) is a line that names the kind of statement and then
its bytes, so that no signature can be passed off as one of another kind. `docs/reference/seals.md` is the format for
people who check seals without this program.
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import msgspec

from claimlens.kit.canonical_json import canonical_json
from claimlens.kit.merkle import root_of

#: Raised when a statement means something else than before.
SCHEMA = 1
#: What stands before a statement when it is signed.
SEAL_LINE, BUNDLE_LINE = b"claimlens seal 1\n", b"claimlens bundle 1\n"
#: The `previous` of a tenant's first seal.
NOTHING_BEFORE = "0" * 64

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MEMBER = 56


class Member(NamedTuple):
    """An audit under a seal: its position (ts, id) and the RFC 6962 leaf hash of its record."""

    ts: datetime
    id: str
    leaf: bytes


class Seal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One interval of a tenant: `count` audits that have the sequence numbers from `first_seq` on.

    `root` is the Merkle root over their leaf hashes in the order of (ts, id), `members` the SHA-256 of their packed
    list, `previous` the SHA-256 of the statement before (hex all three). `purged_to`: audits up to this moment may be
    gone, because they were past the tenant's `retention_days`. `key`: the first 16 hex digits of the SHA-256 of the
    public key. Moments are UTC.
    """

    schema: int = SCHEMA
    tenant_id: str
    number: int
    first_seq: int
    count: int
    first_ts: datetime
    last_ts: datetime
    root: str
    members: str
    previous: str
    sealed_at: datetime
    retention_days: int
    purged_to: datetime | None
    key: str


class Bundle(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The end of a bundle: seals `first_seal` to `last_seal` of a tenant and the audits under them that were there.

    `head`: the SHA-256 of the last seal's statement. `content`: the SHA-256 of every byte before this line. `unsealed`:
    audits of the tenant that no seal covered yet. Without seals both numbers are 0 and `head` is empty.
    """

    schema: int = SCHEMA
    tenant_id: str
    first_seal: int
    last_seal: int
    head: str
    records: int
    unsealed: int
    content: str
    exported_at: datetime
    retention_days: int
    purged_to: datetime | None
    key: str


class Signed(NamedTuple):
    """The bytes of a statement and the Ed25519 signature of them."""

    statement: bytes
    signature: bytes

    def digest(self) -> str:
        """What the statement that follows calls `previous`."""
        return hashlib.sha256(self.statement).hexdigest()


class Standing(NamedTuple):
    """What a tenant's retention is at the moment, and up to when audits were removed by it."""

    retention_days: int
    purged_to: datetime | None


def seal_of(
    tenant_id: str, members: Sequence[Member], last: Signed | None, standing: Standing, sealed_at: datetime, key: str
) -> Seal:
    """The seal that follows `last` over these members, which stand in the order of (ts, id)."""
    before = msgspec.json.decode(last.statement, type=Seal) if last else None
    return Seal(
        tenant_id=tenant_id,
        number=before.number + 1 if before else 1,
        first_seq=before.first_seq + before.count if before else 1,
        count=len(members),
        first_ts=members[0].ts,
        last_ts=members[-1].ts,
        root=root_of([member.leaf for member in members]).hex(),
        members=hashlib.sha256(packed(members)).hexdigest(),
        previous=last.digest() if last else NOTHING_BEFORE,
        sealed_at=sealed_at,
        retention_days=standing.retention_days,
        purged_to=standing.purged_to,
        key=key,
    )


def statement_of(value: Seal | Bundle) -> bytes:
    """The bytes that are signed, after the line that names their kind."""
    return canonical_json(value)


def key_name(public_key: bytes) -> str:
    """What a seal calls the key that signed it."""
    return hashlib.sha256(public_key).hexdigest()[:16]


def packed(members: Iterable[Member]) -> bytes:
    """56 bytes for each: microseconds since 1970 (8, big-endian), the id (16), the leaf hash (32)."""
    return b"".join(
        [
            ((member.ts - _EPOCH) // _MICROSECOND).to_bytes(8, "big")
            + bytes.fromhex(member.id.replace("-", ""))
            + member.leaf
            for member in members
        ]
    )


def unpacked(data: bytes) -> list[Member]:
    """The members of a packed list. Raises ValueError if it is cut or no list of members."""
    if len(data) % _MEMBER:
        raise ValueError("a list of members has 56 bytes for each")
    return [_member(data[start : start + _MEMBER]) for start in range(0, len(data), _MEMBER)]


def _member(entry: bytes) -> Member:
    digits = entry[8:24].hex()
    name = f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
    try:
        ts = _EPOCH + int.from_bytes(entry[:8], "big") * _MICROSECOND
    except OverflowError:
        raise ValueError("a list of members holds a moment that is none") from None
    return Member(ts, name, entry[24:])
