"""A bundle checked, line by line, with nothing but itself and the public keys that are trusted.

Rules kept here:
- each byte counts: statements are canonical, a record is hashed as it stands, and the end signs a digest of everything;
- a seal is believed only if a trusted key signed it, and only in its place of the chain;
- an audit that is not there is `purged` only up to a moment that a believed statement names, and only if that moment
  was past the retention which the same statement names; any other is `deleted`;
- nothing is trusted because it fits: whatever does not is named with its line.
"""

import base64
import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TypeVar

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from claimlens.domain.bundle import Breach, Broken, Checked
from claimlens.domain.seal import (
    BUNDLE_LINE,
    NOTHING_BEFORE,
    SCHEMA,
    SEAL_LINE,
    Bundle,
    Member,
    Seal,
    Signed,
    key_name,
    packed,
    statement_of,
    unpacked,
)
from claimlens.domain.tenant import LEAST_RETENTION_DAYS
from claimlens.kit.merkle import leaf_hash, root_of
from claimlens.usecases.bundles import END_START, SEAL_START

_Statement = TypeVar("_Statement", Seal, Bundle)

#: No more findings are listed one by one; all are counted.
MOST_LISTED = 100


class _SealLine(msgspec.Struct, forbid_unknown_fields=True):
    members: str | None
    seal: msgspec.Raw
    signature: str


class _EndLine(msgspec.Struct, forbid_unknown_fields=True):
    bundle: msgspec.Raw
    signature: str


