"""How far a statement reaches: the one place where a scope becomes a condition."""

import sqlalchemy as sa

from claimlens.domain.tenant import PlatformScope, Reach
from claimlens.kit.wellformed import is_wellformed


def within(table: sa.Table, reach: Reach) -> sa.ColumnElement[bool]:
    """The rows of a table that may be touched: those of one tenant, or all."""
    if isinstance(reach, PlatformScope):
        return sa.true()
    return is_text(table.c.tenant_id, reach.tenant_id)


def is_text(column: sa.Column[str], text: str) -> sa.ColumnElement[bool]:
    """Whether a column holds a text that came from outside: what no store can hold, no row holds."""
    return column == text if is_storable(text) else sa.false()


def is_storable(text: str) -> bool:
    """Whether both stores can hold the text; PostgreSQL knows no NUL character."""
    return "\0" not in text and is_wellformed(text)
