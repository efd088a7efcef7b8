"""The desk with everything behind it: real packs, a real store, a clock that stands still until a test moves it."""

import json
import os
from functools import cache
from typing import Any

import sqlalchemy as sa

from claimlens.adapters.crypto.seal_key import Ed25519SealKey
from claimlens.adapters.crypto.secret_box import InstallationSecretBox
from claimlens.adapters.sql import partitions
from claimlens.adapters.sql.access_log import SqlAccessLog
from claimlens.adapters.sql.audits import SqlAudits
from claimlens.adapters.sql.engine import Database
from claimlens.adapters.sql.idempotency import SqlIdempotency
from claimlens.adapters.sql.installation_keys import SqlInstallationKeys, SqlSealed
from claimlens.adapters.sql.jobs import SqlJobs
from claimlens.adapters.sql.journal import SqlJournal
from claimlens.adapters.sql.reviews import SqlReviews
from claimlens.adapters.sql.seals import SqlSeals
from claimlens.adapters.sql.tables import metadata
from claimlens.adapters.sql.tenants import SqlTenants
from claimlens.adapters.sql.webhooks import SqlWebhooks
from claimlens.domain.tenant import PlatformScope, Principal, Role, Tenant, TenantScope, TenantSettings
from claimlens.domain.webhook import Webhook
from claimlens.ports.accounts import AccessFilter
from claimlens.usecases.access_log import access_line
from claimlens.usecases.asks import read_feed
from claimlens.usecases.audits import AuditDesk
from claimlens.usecases.checks import Checker
from claimlens.usecases.installation_keys import InstallationKeys
from claimlens.usecases.job_worker import JobWorker
from claimlens.usecases.jobs import JobDesk
from claimlens.usecases.listeners import Listeners
from claimlens.usecases.menu_export import MenuExport
from claimlens.usecases.proofs import Proofs
from claimlens.usecases.verdicts import Desk
from claimlens.wiring import open_checker
from tests.clock import HandClock

PHONE = "020 7946 0777"
JUICE = {
    "id": "j-1",
    "kind": "beverage",
    "name": "Immunity Boost Orange Juice",
    "description": f"Boosts immunity. Low fat. Order on {PHONE}.",
    "ingredients": "orange juice from concentrate",
    "nutrition": {"basis": "per_100ml", "energy": "42 kcal", "fat": "0.1 g", "sugars": "8.9 g", "vitamin_c": "30 mg"},
}
SOUP = {"id": "s-1", "name": "Tomato soup", "ingredients": "tomatoes, water, salt", "price": 4.5, "shelf": {"no": 7}}


@cache
def checker() -> Checker:
    return open_checker()


SEAL_KEY = Ed25519SealKey(b"\7" * 32)


class World:
    """One tenant at one store; `who` says as whom something is done."""

    def __init__(
        self, database: Database, *, tenant_id: str = "kitchen-a", clock: HandClock | None = None, **settings: Any
    ):
        self.database = database
        self.clock = clock or HandClock()
        settings = {"default_locale": "en-GB"} | settings
        self.tenant = Tenant(
            id=tenant_id, name="Kitchen", settings=TenantSettings(**settings), created_at=self.clock.now()
        )
        self.box = InstallationSecretBox(b"an installation's secret, for tests")
        self.webhooks = SqlWebhooks(database, self.box)
        self.listeners = Listeners(self.webhooks, self.clock)
        self.journal = SqlJournal(database)
        self.idempotency = SqlIdempotency(database, self.clock)
        self.store = SqlAudits(database)
        self.job_store = SqlJobs(database)
        self.log = SqlAccessLog(database)
        self.tenants = SqlTenants(database)
        self.rung = 0
        self.desk = self.a_desk()
        self.audits = AuditDesk(self.store, self.log, self.clock)
        self.seals = SqlSeals(database)
        self.proofs = Proofs(self.store, self.seals, self._keys(database), self.log, self.clock)
        self.menu = MenuExport(self.store, SqlReviews(database), self.log, self.clock)
        self.jobs = JobDesk(self.job_store, self.log, self.clock)

    def a_desk(self, *, items_waiting: int = 2_000, judge: Checker | None = None, journal: Any = None) -> Desk:
        return Desk(
            judge or checker(),
            journal or self.journal,
            self.clock,
            self.box,
            self.listeners,
            items_waiting=items_waiting,
            written=self._ring,
        )

    def _ring(self) -> None:
        self.rung += 1

    def worker(self, *, desk: Desk | None = None, journal: Any = None, jobs: Any = None) -> JobWorker:
        return JobWorker(
            jobs or self.job_store,
            desk or self.desk,
            journal or self.journal,
            self.tenants,
            self.clock,
            self.listeners,
            PlatformScope(),
        )

    def who(self, role: Role = Role.ADMIN, **fields: Any) -> Principal:
        given = {"actor": "key:1", "correlation_id": "c-1", "ip": "192.0.2.1"} | fields
        return Principal(role=role, scope=TenantScope(self.tenant.id), tenant=self.tenant, **given)

    def _keys(self, database: Database) -> InstallationKeys:
        return InstallationKeys(
            SqlInstallationKeys(database),
            SqlSealed(database),
            self.box,
            self.clock,
            scope=PlatformScope(),
            configured=SEAL_KEY,
            derived=lambda: (b"", SEAL_KEY),
            made=Ed25519SealKey,
            random=os.urandom,
        )

    async def opened(self) -> "World":
        """With its tenant in the store, and room for this month."""
        await partitions.ensure(self.database, self.clock.now())
        await self.tenants.create(PlatformScope(), self.tenant, access_line(self.who(), self.clock, "tenant:create"))
        return self

    async def endpoint(self, *events: str) -> None:
        webhook = Webhook(
            id=self.clock.new_id(), tenant_id=self.tenant.id, url="https://a.example.com/hooks", events=events,
            secrets=("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",), created_at=self.clock.now(),
        )  # fmt: skip
        await self.webhooks.create(self.who().scope, webhook, access_line(self.who(), self.clock, "webhook:create"))
        self.listeners.forget(self.tenant.id)

    async def feed(self, *items: Any, principal: Principal | None = None, **beside: Any) -> dict[str, Any]:
        """The answer to a feed, decoded."""
        ask = read_feed({"items": list(items), **beside}, self.tenant)
        reply = await self.desk.answer(principal or self.who(Role.PUBLISHER), ask)
        answer: dict[str, Any] = json.loads(reply.body)
        return answer

    async def rows(self, table: str) -> list[Any]:
        async with self.database.read(fresh=True) as connection:
            return list(await connection.execute(sa.select(metadata.tables[table])))

    async def accesses(self, action: str) -> list[Any]:
        lines = await self.log.page(self.who().scope, AccessFilter(action=action), after=None, limit=100)
        return [line.delta for line in reversed(lines)]


async def lines_of(stream: Any) -> list[dict[str, Any]]:
    """The lines of an NDJSON stream, decoded."""
    return [json.loads(line) for line in b"".join([piece async for piece in stream]).splitlines()]
