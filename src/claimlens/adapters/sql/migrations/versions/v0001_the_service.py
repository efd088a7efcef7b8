"""The tables of the service.

Spelled out rather than taken from `tables.py`: a step keeps what it once did.
"""

import sqlalchemy as sa
from alembic import op

from claimlens.adapters.sql.moment import UtcText

revision = "0001"
down_revision: str | None = None

_Id = sa.Uuid(as_uuid=False)
_Moment = sa.DateTime(timezone=True).with_variant(UtcText(), "sqlite")

#: In milliseconds, and what took longer.
_BOUNDS_MS = (1, 2, 5, 10, 20, 35, 50, 75, 100, 120, 150, 200, 300, 500, 1_000, 2_000, 5_000, 10_000, "more")

#: For SQLite: rows of `audits`, then how many share the first column of the index, the first two, and so on.
_EXPECTED = {
    "ix_audits_tenant_id_ts_id": "100000 50000 2 1",
    "ix_audits_tenant_id_item_id_ts": "100000 50000 20 1",
    "ix_audits_tenant_id_correlation_id": "100000 50000 10",
    "ix_audits_needs_review": "20000 10000 2 1",
    "sqlite_autoindex_audits_1": "100000 2 1",
}


def upgrade() -> None:
    """Make every table; partitions of `audits` and `decision_logs` are made by `partitions.py`."""
    _answers()
    _webhooks()
    _jobs()
    _accounts()
    _operations()
    if op.get_context().dialect.name == "postgresql":
        # These are compressed before they come: PostgreSQL need not try.
        for table, column in (("audits", "record"), ("decision_logs", "lines"), ("job_chunks", "lines")):
            op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET STORAGE EXTERNAL")
        op.execute("ALTER TABLE job_chunks ALTER COLUMN results SET STORAGE EXTERNAL")
    else:
        # Without figures SQLite takes a tenant for ten rows and sorts by the wrong index; ANALYZE may write better ones
        op.execute("ANALYZE")
        for index, rows in _EXPECTED.items():
            op.execute(f"INSERT INTO sqlite_stat1 VALUES ('audits', '{index}', '{rows}')")
        op.execute("ANALYZE sqlite_schema")


