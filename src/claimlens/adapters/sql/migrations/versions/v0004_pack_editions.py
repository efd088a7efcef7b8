"""Editions of the rule packs that were served, so that one can be held against another."""

import sqlalchemy as sa
from alembic import op

from claimlens.adapters.sql.moment import UtcText

revision = "0004"
down_revision: str | None = "0003"

_Moment = sa.DateTime(timezone=True).with_variant(UtcText(), "sqlite")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "pack_editions",
        sa.Column("pack", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("versions", sa.Text, nullable=False),
        sa.Column("since", _Moment, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("pack", "digest", name="pk_pack_editions"),
    )
