"""The tables, as the migrations make them (`tests/contract` compares the two).

Ids are UUIDv7 in text form. `audits` and `decision_logs` are partitioned by month on PostgreSQL, so their keys begin
with `ts`. Long texts and payloads are bytes: parsing JSON in the database would cost more than the insert.
"""

import sqlalchemy as sa

from claimlens.adapters.sql.moment import UtcText
from claimlens.domain.performance import BOUNDS_MS

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = sa.MetaData(naming_convention=NAMING)

Id = sa.Uuid(as_uuid=False)
Moment = sa.DateTime(timezone=True).with_variant(UtcText(), "sqlite")
#: Texts that people order and compare: by code points everywhere, whatever the database's language is.
Ordered = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _id(name: str = "id", *, primary_key: bool = False, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, Id, primary_key=primary_key, nullable=nullable)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, Moment, nullable=nullable)


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=nullable)


def _bytes(name: str, *, nullable: bool = False) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary, nullable=nullable)


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean, nullable=False)


def _count(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False, server_default="0")


# --- what answers leave behind ---------------------------------------------------------------------------------------

#: `record`: canonical JSON (RFC 8785) as hashed, zlib. `rules`: ids between spaces, " A B ": LIKE finds whole ids.
audits = sa.Table(
    "audits",
    metadata,
    _moment("ts"),
    _id(),
    _text("tenant_id"),
    sa.Column("item_id", Ordered, nullable=False),
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
    sa.PrimaryKeyConstraint("ts", "id"),
    sa.Index(None, "tenant_id", "ts", "id"),
    sa.Index(None, "tenant_id", "item_id", "ts"),
    sa.Index(None, "tenant_id", "correlation_id"),
    # What waits for a person: few of many.
    sa.Index(
        "ix_audits_needs_review",
        "tenant_id",
        "ts",
        "id",
        postgresql_where=sa.text("needs_review"),
        sqlite_where=sa.text("needs_review"),
    ),
    postgresql_partition_by="RANGE (ts)",
)

#: What people decided about audits that needed one; `texts` is JSON {pointer: text}, `ts` and `item_id` the audit's.
reviews = sa.Table(
    "reviews",
    metadata,
    _id("audit_id", primary_key=True),
    _text("tenant_id"),
    _moment("ts"),
    _text("item_id"),
    _text("decision"),
    _text("reason"),
    _text("texts"),
    _text("decided_by"),
    _moment("decided_at"),
    _id("new_audit_id", nullable=True),
    sa.Index(None, "tenant_id", "decided_at", "audit_id"),
)

#: Audits counted hour by hour, once an hour is over; `counts` is JSON.
audit_hours = sa.Table(
    "audit_hours",
    metadata,
    _text("tenant_id"),
    _moment("hour"),
    _text("counts"),
    sa.PrimaryKeyConstraint("tenant_id", "hour"),
)

#: Audits that no seal covers yet. `leaf`: the RFC 6962 hash of the record, of the bytes that were answered.
unsealed_audits = sa.Table(
    "unsealed_audits",
    metadata,
    _text("tenant_id"),
    _moment("ts"),
    _id(),
    _bytes("leaf"),
    sa.PrimaryKeyConstraint("tenant_id", "ts", "id"),
)

#: `members` (`domain/seal.py`) is NULL once every audit under the seal is past retention and gone.
seals = sa.Table(
    "seals",
    metadata,
    _text("tenant_id"),
    sa.Column("number", sa.Integer, nullable=False),
    _moment("first_ts"),
    _moment("last_ts"),
    _bytes("statement"),
    _bytes("signature"),
    _bytes("members", nullable=True),
    sa.PrimaryKeyConstraint("tenant_id", "number"),
    sa.Index(None, "tenant_id", "last_ts"),
)

#: What deletes of audits came to, by tenant and day (UTC): rows that went, the newest of them, rows that stayed
#: because they were within retention or under legal hold. Written by the triggers and by the purge.
audit_purges = sa.Table(
    "audit_purges",
    metadata,
    _text("tenant_id"),
    _text("day"),
    sa.Column("removed", sa.BigInteger, nullable=False),
    sa.Column("kept", sa.BigInteger, nullable=False),
    _moment("latest", nullable=True),
    sa.PrimaryKeyConstraint("tenant_id", "day"),
)

