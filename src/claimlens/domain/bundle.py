"""What a check of a bundle comes to."""

from datetime import datetime
from enum import StrEnum

import msgspec


class Breach(StrEnum):
    """What can be wrong with a bundle."""

    EDITED = "edited"
    DELETED = "deleted"
    REORDERED = "reordered"
    INSERTED = "inserted"
    FOREIGN = "foreign"
    REPLACED_SEAL = "replaced_seal"
    CUT = "cut"


class Broken(msgspec.Struct, frozen=True):
    """One thing that is wrong: its kind, the line (counted from 1; 0: the whole), what and why."""

    breach: Breach
    line: int
    detail: str


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What a check came to. `records` were there, `purged` are gone by retention, `unsealed` had no seal yet.

    `head` is the digest of the last seal. `counts` counts what is wrong by kind, `broken` lists the first of it.
    """

    holds: bool
    tenant_id: str
    first_seal: int
    last_seal: int
    head: str
    records: int
    purged: int
    unsealed: int
    exported_at: datetime | None
    counts: dict[str, int]
    broken: tuple[Broken, ...]
