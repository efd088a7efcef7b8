"""Audits and their seals over this installation's store, for commands."""

import contextlib
from collections.abc import AsyncIterator, Mapping

from claimlens.adapters.sql import migrate
from claimlens.adapters.sql.access_log import SqlAccessLog
from claimlens.adapters.sql.audits import SqlAudits
from claimlens.adapters.sql.engine import Database
from claimlens.adapters.sql.tenants import SqlTenants
from claimlens.adapters.system.clock import SystemClock
from claimlens.config import Settings
from claimlens.domain.errors import ClaimLensError
from claimlens.domain.tenant import Principal
from claimlens.usecases.access_log import access_line
from claimlens.usecases.audits import AuditDesk
from claimlens.usecases.authentication import operator, tenant_within, worker_scope
from claimlens.usecases.periods import period_of
from claimlens.wiring import open_database
from claimlens.wiring.accounts import open_secret_box
from claimlens.wiring.seals import Seals, open_installation_keys


class Records:
    """What commands do with audits; `login` is the person at the machine."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._clock = SystemClock()
        self._tenants = SqlTenants(database)
        self._log = SqlAccessLog(database)
        self._audits = AuditDesk(SqlAudits(database), self._log, self._clock)
        self.keys = open_installation_keys(settings, database, self._clock, open_secret_box(settings))
        self._seals = Seals(settings, database, self._clock, self.keys, may_change_key=False)

    async def plain(self, login: str, tenant_id: str, query: Mapping[str, str]) -> AsyncIterator[bytes]:
        """The records of a tenant as the API exports them. Raises NotFoundError, InvalidError."""
        return await self._audits.export(await self._who(login, tenant_id), query)

    async def tenants(self) -> list[str]:
        """The ids of all tenants."""
        found: list[str] = []
        while page := await self._tenants.page(worker_scope(), after=found[-1] if found else "", limit=500):
            found += [tenant.id for tenant in page]
        return found

    async def bundle(self, login: str, tenant_id: str, query: Mapping[str, str]) -> AsyncIterator[bytes]:
        """The lines of a bundle, after everything that is settled was sealed. Raises as `plain`.

        Raises SecretError if the tenant's seals are not of the key that is known here: the end would be of another.
        """
        principal = await self._who(login, tenant_id)
        start, end = period_of(query)
        await self.seal()
        await self._seals.sealer.check_key(await self._seals.store.latest(principal.scope))
        line = access_line(principal, self._clock, "audit:export", "bundle", {"filter": dict(query)})
        await self._log.add(principal.scope, line)
        return self._seals.bundles.lines(principal.scope, start=start, end=end)

    async def seal(self) -> int:
        """Seal what is settled, of every tenant; how many audits."""
        return await self._seals.sealer.seal_settled(worker_scope())

    async def _who(self, login: str, tenant_id: str) -> Principal:
        tenant = await tenant_within(operator(login), self._tenants, tenant_id)
        return operator(login, tenant)


@contextlib.asynccontextmanager
async def open_records(settings: Settings) -> AsyncIterator[Records]:
    """The records for one command, the store opened and closed around it. Raises ClaimLensError for an old schema."""
    database = open_database(settings)
    try:
        schema = await migrate.status(database)
        if schema.pending:
            raise ClaimLensError("the tables are missing or older than this program; run `claimlens db upgrade`")
        records = Records(settings, database)
        await records.keys.begin(serving=False)
        yield records
    finally:
        await database.close()
