"""The tenant that a platform administrator looks at: one of all, and every look stands in an access log."""

from claimlens.domain.tenant import Principal
from claimlens.ports.accounts import AccessLog, TenantStore
from claimlens.ports.clock import Clock
from claimlens.usecases.access_log import access_line
from claimlens.usecases.authentication import looking_at


class TenantChoice:
    """Turns a choice into a principal, and notes what was looked at."""

    def __init__(self, tenants: TenantStore, log: AccessLog, clock: Clock) -> None:
        self._tenants = tenants
        self._log = log
        self._clock = clock

    async def chosen(self, principal: Principal, tenant_id: str) -> Principal | None:
        """The principal within the chosen tenant; None if there is no such tenant.

        Raises RefusedError for all but platform administrators.
        """
        tenant = await self._tenants.find(tenant_id)
        return None if tenant is None else looking_at(principal, tenant)

    async def note(self, principal: Principal, place: str, *, everywhere: bool) -> None:
        """A line in the log of the tenant that is looked at; of all tenants, in the looker's own."""
        seen = {"place": place, **({"tenants": "all"} if everywhere else {})}
        line = access_line(principal, self._clock, "tenant:read", principal.scope.tenant_id, seen)
        await self._log.add(principal.scope, line)
