"""The services that a verdict may ask, and how each of them is."""

from datetime import datetime
from enum import StrEnum

import msgspec

OCR_LABEL = "ocr.label"
UNIT_CONVERT = "unit.convert"
RECALL_LOOKUP = "recall.lookup"
ALT_SUGGESTER = "alt.suggester"
#: In the order in which they are shown.
SERVICES = (OCR_LABEL, UNIT_CONVERT, RECALL_LOOKUP, ALT_SUGGESTER)


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What the server of a service and its clients agree on.

    The one `tool` takes `payloads`, 1 to `most_payloads` objects in a request of at most `most_bytes`, and gives
    `answers`, an object for each in the same order. `port` is where `claimlens mcp serve` listens if not told.
    """

    tool: str
    port: int
    most_payloads: int
    most_bytes: int


TERMS = {
    # Base64 makes four bytes of three: the largest image of a request is 15 MB.
    OCR_LABEL: Terms(tool="read_label", port=7001, most_payloads=4, most_bytes=24 * 1024 * 1024),
    UNIT_CONVERT: Terms(tool="convert_units", port=7002, most_payloads=1_000, most_bytes=4 * 1024 * 1024),
    RECALL_LOOKUP: Terms(tool="lookup_recalls", port=7003, most_payloads=1_000, most_bytes=4 * 1024 * 1024),
    ALT_SUGGESTER: Terms(tool="suggest_alternatives", port=7004, most_payloads=1_000, most_bytes=8 * 1024 * 1024),
}


class BreakerState(StrEnum):
    """`open`: no time is spent on the service. `half-open`: one call at a time finds out whether it is back."""

    CLOSED = "closed"
    HALF_OPEN = "half-open"
    OPEN = "open"


class ServiceState(msgspec.Struct, frozen=True, kw_only=True):
    """A service as this process sees it.

    `transport` is `in-process`, `mcp` or `off` (switched off by an operator, until `off_until`). `since` is when the
    breaker came into its state or the service was switched off, `p95_ms` that of the last answers, `failure` the last
    one in a line for operators.
    """

    service: str
    transport: str
    breaker: BreakerState = BreakerState.CLOSED
    since: datetime | None = None
    last_success: datetime | None = None
    last_failure: datetime | None = None
    failure: str = ""
    p95_ms: float | None = None
    off_until: datetime | None = None
    off_reason: str = ""

    @property
    def is_out(self) -> bool:
        """Whether requests go without it at this moment."""
        return self.breaker is not BreakerState.CLOSED or self.transport == "off"