def _answers() -> None:
    op.create_table(
        "audits",
        _moment("ts"),
        _id("id"),
        _text("tenant_id"),
        sa.Column("item_id", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        _text("verdict"),
        _flag("needs_review"),
        _text("locale"),
        _text("profile"),
        _text("correlation_id"),
        _text("rules"),
        _flag("degraded"),
        _flag("test"),
        _id("job_id", nullable=True),
        _bytes("record"),
        sa.PrimaryKeyConstraint("ts", "id", name="pk_audits"),
        postgresql_partition_by="RANGE (ts)",
    )
    op.create_index("ix_audits_tenant_id_ts_id", "audits", ["tenant_id", "ts", "id"])
    op.create_index("ix_audits_tenant_id_item_id_ts", "audits", ["tenant_id", "item_id", "ts"])
    op.create_index("ix_audits_tenant_id_correlation_id", "audits", ["tenant_id", "correlation_id"])
    op.create_index(
        "ix_audits_needs_review",
        "audits",
        ["tenant_id", "ts", "id"],
        postgresql_where=sa.text("needs_review"),
        sqlite_where=sa.text("needs_review"),
    )
    op.create_table(
        "reviews",
        _id("audit_id"),
        _text("tenant_id"),
        _moment("ts"),
        _text("item_id"),
        _text("decision"),
        _text("reason"),
        _text("texts"),
        _text("decided_by"),
        _moment("decided_at"),
        _id("new_audit_id", nullable=True),
        sa.PrimaryKeyConstraint("audit_id", name="pk_reviews"),
    )
    op.create_index("ix_reviews_tenant_id_decided_at_audit_id", "reviews", ["tenant_id", "decided_at", "audit_id"])
    op.create_table(
        "audit_hours",
        _text("tenant_id"),
        _moment("hour"),
        _text("counts"),
        sa.PrimaryKeyConstraint("tenant_id", "hour", name="pk_audit_hours"),
    )
    op.create_table(
        "decision_logs",
        _moment("ts"),
        _id("id"),
        _text("tenant_id"),
        _text("correlation_id"),
        _bytes("lines"),
        sa.PrimaryKeyConstraint("ts", "id", name="pk_decision_logs"),
        postgresql_partition_by="RANGE (ts)",
    )
    op.create_index("ix_decision_logs_tenant_id_ts", "decision_logs", ["tenant_id", "ts"])
    op.create_table(
        "idempotency_keys",
        _text("tenant_id"),
        _text("method"),
        _text("route"),
        _text("key"),
        _bytes("fingerprint"),
        _moment("created_at"),
        _moment("lease_until"),
        sa.Column("status", sa.Integer),
        _text("media_type", nullable=True),
        _bytes("body", nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "method", "route", "key", name="pk_idempotency_keys"),
    )
    op.create_index("ix_idempotency_keys_created_at", "idempotency_keys", ["created_at"])


def _webhooks() -> None:
    op.create_table(
        "outbox",
        _id("id"),
        _moment("ts"),
        _text("tenant_id"),
        _text("type"),
        _text("subject"),
        _bytes("payload"),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
    )
    op.create_table(
        "webhooks",
        _id("id"),
        _text("tenant_id"),
        _text("url"),
        _text("description"),
        _text("events"),
        _bytes("secrets"),
        _moment("overlap_until", nullable=True),
        _flag("enabled"),
        _text("disabled_reason"),
        _moment("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_webhooks"),
    )
    op.create_index("ix_webhooks_tenant_id", "webhooks", ["tenant_id"])
    op.create_table(
        "deliveries",
        _id("id"),
        _text("tenant_id"),
        _id("webhook_id"),
        _id("event_id"),
        _text("event_type"),
        _bytes("payload"),
        _moment("created_at"),
        _text("state"),
        _count("attempts"),
        _moment("next_attempt_at", nullable=True),
        _moment("lease_until", nullable=True),
        sa.Column("last_status", sa.Integer),
        _text("last_error"),
        _moment("finished_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
    )
    op.create_index("ix_deliveries_webhook_id_id", "deliveries", ["webhook_id", "id"])
    op.create_index(
        "ix_deliveries_due",
        "deliveries",
        ["webhook_id", "next_attempt_at"],
        postgresql_where=sa.text("state = 'pending'"),
        sqlite_where=sa.text("state = 'pending'"),
    )


def _jobs() -> None:
    op.create_table(
        "jobs",
        _id("id"),
        _text("tenant_id"),
        _text("state"),
        _text("locale"),
        _flag("test"),
        _text("created_by"),
        _text("correlation_id"),
        _moment("created_at"),
        _moment("started_at", nullable=True),
        _moment("finished_at", nullable=True),
        _count("chunks"),
        _count("chunks_done"),
        _count("lines"),
        _count("items"),
        _count("unread"),
        _text("error"),
        _text("lease"),
        _moment("lease_until", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
    )
    op.create_index("ix_jobs_tenant_id_id", "jobs", ["tenant_id", "id"])
    op.create_index("ix_jobs_state_lease_until", "jobs", ["state", "lease_until"])
    op.create_table(
        "job_chunks",
        _id("job_id"),
        sa.Column("number", sa.Integer, nullable=False),
        _text("tenant_id"),
        _bytes("lines", nullable=True),
        _bytes("results", nullable=True),
        sa.PrimaryKeyConstraint("job_id", "number", name="pk_job_chunks"),
    )


def _accounts() -> None:
    op.create_table(
        "tenants",
        _text("id"),
        _text("name"),
        _text("settings"),
        _flag("isolated"),
        _moment("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_tenants"),
    )
    op.create_table(
        "api_keys",
        _id("id"),
        _text("tenant_id"),
        _text("name"),
        _text("role"),
        _text("shown"),
        _bytes("digest"),
        _flag("test"),
        _moment("created_at"),
        _text("created_by"),
        _moment("expires_at", nullable=True),
        _moment("last_used_at", nullable=True),
        _moment("revoked_at", nullable=True),
        _id("replaced_by", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
        sa.UniqueConstraint("digest", name="uq_api_keys_digest"),
    )
    op.create_index("ix_api_keys_tenant_id_id", "api_keys", ["tenant_id", "id"])
    op.create_table(
        "users",
        _id("id"),
        _text("tenant_id"),
        _text("email"),
        _text("role"),
        _text("password_hash"),
        _flag("disabled"),
        _moment("created_at"),
        _moment("last_sign_in_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("email", name="uq_users_email"),
    )
    op.create_index("ix_users_tenant_id_id", "users", ["tenant_id", "id"])
    op.create_table(
        "sessions",
        _id("id"),
        _text("tenant_id"),
        _id("user_id"),
        _bytes("digest"),
        _text("stage"),
        _moment("created_at"),
        _moment("seen_at"),
        _text("ip"),
        _text("agent"),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        sa.UniqueConstraint("digest", name="uq_sessions_digest"),
    )
    op.create_index("ix_sessions_user_id", "sessions", ["user_id"])
    op.create_index("ix_sessions_seen_at", "sessions", ["seen_at"])
    op.create_table(
        "second_factors",
        _id("user_id"),
        _text("tenant_id"),
        _bytes("secret"),
        _moment("created_at"),
        _moment("confirmed_at", nullable=True),
        _count("last_step"),
        _text("recovery"),
        sa.PrimaryKeyConstraint("user_id", name="pk_second_factors"),
    )
    op.create_index("ix_second_factors_tenant_id", "second_factors", ["tenant_id"])
    op.create_table(
        "access_log",
        _id("id"),
        _moment("ts"),
        _text("tenant_id"),
        _text("actor"),
        _text("action"),
        _text("target"),
        _text("delta"),
        _text("ip"),
        _text("correlation_id"),
        _text("outcome"),
        sa.PrimaryKeyConstraint("id", name="pk_access_log"),
    )
    op.create_index("ix_access_log_tenant_id_ts_id", "access_log", ["tenant_id", "ts", "id"])
    op.create_index("ix_access_log_actor_ts", "access_log", ["actor", "ts"])
    op.create_table(
        "switches",
        _text("name"),
        _text("value"),
        _moment("updated_at"),
        sa.PrimaryKeyConstraint("name", name="pk_switches"),
    )
    op.create_table(
        "service_news",
        _text("service"),
        _flag("is_out"),
        _moment("since"),
        _moment("seen_at"),
        sa.PrimaryKeyConstraint("service", name="pk_service_news"),
    )


def _operations() -> None:
    for name in ("performance_minutes", "performance_hours"):
        op.create_table(
            name,
            _moment("ts"),
            _text("kind"),
            _text("name"),
            _id("process"),
            sa.Column("count", sa.BigInteger, nullable=False),
            sa.Column("failed", sa.BigInteger, nullable=False),
            sa.Column("sum_ms", sa.Double, nullable=False),
            sa.Column("max_ms", sa.Double, nullable=False),
            *[sa.Column(f"ms_{bound}", sa.BigInteger, nullable=False) for bound in _BOUNDS_MS],
            sa.PrimaryKeyConstraint("ts", "kind", "name", "process", name=f"pk_{name}"),
        )
    op.create_table(
        "incidents",
        _id("id"),
        _text("kind"),
        _text("title"),
        _text("severity"),
        _text("state"),
        _text("components"),
        _flag("public"),
        _moment("opened_at"),
        _moment("acknowledged_at", nullable=True),
        _moment("resolved_at", nullable=True),
        _moment("starts_at", nullable=True),
        _moment("ends_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_incidents"),
    )
    op.create_index("ix_incidents_resolved_at_opened_at", "incidents", ["resolved_at", "opened_at"])
    op.create_table(
        "incident_updates",
        _id("id"),
        _id("incident_id"),
        _moment("ts"),
        _text("state"),
        _text("actor"),
        _text("text"),
        _flag("public"),
        sa.PrimaryKeyConstraint("id", name="pk_incident_updates"),
    )
    op.create_index("ix_incident_updates_incident_id_id", "incident_updates", ["incident_id", "id"])
    op.create_table(
        "deployments",
        _id("id"),
        _moment("ts"),
        _text("kind"),
        _text("part"),
        _text("version"),
        _text("migration"),
        _text("packs"),
        _text("host"),
        _text("note"),
        sa.PrimaryKeyConstraint("id", name="pk_deployments"),
    )
    op.create_index("ix_deployments_ts", "deployments", ["ts"])


def _id(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, _Id, nullable=nullable)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, _Moment, nullable=nullable)


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=nullable)


def _bytes(name: str, *, nullable: bool = False) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary, nullable=nullable)


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean, nullable=False)


def _count(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False, server_default="0")
