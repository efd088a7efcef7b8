"""Log lines: JSON on standard error, one a line, never with bodies, keys or personal data."""

import logging
import sys
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any, TextIO

import msgspec
import structlog

_encoder = msgspec.json.Encoder(enc_hook=str)
#: Loggers of libraries whose chatter is ours to tell: every request has its own line, every start and stop too.
_QUIET = ("uvicorn.access", "httpx", "httpcore", "aiosqlite", "alembic")


def set_up_logs(stream: TextIO | None = None, *, debug: bool = False) -> None:
    """Send structlog's and the standard library's log lines to `stream` as JSON."""
    global _out
    out = _out = _Lines(stream or sys.stderr)
    structlog.configure(
        processors=[_stamped, structlog.processors.format_exc_info, _rendered],
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
    """The line of a request that went as expected: the same line by a shorter way, for there is one for each."""
    if _out is None:
        structlog.get_logger().info(event, **fields)
    else:
        _out.info(_encoder.encode({"ts": _now(), "level": "INFO", "event": event, **fields}).decode())


def _stamped(_: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {"ts": _now(), "level": method.upper(), "event": event.pop("event", ""), **event}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def _rendered(_: Any, __: str, event: MutableMapping[str, Any]) -> str:
    return _encoder.encode(event).decode()


class _Lines:
    """Where lines go. A log that nobody can read any more stops no request."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def _write(self, line: str) -> None:
        try:
            self._stream.write(line + "\n")
            self._stream.flush()
        except (OSError, ValueError):
            return

    debug = info = warning = error = critical = exception = _write


class _Forward(logging.Handler):
    """Passes what libraries log on to structlog."""

    def emit(self, record: logging.LogRecord) -> None:
        log = structlog.get_logger()
        log.log(max(record.levelno, logging.DEBUG), record.getMessage(), logger=record.name, exc_info=record.exc_info)


_out: _Lines | None = None
