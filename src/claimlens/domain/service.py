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


class BreakerState(StrEnum):
    """`open`: no time is spent on the service. `half-open`: one call at a time finds out whether it is back."""

    CLOSED = "closed"
    HALF_OPEN = "half-open"
    OPEN = "open"


class ServiceState(msgspec.Struct, frozen=True, kw_only=True):
    """A service as this process sees it.

    `transport` is `in-process`, `mcp` or `off` (switched off by an operator, until `off_until`). `since` is when the
    breaker came into its state, `p95_ms` that of the last answers, `failure` the last one in a line for operators.
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
