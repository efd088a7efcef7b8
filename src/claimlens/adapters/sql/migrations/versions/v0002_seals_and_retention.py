"""Seals of audits, what retention removed, runs of upkeep, and triggers that keep audits which must be kept.

A DELETE of audits, by whomever, passes over those of a tenant under legal hold and those within their tenant's
retention; what went and what stayed is counted by tenant and day. Two things that the program says inside a transaction
change that (`adapters/sql/deleting.py`): which tenant is being erased, and what the purge takes for now.

Audits from before this step come under no seal: nobody took their hashes when they were answered.
"""

import sqlalchemy as sa
from alembic import op

from claimlens.adapters.sql.moment import UtcText

revision = "0002"
down_revision: str | None = "0001"

_Id = sa.Uuid(as_uuid=False)
_Moment = sa.DateTime(timezone=True).with_variant(UtcText(), "sqlite")


def upgrade() -> None:
    """Make the tables, the two columns of `tenants` and the triggers."""
    _tables()
    op.add_column("tenants", sa.Column("retention_days", sa.Integer, nullable=False, server_default="365"))
    op.add_column("tenants", sa.Column("legal_hold", sa.Boolean, nullable=False, server_default=sa.false()))
    on_postgresql = op.get_context().dialect.name == "postgresql"
    days, hold = (
        f"CAST(settings AS jsonb) ->> '{name}'" if on_postgresql else f"json_extract(settings, '$.{name}')"
        for name in ("retention_days", "legal_hold")
    )
    op.execute(
        f"UPDATE tenants SET retention_days = coalesce(CAST({days} AS integer), 365),"
        f" legal_hold = coalesce(CAST({hold} AS boolean), false)"
    )
    for statement in _POSTGRESQL if on_postgresql else _SQLITE:
        op.execute(sa.text(statement))


def _tables() -> None:
    op.create_table(
        "unsealed_audits",
        _text("tenant_id"),
        _moment("ts"),
        sa.Column("id", _Id, nullable=False),
        _bytes("leaf"),
        sa.PrimaryKeyConstraint("tenant_id", "ts", "id", name="pk_unsealed_audits"),
    )
    op.create_table(
        "seals",
        _text("tenant_id"),
        sa.Column("number", sa.Integer, nullable=False),
        _moment("first_ts"),
        _moment("last_ts"),
        _bytes("statement"),
        _bytes("signature"),
        _bytes("members", nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "number", name="pk_seals"),
    )
    op.create_index("ix_seals_tenant_id_last_ts", "seals", ["tenant_id", "last_ts"])
    op.create_table(
        "audit_purges",
        _text("tenant_id"),
        _text("day"),
        sa.Column("removed", sa.BigInteger, nullable=False),
        sa.Column("kept", sa.BigInteger, nullable=False),
        _moment("latest", nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "day", name="pk_audit_purges"),
    )
    op.create_table(
        "runs",
        sa.Column("id", _Id, nullable=False),
        _text("kind"),
        _text("part"),
        _moment("started_at"),
        _moment("finished_at", nullable=True),
        _text("outcome"),
        sa.Column("rows", sa.BigInteger, nullable=False),
        _text("report"),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
    )
    op.create_index("ix_runs_kind_part_started_at", "runs", ["kind", "part", "started_at"])


