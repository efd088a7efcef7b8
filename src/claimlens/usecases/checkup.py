"""The check-up of an installation: what figures mean, and a round that nothing can stop.

What is measured comes in as values (`wiring/checkup.py` measures); here is decided whether it is well.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta

from claimlens.domain.checkup import Checkup, Level, Line
from claimlens.domain.errors import ClaimLensError

#: How long each question may take, in seconds.
PATIENCE_S = 8.0
#: Clocks further apart than this: seals, sessions and codes of authenticators begin to differ; then they fail.
_APART_WARN, _APART_FAIL = timedelta(seconds=2), timedelta(seconds=30)
#: Backups and purges are daily.
_LATE, _MUCH_TOO_LATE = timedelta(hours=26), timedelta(days=3)
_DRILL_LATE, _MAINTAINED_LATE = timedelta(days=45), timedelta(days=45)
_GIB = 1 << 30
#: Different characters at least of a secret that was drawn and not thought up.
_LEAST_CHARACTERS = 10

Probe = Callable[[], Awaitable[Sequence[Line]]]


async def look(probes: Mapping[str, Probe], now: datetime) -> Checkup:
    """Everything at once; a question that is not answered, or that breaks, is a line like others."""

    async def asked(name: str, probe: Probe) -> Sequence[Line]:
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await probe()
        except TimeoutError:
            return [Line(name=name, level=Level.FAIL, found=f"no answer within {PATIENCE_S:g} s")]
        except ClaimLensError as error:
            return [Line(name=name, level=Level.FAIL, found=_one_line(error))]
        except Exception as error:  # a check-up that stops at the first surprise would be of no use
            return [Line(name=name, level=Level.FAIL, found=f"{type(error).__name__}: {_one_line(error)}")]

    found = await asyncio.gather(*(asked(name, probe) for name, probe in probes.items()))
    return Checkup(timestamp=now, lines=tuple(line for lines in found for line in lines))


def clock(apart: timedelta) -> Line:
    """This machine's clock beside the database's."""
    said = f"{apart.total_seconds():+.3f} s from the database's"
    level = _graded(abs(apart), _APART_WARN, _APART_FAIL)
    return _line("clock", level, said, "run a time service (chrony) on both machines")


def connections(used: int, most: int, pool: int) -> Line:
    """Connections of the database server, and what this process may open."""
    free = most - used
    said = f"{used} of {most} in use, {free} free; a pool takes {pool}"
    level = Level.FAIL if free <= 0 else Level.WARN if used > most * 0.8 else Level.OK
    return _line("connections", level, said, "lower DATABASE_MAX_CONNECTIONS, or raise max_connections of the server")


def replica(lag_s: float | None, most_s: float) -> Line:
    """How far the replica is behind; None: it does not answer."""
    if lag_s is None:
        return _line("replica", Level.WARN, "does not answer; reads go to the primary", "look after the replica")
    level = Level.WARN if lag_s > most_s else Level.OK
    return _line("replica", level, f"{lag_s:.1f} s behind", "reads go to the primary; look after the replica")


def disk(name: str, path: str, free: int, total: int) -> Line:
    """Room on a disk, in bytes."""
    share = free / max(total, 1)
    said = f"{free / _GIB:.1f} GiB free ({share:.0%}) at {path}"
    scarce, gone = share < 0.1 and free < 10 * _GIB, share < 0.02 and free < _GIB
    return _line(name, Level.FAIL if gone else Level.WARN if scarce else Level.OK, said, "make room on this disk")


def last(name: str, at: datetime | None, now: datetime, advice: str, *, monthly: bool = False) -> Line:
    """When something was done last that is due every day, or every month."""
    if at is None:
        return _line(name, Level.NOTE if monthly else Level.WARN, "none on record", advice)
    age = now - at
    late = (_DRILL_LATE, timedelta.max) if monthly else (_LATE, _MUCH_TOO_LATE)
    return _line(name, _graded(age, *late), f"{_age(age)} ago, {at:%Y-%m-%d %H:%MZ}", advice)


def sealing(oldest: datetime | None, now: datetime, interval: timedelta) -> Line:
    """The oldest audit that no seal covers."""
    if oldest is None:
        return _line("seals", Level.OK, "every audit is sealed")
    age = now - oldest
    level = _graded(age, 2 * interval + timedelta(minutes=5), timedelta(days=1))
    advice = "a worker seals every few minutes: see that one runs (`claimlens worker`) and its log"
    return _line("seals", level, f"the oldest audit without a seal is {_age(age)} old", advice)


def secret(name: str, value: bytes) -> Line:
    """Whether a secret looks drawn."""
    if len(set(value)) < _LEAST_CHARACTERS:
        said = f"{len(value)} characters, only {len(set(value))} different ones"
        return _line(name, Level.WARN, said, "draw one: openssl rand -hex 32, then docs/how-to/rotate-secrets.md")
    return _line(name, Level.OK, f"{len(value)} characters")


def permissions(name: str, path: str, mode: int) -> Line:
    """Whether others may read a file or a folder that is nobody else's business."""
    if mode & 0o077:
        return _line(name, Level.WARN, f"others may read {path} (mode {mode & 0o777:03o})", f"chmod go= {path}")
    return _line(name, Level.OK, f"{path} is its owner's alone")


def _line(name: str, level: Level, found: str, advice: str = "") -> Line:
    return Line(name=name, level=level, found=found, advice="" if level is Level.OK else advice)


def _graded(figure: timedelta, warn: timedelta, fail: timedelta) -> Level:
    return Level.FAIL if figure > fail else Level.WARN if figure > warn else Level.OK


def _age(age: timedelta) -> str:
    seconds = age.total_seconds()
    for unit, length in (("days", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"


def _one_line(error: BaseException) -> str:
    return (str(error).splitlines() or [""])[0]