class BundleCheck:
    """Takes the lines of one bundle in order, with `feed`, and says at the `end` what they are worth."""

    def __init__(self, public_keys: Sequence[bytes], *, tenant_id: str = "", head: str = "") -> None:
        """`tenant_id`: whose it must be. `head`: the digest of a seal, known from elsewhere, that must be in it."""
        self._keys = {key_name(key): Ed25519PublicKey.from_public_bytes(key) for key in public_keys}
        self._tenant = tenant_id
        self._wanted_head = head
        self._line = 0
        self._content = hashlib.sha256()
        self._counts: Counter[Breach] = Counter()
        self._broken: list[Broken] = []
        self._open: _OpenSeal | None = None
        self._first: Seal | None = None
        self._last: Seal | None = None
        self._head = ""
        self._records = 0
        self._missing: list[Member] = []
        self._dropped: list[Seal] = []
        self._purged_to: datetime | None = None
        self._end: Bundle | None = None
        self._ended = False

    def feed(self, line: bytes) -> None:
        """Take a line, with its line feed."""
        self._line += 1
        if self._ended:
            self._found(Breach.INSERTED, "something follows the end of the bundle")
            return
        if not line.endswith(b"\n"):
            self._found(Breach.CUT, "the line has no end")
        text = line.removesuffix(b"\n")
        if text.startswith(END_START):
            self._close_seal()
            self._take_end(text)
            return
        self._content.update(line)
        if text.startswith(SEAL_START):
            self._close_seal()
            self._take_seal(text)
        else:
            self._take_record(text)

    def end(self) -> Checked:
        """What the bundle is worth, once every line was fed."""
        if not self._ended:
            self._close_seal()
            self._line = 0
            self._found(Breach.CUT, "the end of the bundle is missing")
        purged = self._judge_missing()
        if self._wanted_head:
            self._line = 0
            self._found(Breach.CUT, f"the seal {self._wanted_head} is not in it")
        return Checked(
            holds=not self._counts,
            tenant_id=self._tenant,
            first_seal=self._first.number if self._first else 0,
            last_seal=self._last.number if self._last else 0,
            head=self._head,
            records=self._records,
            purged=purged,
            unsealed=self._end.unsealed if self._end else 0,
            exported_at=self._end.exported_at if self._end else None,
            counts={str(breach): count for breach, count in sorted(self._counts.items())},
            broken=tuple(self._broken),
        )

    def _take_seal(self, text: bytes) -> None:
        try:
            line = msgspec.json.decode(text, type=_SealLine)
            signed = Signed(bytes(line.seal), _unhexed(line.signature))
            seal = _zoned(msgspec.json.decode(signed.statement, type=Seal))
            members = None if line.members is None else base64.b64decode(line.members, validate=True)
            listed = None if members is None else unpacked(members)
        except ValueError as error:  # of msgspec, of base64, and bytes that are no UTF-8
            self._found(Breach.REPLACED_SEAL, f"this is no seal: {error}")
            return
        rebuilt = msgspec.json.encode({"members": line.members, "seal": line.seal, "signature": signed.signature.hex()})
        if rebuilt != text or statement_of(seal) != signed.statement or seal.schema != SCHEMA:
            self._found(Breach.REPLACED_SEAL, f"seal {seal.number} is not in canonical form of schema {SCHEMA}")
        believed = self._signed(SEAL_LINE, signed, seal.key, f"seal {seal.number}", Breach.REPLACED_SEAL)
        if believed:
            self._believe_purge(seal.purged_to, seal.sealed_at, seal.retention_days)
        self._chain(seal)
        if listed is None:
            self._dropped.append(seal)
        else:
            self._hold_to_statement(seal, listed)
        self._first = self._first or seal
        self._last, self._head = seal, signed.digest()
        if self._head == self._wanted_head:
            self._wanted_head = ""
        self._open = _OpenSeal(seal, listed or [])

    def _chain(self, seal: Seal) -> None:
        """The seal's place: whose, which number, which sequence numbers, after which seal."""
        self._tenant = self._tenant or seal.tenant_id
        last = self._last
        wrong = Breach.FOREIGN if seal.tenant_id != self._tenant else Breach.REPLACED_SEAL
        if seal.tenant_id != self._tenant:
            self._found(wrong, f"seal {seal.number} is of the tenant {seal.tenant_id!r}, not of {self._tenant!r}")
        if last is None:
            if (seal.number == 1) != (seal.previous == NOTHING_BEFORE) or (seal.number == 1) != (seal.first_seq == 1):
                self._found(wrong, f"seal {seal.number} cannot be the first of the bundle")
            return
        if seal.number != last.number + 1:
            kind = Breach.CUT if seal.number > last.number else Breach.REORDERED
            self._found(kind, f"seal {seal.number} stands after seal {last.number}")
        elif seal.previous != self._head or seal.first_seq != last.first_seq + last.count:
            self._found(wrong, f"seal {seal.number} was not made after the seal before it")
        if seal.sealed_at < last.sealed_at:
            self._found(wrong, f"seal {seal.number} is older than the one before it")

    def _hold_to_statement(self, seal: Seal, members: list[Member]) -> None:
        """The list of members beside the statement that speaks of it."""
        if hashlib.sha256(packed(members)).hexdigest() != seal.members:
            self._found(Breach.EDITED, f"the list of members of seal {seal.number} is not the one that was sealed")
            return
        in_order = all((a.ts, a.id) < (b.ts, b.id) for a, b in pairwise(members))
        ends = members and (members[0].ts, members[-1].ts) == (seal.first_ts, seal.last_ts)
        fits = len(members) == seal.count and root_of([member.leaf for member in members]).hex() == seal.root
        if not (in_order and ends and fits and seal.sealed_at >= seal.last_ts):
            self._found(Breach.REPLACED_SEAL, f"seal {seal.number} contradicts itself")

    def _take_record(self, text: bytes) -> None:
        self._records += 1
        seal = self._open
        said = _said(text)
        if said and self._tenant and said[0] != self._tenant:
            self._found(Breach.FOREIGN, f"an audit of the tenant {said[0]!r}")
            return
        if seal is None:
            self._found(Breach.INSERTED, "an audit under no seal")
            return
        place = seal.places.get(leaf_hash(text))
        if place is None:
            known = said is not None and said[1] in seal.ids
            which = f"audit {said[1]!r:.50}" if said else "a line"
            if known and said is not None:
                seal.seen.add(seal.ids[said[1]])
            self._found(
                Breach.EDITED if known or said is None else Breach.INSERTED,
                f"{which} is not as it was sealed" if known or said is None else f"{which} is not under this seal",
            )
            return
        if place in seal.seen:
            self._found(Breach.INSERTED, f"audit {seal.members[place].id} stands here once more")
        elif place < seal.reached:
            self._found(Breach.REORDERED, f"audit {seal.members[place].id} stands behind a later one")
        member = seal.members[place]
        if said is not None and said[1:] != (member.id, member.ts):
            self._found(Breach.FOREIGN, f"audit {member.id} was sealed under the name of another one")
        seal.seen.add(place)
        seal.reached = max(seal.reached, place)

    def _close_seal(self) -> None:
        if self._open is not None:
            self._missing += [m for place, m in enumerate(self._open.members) if place not in self._open.seen]
            self._open = None

    def _take_end(self, text: bytes) -> None:
        self._ended = True
        try:
            line = msgspec.json.decode(text, type=_EndLine)
            signed = Signed(bytes(line.bundle), _unhexed(line.signature))
            end = _zoned(msgspec.json.decode(signed.statement, type=Bundle))
        except ValueError as error:
            self._found(Breach.CUT, f"this is no end of a bundle: {error}")
            return
        rebuilt = msgspec.json.encode({"bundle": line.bundle, "signature": signed.signature.hex()})
        if rebuilt != text or statement_of(end) != signed.statement or end.schema != SCHEMA:
            self._found(Breach.EDITED, f"the end is not in canonical form of schema {SCHEMA}")
        if not self._signed(BUNDLE_LINE, signed, end.key, "the end", Breach.EDITED):
            return
        self._end = end
        self._believe_purge(end.purged_to, end.exported_at, end.retention_days)
        self._tenant = self._tenant or end.tenant_id
        if end.tenant_id != self._tenant:
            self._found(Breach.FOREIGN, f"the end is of the tenant {end.tenant_id!r}, not of {self._tenant!r}")
        seen = (self._first.number, self._last.number) if self._first and self._last else (0, 0)
        if (end.first_seal, end.last_seal, end.head) != (*seen, self._head):
            self._found(
                Breach.CUT,
                f"the bundle was made of seals {end.first_seal} to {end.last_seal}, here are {seen[0]} to {seen[1]}"
                if (end.first_seal, end.last_seal) != seen
                else "the bundle was made with another last seal",
            )
        if end.records != self._records:
            self._found(
                Breach.DELETED if end.records > self._records else Breach.INSERTED,
                f"the bundle was made with {end.records} audits, here are {self._records}",
            )
        if end.content != self._content.hexdigest() and not self._counts:
            self._found(Breach.EDITED, "the bundle is not the one that was made")

    def _believe_purge(self, purged_to: datetime | None, said_at: datetime, days: int) -> None:
        if purged_to is None:
            return
        if days < LEAST_RETENTION_DAYS or purged_to >= said_at - timedelta(days=days):
            self._found(Breach.DELETED, f"audits up to {purged_to:%Y-%m-%d %H:%M:%SZ} were removed within retention")
        elif self._purged_to is None or purged_to > self._purged_to:
            self._purged_to = purged_to

    def _judge_missing(self) -> int:
        """What is not there, told apart; how many are gone by retention."""
        purged = 0
        limit = self._purged_to
        for member in self._missing:
            if limit is not None and member.ts <= limit:
                purged += 1
            else:
                self._line = 0
                self._found(Breach.DELETED, f"audit {member.id} of {member.ts:%Y-%m-%d %H:%M:%SZ} is not there")
        for seal in self._dropped:
            if limit is not None and seal.last_ts <= limit:
                purged += seal.count
            else:
                self._line = 0
                self._found(Breach.DELETED, f"the {seal.count} audits of seal {seal.number} are not there")
        return purged

    def _signed(self, kind: bytes, signed: Signed, key: str, what: str, breach: Breach) -> bool:
        trusted = self._keys.get(key)
        if trusted is None:
            self._found(breach, f"{what} was signed with the key {key!r:.40}, which is none of the trusted ones")
            return False
        try:
            trusted.verify(signed.signature, kind + signed.statement)
        except InvalidSignature:
            self._found(breach, f"the signature of {what} is not by the key it names")
            return False
        return True

    def _found(self, breach: Breach, detail: str) -> None:
        self._counts[breach] += 1
        if len(self._broken) < MOST_LISTED:
            self._broken.append(Broken(breach, self._line, detail))


