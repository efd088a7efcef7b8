"""Promises of the runbook, each a function that keeps it or raises, and how they went."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import NamedTuple

import msgspec

from tests.walk.site import Site

_LONGEST, _LONGEST_FAILURE = 300, 3_000


class Outcome(StrEnum):
    """`NOT_RUN` has a check beside it that held."""

    OK = "ok"
    FAILED = "FAILED"
    NOT_RUN = "not run here"

    @property
    def is_well(self) -> bool:
        return self in (Outcome.OK, Outcome.NOT_RUN)


class Promise(NamedTuple):
    """`keep` does it and says what was seen. `because`: why it is only a stand-in."""

    section: str
    done: str
    keep: Callable[[Site], str]
    because: str


class Line(msgspec.Struct):
    """How a promise went."""

    section: str
    done: str
    outcome: Outcome
    seen: str
    seconds: float

    def __str__(self) -> str:
        return f"{self.section:<4} {self.outcome:<12} {self.seconds:5.1f} s  {self.done}: {self.seen}"


class Section:
    """The promises of a section, in the order in which they are written down."""

    def __init__(self, number: str) -> None:
        self.number = number
        self.promises: list[Promise] = []

    def promise(self, done: str) -> Callable[[Callable[[Site], str]], Callable[[Site], str]]:
        """A function that does it and tells what was seen; any exception means that it is broken."""
        return self._added(done, "")

    def stands_in(self, done: str, because: str) -> Callable[[Callable[[Site], str]], Callable[[Site], str]]:
        """A check in place of what cannot be run here, and why not."""
        return self._added(done, because)

    def _added(self, done: str, because: str) -> Callable[[Callable[[Site], str]], Callable[[Site], str]]:
        def add(keep: Callable[[Site], str]) -> Callable[[Site], str]:
            self.promises.append(Promise(self.number, done, keep, because))
            return keep

        return add


def walked(site: Site, promises: list[Promise]) -> Iterator[Line]:
    """Keep them one after the other; a broken one does not stop the walk."""
    for promise in promises:
        began = time.monotonic()
        outcome, seen = _kept(site, promise)
        one_line = " ".join(seen.split())
        most = _LONGEST if outcome.is_well else _LONGEST_FAILURE
        shown = one_line if len(one_line) <= most else f"{one_line[: most // 2]} … {one_line[-most // 2 :]}"
        yield Line(f"§{promise.section}", promise.done, outcome, shown, round(time.monotonic() - began, 2))


def _kept(site: Site, promise: Promise) -> tuple[Outcome, str]:
    try:
        seen = promise.keep(site)
    except subprocess.CalledProcessError as error:
        return Outcome.FAILED, f"exit code {error.returncode}: {error.stderr or error.stdout}"
    except Exception as error:  # whatever it is, the promise is broken and the walk goes on
        where = sys.exc_info()[2]
        while where is not None and where.tb_next is not None and "walk" in where.tb_next.tb_frame.f_code.co_filename:
            where = where.tb_next
        line = f"{where.tb_frame.f_code.co_name}, line {where.tb_lineno}" if where is not None else ""
        return Outcome.FAILED, f"{type(error).__name__} in {line}: {error}"
    return (Outcome.NOT_RUN, f"because {promise.because}; instead: {seen}") if promise.because else (Outcome.OK, seen)