#: `lines`: what each transform did to the items of one request, canonical JSON lines, zlib. Kept a day.
decision_logs = sa.Table(
    "decision_logs",
    metadata,
    _moment("ts"),
    _id(),
    _text("tenant_id"),
    _text("correlation_id"),
    _bytes("lines"),
    sa.PrimaryKeyConstraint("ts", "id"),
    sa.Index(None, "tenant_id", "ts"),
    postgresql_partition_by="RANGE (ts)",
)

#: `status` NULL: in flight. `body`: the reply, zlib; NULL with `status` set: the reply held a secret and was not kept.
idempotency_keys = sa.Table(
    "idempotency_keys",
    metadata,
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
    sa.PrimaryKeyConstraint("tenant_id", "method", "route", "key"),
    sa.Index(None, "created_at"),
)

# --- webhooks --------------------------------------------------------------------------------------------------------

outbox = sa.Table(
    "outbox",
    metadata,
    _id(primary_key=True),
    _moment("ts"),
    _text("tenant_id"),
    _text("type"),
    _text("subject"),
    _bytes("payload"),
)

#: `events` and `secrets` are JSON lists; `secrets` is sealed.
webhooks = sa.Table(
    "webhooks",
    metadata,
    _id(primary_key=True),
    _text("tenant_id"),
    _text("url"),
    _text("description"),
    _text("events"),
    _bytes("secrets"),
    _moment("overlap_until", nullable=True),
    _flag("enabled"),
    _text("disabled_reason"),
    _moment("created_at"),
    sa.Index(None, "tenant_id"),
)

deliveries = sa.Table(
    "deliveries",
    metadata,
    _id(primary_key=True),
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
    sa.Index(None, "webhook_id", "id"),
    # What is due, endpoint by endpoint: most rows are done with and stay out of it.
    sa.Index(
        "ix_deliveries_due",
        "webhook_id",
        "next_attempt_at",
        postgresql_where=sa.text("state = 'pending'"),
        sqlite_where=sa.text("state = 'pending'"),
    ),
)

# --- bulk jobs -------------------------------------------------------------------------------------------------------

jobs = sa.Table(
    "jobs",
    metadata,
    _id(primary_key=True),
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
    sa.Index(None, "tenant_id", "id"),
    sa.Index(None, "state", "lease_until"),
)

#: `lines`: whole NDJSON lines of the upload, zlib; gone when the job ends. `results`: NDJSON, zlib.
job_chunks = sa.Table(
    "job_chunks",
    metadata,
    _id("job_id"),
    sa.Column("number", sa.Integer, nullable=False),
    _text("tenant_id"),
    _bytes("lines", nullable=True),
    _bytes("results", nullable=True),
    sa.PrimaryKeyConstraint("job_id", "number"),
)

# --- tenants and who may do what -------------------------------------------------------------------------------------

#: `retention_days` and `legal_hold` are those of `settings`, for the triggers that keep audits.
tenants = sa.Table(
    "tenants",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    _text("name"),
    _text("settings"),
    _flag("isolated"),
    _moment("created_at"),
    sa.Column("retention_days", sa.Integer, nullable=False, server_default="365"),
    sa.Column("legal_hold", sa.Boolean, nullable=False, server_default=sa.false()),
)

api_keys = sa.Table(
    "api_keys",
    metadata,
    _id(primary_key=True),
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
    sa.UniqueConstraint("digest"),
    sa.Index(None, "tenant_id", "id"),
)

users = sa.Table(
    "users",
    metadata,
    _id(primary_key=True),
    _text("tenant_id"),
    _text("email"),
    _text("role"),
    _text("password_hash"),
    _flag("disabled"),
    _moment("created_at"),
    _moment("last_sign_in_at", nullable=True),
    sa.UniqueConstraint("email"),
    sa.Index(None, "tenant_id", "id"),
)

#: `digest`: the keyed digest of the token that the browser holds.
sessions = sa.Table(
    "sessions",
    metadata,
    _id(primary_key=True),
    _text("tenant_id"),
    _id("user_id"),
    _bytes("digest"),
    _text("stage"),
    _moment("created_at"),
    _moment("seen_at"),
    _text("ip"),
    _text("agent"),
    sa.UniqueConstraint("digest"),
    sa.Index(None, "user_id"),
    sa.Index(None, "seen_at"),
)

#: `secret` is sealed; `recovery`: keyed digests of the codes that are left, between spaces.
second_factors = sa.Table(
    "second_factors",
    metadata,
    _id("user_id", primary_key=True),
    _text("tenant_id"),
    _bytes("secret"),
    _moment("created_at"),
    _moment("confirmed_at", nullable=True),
    _count("last_step"),
    _text("recovery"),
    sa.Index(None, "tenant_id"),
)

