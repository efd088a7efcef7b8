"""Log lines: JSON on standard error, one a line, never with bodies, keys or personal data.

Fields: `docs/reference/logs.md`. A line that is written while a request is answered says which one.
"""

import contextlib
import logging
import sys
import time
from collections.abc import Callable, MutableMapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Protocol, TextIO

import msgspec
import structlog

from claimlens.entry.web.log_errors import cleared, traceback_of
from claimlens.entry.web.log_sampling import Sampling


class Around(Protocol):
    """What a line is written in the middle of."""

    def log_fields(self) -> dict[str, Any]:
        """What every line about it says."""
        ...


#: The request that is being answered.
around: ContextVar[Around | None] = ContextVar("around", default=None)

_encoder = msgspec.json.Encoder(enc_hook=str)
#: Loggers of libraries whose chatter is ours to tell: every request has its own line, every start and stop too.
_QUIET = ("uvicorn.access", "httpx", "httpcore", "aiosqlite", "alembic")
#: Fields that hold words somebody else may have chosen.
_WORDS = ("reason", "error", "detail")


def set_up_logs(
    stream: TextIO | None = None, *, debug: bool = False, moment: Callable[[], float] = time.monotonic
) -> None:
    """Send structlog's and the standard library's log lines to `stream` as JSON; `moment` is a clock in seconds."""
    global _out, _sampling
    out = _out = _Lines(stream or sys.stderr)
    _sampling = Sampling(moment)
    structlog.configure(
        processors=[_stamped, _cleared, _rendered],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG if debug else logging.INFO),
        logger_factory=lambda *_: out,
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers[:] = [_Forward()]
    root.setLevel(logging.WARNING)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.ERROR)


def request_line(event: str, fields: dict[str, Any]) -> None:
    """The line of a request that went as expected: by a shorter way, for there is one for each.

    Of more than 1,000 in a second only some are kept; `weight` says how many such a line stands for.
    """
    if (weight := _sampling.weight()) > 1:
        fields["weight"] = weight
    if weight:
        if _out is None:
            structlog.get_logger().info(event, **fields)
        else:
            _out.info(_encoder.encode({"ts": _now(), "level": "INFO", "event": event, **fields}).decode())
    if dropped := _sampling.news():
        _tell_dropped(dropped)


def lines_dropped() -> int:
    """How many ordinary lines of this process were left out."""
    return _sampling.dropped


def end_logs() -> None:
    """Say what is left to say of lines that were left out, at the end of a process."""
    if dropped := _sampling.rest():
        _tell_dropped(dropped)


def _tell_dropped(dropped: int) -> None:
    structlog.get_logger().info("log_lines_dropped", dropped=dropped, reason="more than 1,000 requests a second")


def _stamped(_: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    line: dict[str, Any] = {"ts": _now(), "level": method.upper(), "event": event.pop("event", "")}
    if (answering := around.get()) is not None:
        line.update(answering.log_fields())
    line.update(structlog.contextvars.get_contextvars())
    line.update(event)
    return line


def _cleared(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Words and errors without personal data, for whoever wrote them may have quoted what somebody sent."""
    if event.pop("logger_of_library", False):
        event["event"] = cleared(event["event"])
    for name in _WORDS:
        if isinstance(words := event.get(name), str) and words:
            event[name] = cleared(words)
    error = event.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()[1]
    elif isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        event.setdefault("reason", type(error).__qualname__)
        event["exception"] = traceback_of(error)
    return event


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def _rendered(_: Any, __: str, event: MutableMapping[str, Any]) -> str:
    return _encoder.encode(event).decode()


class _Lines:
    """Where lines go. A log that nobody can read any more stops no request."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def _write(self, line: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(line + "\n")
            self._stream.flush()

    debug = info = warning = error = critical = exception = _write


class _Forward(logging.Handler):
    """Passes what libraries log on to structlog."""

    def emit(self, record: logging.LogRecord) -> None:
        log = structlog.get_logger()
        log.log(
            max(record.levelno, logging.DEBUG),
            record.getMessage(),
            logger=record.name,
            exc_info=record.exc_info,
            logger_of_library=True,
        )


_out: _Lines | None = None
_sampling = Sampling()