# Counted row by row in a setting of the transaction, a name for each tenant, and written once at the end of the
# statement: a row for each audit that stays could be as many as there are audits.
_POSTGRESQL = (
    """
    CREATE FUNCTION claimlens_keep_audit() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
      owner record;
      counter text;
    BEGIN
      IF current_setting('claimlens.erasing', true) = OLD.tenant_id THEN
        RETURN OLD;
      END IF;
      SELECT retention_days, legal_hold INTO owner FROM tenants WHERE id = OLD.tenant_id;
      IF coalesce(owner.legal_hold, false)
         OR OLD.ts >= coalesce(nullif(current_setting('claimlens.purge_now', true), '')::timestamptz, now())
                      - make_interval(secs => coalesce(owner.retention_days, 365) * 86400.0)
      THEN
        FOREACH counter IN ARRAY ARRAY['claimlens.kept', 'claimlens.kept_' || md5(OLD.tenant_id)] LOOP
          PERFORM set_config(
            counter, (coalesce(nullif(current_setting(counter, true), ''), '0')::bigint + 1)::text, true);
        END LOOP;
        RETURN NULL;
      END IF;
      RETURN OLD;
    END $$
    """,
    """
    CREATE FUNCTION claimlens_note_deletes() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
      today text := to_char(
        coalesce(nullif(current_setting('claimlens.purge_now', true), '')::timestamptz, now()) AT TIME ZONE 'UTC',
        'YYYY-MM-DD');
      stayed bigint := coalesce(nullif(current_setting('claimlens.kept', true), ''), '0')::bigint;
    BEGIN
      INSERT INTO audit_purges AS p (tenant_id, day, removed, kept, latest)
        SELECT tenant_id, today, count(*), 0, max(ts) FROM removed_audits
        WHERE tenant_id IS DISTINCT FROM current_setting('claimlens.erasing', true)
        GROUP BY tenant_id ORDER BY tenant_id
        ON CONFLICT (tenant_id, day) DO UPDATE
          SET removed = p.removed + excluded.removed, latest = greatest(p.latest, excluded.latest);
      IF stayed > 0 THEN
        INSERT INTO audit_purges AS p (tenant_id, day, removed, kept, latest)
          SELECT id, today, 0, kept, NULL FROM (
            SELECT id, nullif(current_setting('claimlens.kept_' || md5(id), true), '')::bigint AS kept FROM tenants
          ) AS counted WHERE kept > 0 ORDER BY id
          ON CONFLICT (tenant_id, day) DO UPDATE SET kept = p.kept + excluded.kept;
        PERFORM set_config('claimlens.kept_' || md5(id), '', true) FROM tenants;
        PERFORM set_config('claimlens.kept', '', true);
        RAISE WARNING 'claimlens: % audits stay: they are within retention or under legal hold', stayed;
      END IF;
      RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER claimlens_keep BEFORE DELETE ON audits
    FOR EACH ROW EXECUTE FUNCTION claimlens_keep_audit()
    """,
    """
    CREATE TRIGGER claimlens_note AFTER DELETE ON audits REFERENCING OLD TABLE AS removed_audits
    FOR EACH STATEMENT EXECUTE FUNCTION claimlens_note_deletes()
    """,
)

_NOW = "coalesce((SELECT value FROM switches WHERE name = 'purge_now'), 'now')"
_NOT_ERASING = "coalesce((SELECT value FROM switches WHERE name = 'erasing'), '') <> OLD.tenant_id"

_SQLITE = (
    f"""
    CREATE TRIGGER claimlens_keep BEFORE DELETE ON audits
    WHEN {_NOT_ERASING} AND (
      coalesce((SELECT legal_hold FROM tenants WHERE id = OLD.tenant_id), 0)
      OR OLD.ts >= strftime('%Y-%m-%d %H\\:%M\\:%f', {_NOW}, '-'
           || coalesce((SELECT retention_days FROM tenants WHERE id = OLD.tenant_id), 365) || ' days'))
    BEGIN
      INSERT INTO audit_purges (tenant_id, day, removed, kept, latest)
        VALUES (OLD.tenant_id, strftime('%Y-%m-%d', {_NOW}), 0, 1, NULL)
        ON CONFLICT (tenant_id, day) DO UPDATE SET kept = kept + 1;
      SELECT RAISE(IGNORE);
    END
    """,
    f"""
    CREATE TRIGGER claimlens_note AFTER DELETE ON audits WHEN {_NOT_ERASING}
    BEGIN
      INSERT INTO audit_purges (tenant_id, day, removed, kept, latest)
        VALUES (OLD.tenant_id, strftime('%Y-%m-%d', {_NOW}), 1, 0, OLD.ts)
        ON CONFLICT (tenant_id, day) DO UPDATE
          SET removed = removed + 1, latest = max(coalesce(latest, ''), excluded.latest);
    END
    """,
)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, _Moment, nullable=nullable)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _bytes(name: str, *, nullable: bool = False) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary, nullable=nullable)
