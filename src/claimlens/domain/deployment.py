"""What was started where and when: what an operator asks first when something has gone wrong."""

import re
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

import msgspec


class DeploymentKind(StrEnum):
    """`start` of a process; the others as an operator or a script says, or a start of an older version than before."""

    START = "start"
    ROLLBACK = "rollback"
    DEPLOY = "deploy"


class Deployment(msgspec.Struct, frozen=True, kw_only=True):
    """One start or what somebody said of one. `packs`: pack → digest; `part`: `server`, `worker`, or what was said."""

    id: str
    ts: datetime
    kind: DeploymentKind
    part: str
    version: str
    migration: str
    packs: Mapping[str, str]
    host: str
    note: str = ""


def is_older(version: str, than: str) -> bool:
    """Whether a version is an older one, by its numbers; not if they cannot be told apart by them."""
    return () < _numbers(version) < _numbers(than)


def _numbers(version: str) -> tuple[int, ...]:
    found = re.match(r"\d{1,9}(?:\.\d{1,9})*", version)
    return tuple(int(number) for number in found[0].split(".")) if found else ()
