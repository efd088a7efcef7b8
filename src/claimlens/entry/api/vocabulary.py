"""Parameters of the query that several routes share."""

from claimlens.domain.verdict import Outcome
from claimlens.entry.api.spec import Parameter
from claimlens.usecases.pages import LEAST_ROWS, MOST_ROWS, USUAL_ROWS

_DAY_OR_MOMENT = {
    "type": "string",
    "anyOf": [{"format": "date"}, {"format": "date-time"}],
}

CURSOR = Parameter(
    name="cursor",
    about="Where the last page ended: its `next_cursor`. Empty: the first page.",
    schema={"type": "string"},
)
LIMIT = Parameter(
    name="limit",
    about="Rows of the page.",
    schema={"type": "integer", "minimum": LEAST_ROWS, "maximum": MOST_ROWS, "default": USUAL_ROWS},
    example="50",
)
TENANT = Parameter(
    name="tenant_id",
    about="One tenant only. Without it: your own; for a platform administrator all of them.",
    schema={"type": "string", "pattern": "^[a-z0-9][a-z0-9-]{1,62}$"},
    example="tenant-001",
)
START = Parameter(
    name="start_date",
    about="From this day (YYYY-MM-DD, UTC) or moment (RFC 3339) on.",
    schema=_DAY_OR_MOMENT,
    example="2026-11-01",
)
END = Parameter(
    name="end_date",
    about="Up to the end of this day (it is included), or up to this moment.",
    schema=_DAY_OR_MOMENT,
    example="2026-11-30",
)
VERDICT = Parameter(
    name="verdict", about="Of this outcome only.", schema={"type": "string", "enum": [str(each) for each in Outcome]}
)