class _OpenSeal:
    """The seal whose audits come now."""

    def __init__(self, seal: Seal, members: list[Member]) -> None:
        self.seal = seal
        self.members = members
        self.places = {member.leaf: place for place, member in enumerate(members)}
        self.ids = {member.id: place for place, member in enumerate(members)}
        self.seen: set[int] = set()
        self.reached = -1


def check_bundle(
    lines: Iterable[bytes], public_keys: Sequence[bytes], *, tenant_id: str = "", head: str = ""
) -> Checked:
    """What a bundle is worth; see `BundleCheck`."""
    check = BundleCheck(public_keys, tenant_id=tenant_id, head=head)
    for line in lines:
        check.feed(line)
    return check.end()


def _said(text: bytes) -> tuple[str, str, datetime] | None:
    """Whose audit a record says it is, which one and of when; None for what is no record."""
    try:
        record = msgspec.json.decode(text, type=_Names)
    except ValueError:  # msgspec's errors, and bytes that are no UTF-8
        return None
    return record.tenant_id, record.audit_id, record.ts


class _Names(msgspec.Struct):
    tenant_id: str
    audit_id: str
    ts: datetime


def _zoned(statement: _Statement) -> _Statement:
    """Raises ValueError if a moment of the statement has no zone: it could not be compared."""
    for name in statement.__struct_fields__:
        value = getattr(statement, name)
        if isinstance(value, datetime) and value.tzinfo is None:
            raise ValueError(f"{name} has no zone")
    return statement


def _unhexed(text: str) -> bytes:
    """Raises ValueError unless the text is lower-case hex, the one way to write a signature."""
    data = bytes.fromhex(text)
    if data.hex() != text:
        raise ValueError("a signature is not in lower-case hex")
    return data
