"""Keys that the installation makes itself: what digests hang on, and what signs seals."""

import sqlalchemy as sa
from alembic import op

from claimlens.adapters.sql.moment import UtcText

revision = "0003"
down_revision: str | None = "0002"

_Moment = sa.DateTime(timezone=True).with_variant(UtcText(), "sqlite")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "installation_keys",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("public_key", sa.LargeBinary),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("created_at", _Moment, nullable=False),
        sa.Column("retired_at", _Moment),
        sa.PrimaryKeyConstraint("id", name="pk_installation_keys"),
    )
    op.create_index(
        "ix_installation_keys_in_force",
        "installation_keys",
        ["kind"],
        unique=True,
        postgresql_where=sa.text("retired_at IS NULL"),
        sqlite_where=sa.text("retired_at IS NULL"),
    )