access_log = sa.Table(
    "access_log",
    metadata,
    _id(primary_key=True),
    _moment("ts"),
    _text("tenant_id"),
    _text("actor"),
    _text("action"),
    _text("target"),
    _text("delta"),
    _text("ip"),
    _text("correlation_id"),
    _text("outcome"),
    sa.Index(None, "tenant_id", "ts", "id"),
    sa.Index(None, "actor", "ts"),
)

# --- the installation ------------------------------------------------------------------------------------------------

switches = sa.Table(
    "switches",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    _text("value"),
    _moment("updated_at"),
)

#: Keys that the installation made itself, sealed (`usecases/installation_keys.py`). One of each kind is in force.
installation_keys = sa.Table(
    "installation_keys",
    metadata,
    _id(primary_key=True),
    _text("kind"),
    _bytes("public_key", nullable=True),
    _bytes("sealed"),
    _moment("created_at"),
    _moment("retired_at", nullable=True),
    sa.Index(
        "ix_installation_keys_in_force",
        "kind",
        unique=True,
        postgresql_where=sa.text("retired_at IS NULL"),
        sqlite_where=sa.text("retired_at IS NULL"),
    ),
)

#: What tenants were told of each service last. While it is out, `seen_at` is when a process last found it so.
service_news = sa.Table(
    "service_news",
    metadata,
    sa.Column("service", sa.Text, primary_key=True),
    _flag("is_out"),
    _moment("since"),
    _moment("seen_at"),
)

#: Editions of the rule packs that were served. `content` is zlib over JSON: {rules: {id: {…}}, files: {path: SHA-256}}.
pack_editions = sa.Table(
    "pack_editions",
    metadata,
    sa.Column("pack", sa.Text, primary_key=True),
    sa.Column("digest", sa.Text, primary_key=True),
    _text("versions"),
    _moment("since"),
    _bytes("content"),
)

# --- how the service does, and what its operators do -----------------------------------------------------------------


def _performance(name: str) -> sa.Table:
    """One row for what one process counted under one name in one stretch of time that begins at `ts`.

    The figures are that process's whole for the stretch, so that writing them again changes nothing; readers add up.
    `ms_<bound>`: how many took at most so long, and longer than the bound before.
    """
    return sa.Table(
        name,
        metadata,
        _moment("ts"),
        _text("kind"),
        _text("name"),
        _id("process"),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.Column("failed", sa.BigInteger, nullable=False),
        sa.Column("sum_ms", sa.Double, nullable=False),
        sa.Column("max_ms", sa.Double, nullable=False),
        *[sa.Column(f"ms_{bound}", sa.BigInteger, nullable=False) for bound in (*BOUNDS_MS, "more")],
        sa.PrimaryKeyConstraint("ts", "kind", "name", "process"),
    )


performance_minutes = _performance("performance_minutes")
performance_hours = _performance("performance_hours")

#: `components` is a JSON list. Announced maintenance has no severity and two more moments.
incidents = sa.Table(
    "incidents",
    metadata,
    _id(primary_key=True),
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
    sa.Index(None, "resolved_at", "opened_at"),
)

incident_updates = sa.Table(
    "incident_updates",
    metadata,
    _id(primary_key=True),
    _id("incident_id"),
    _moment("ts"),
    _text("state"),
    _text("actor"),
    _text("text"),
    _flag("public"),
    sa.Index(None, "incident_id", "id"),
)

#: `packs`: JSON, pack → digest.
deployments = sa.Table(
    "deployments",
    metadata,
    _id(primary_key=True),
    _moment("ts"),
    _text("kind"),
    _text("part"),
    _text("version"),
    _text("migration"),
    _text("packs"),
    _text("host"),
    _text("note"),
    sa.Index(None, "ts"),
)

#: Each purge, backup and restore drill: of what, begun, ended (NULL: broken off, or still at it), how it went (`done`,
#: `failed`, empty meanwhile), rows that it removed or kept safe, report (JSON).
runs = sa.Table(
    "runs",
    metadata,
    _id(primary_key=True),
    _text("kind"),
    _text("part"),
    _moment("started_at"),
    _moment("finished_at", nullable=True),
    _text("outcome"),
    sa.Column("rows", sa.BigInteger, nullable=False),
    _text("report"),
    sa.Index(None, "kind", "part", "started_at"),
)
