"""The steps before a route: who asks, whether it is open, how much is left, whether they may."""

import re

from claimlens.config import Settings
from claimlens.domain.errors import TooManyError
from claimlens.domain.tenant import Principal
from claimlens.entry.api.spec import Spec
from claimlens.entry.web.client import Clients
from claimlens.entry.web.exchange import Exchange
from claimlens.ports.cache import Hit, Limits
from claimlens.usecases.authentication import Authentication
from claimlens.usecases.maintenance import Maintenance
from claimlens.usecases.permissions import require

_BEARER = re.compile(rb"[Bb][Ee][Aa][Rr][Ee][Rr] +([\x21-\x7e]+) *")


class Admission:
    """Lets requests in, in this order: authentication, maintenance, the key's limit, the role."""

    def __init__(
        self,
        authentication: Authentication,
        maintenance: Maintenance,
        limits: Limits,
        clients: Clients,
        settings: Settings,
    ) -> None:
        self._authentication = authentication
        self._maintenance = maintenance
        self._limits = limits
        self._clients = clients
        self._settings = settings

    async def admit(self, exchange: Exchange, spec: Spec) -> None:
        """Go on if the request may. Raises the RequestError that says why not."""
        if spec.public:
            return
        if spec.operators and self._clients.is_operator(exchange.peer, exchange.headers):
            return
        principal = await self._authentication.authenticate(
            bearer_of(exchange.headers), ip=exchange.ip, correlation_id=exchange.correlation_id
        )
        exchange.principal = principal
        if spec.closes:
            await self._maintenance.require_open()
        if not spec.uncounted:
            await self._count_request(exchange, principal)
        require(principal, spec.action)

    async def count_items(self, exchange: Exchange, items: int) -> None:
        """Count the items of a request against its tenant's limit. Raises TooManyError."""
        principal = exchange.asked_by
        limit = principal.tenant.settings.items_per_minute or self._settings.items_per_minute
        await self._hit(exchange, Hit("items", principal.tenant.id, limit, 60, items), "items a minute for the tenant")

    async def _count_request(self, exchange: Exchange, principal: Principal) -> None:
        limit = principal.tenant.settings.requests_per_minute or self._settings.requests_per_minute
        await self._hit(exchange, Hit("key", principal.actor, limit, 60), "requests a minute with one key")

    async def _hit(self, exchange: Exchange, hit: Hit, what: str) -> None:
        allowances = await self._limits.hit([hit])
        exchange.allowances += allowances
        if not allowances[-1].allowed:
            raise TooManyError(f"more than {hit.limit} {what}", retry_after_s=allowances[-1].reset_s)


def bearer_of(headers: dict[bytes, bytes]) -> str:
    """The key of an `Authorization: Bearer` header; empty if there is none."""
    found = _BEARER.fullmatch(headers.get(b"authorization", b""))
    return found[1].decode("ascii") if found else ""
