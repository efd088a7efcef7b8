"""Tenants: made, shown, changed, isolated, taken out, erased."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any

import msgspec
import re2
from msgspec import UNSET, UnsetType

from claimlens.domain.errors import ConflictError, InvalidError, NotFoundError
from claimlens.domain.tenant import Principal, Tenant, TenantSettings
from claimlens.ports.accounts import AccessLog, TenantStore
from claimlens.ports.cache import Invalidations
from claimlens.ports.clock import Clock
from claimlens.usecases.access_log import access_line, difference
from claimlens.usecases.authentication import scope_within, tenant_within
from claimlens.usecases.fields import one_line
from claimlens.usecases.pages import USUAL_ROWS, Page, cut, position_of
from claimlens.usecases.permissions import require
from claimlens.usecases.tenant_settings import NewBrandNote, NewSuppression, read_fields

#: What a tenant's id looks like: it stands in addresses and file names.
TENANT_ID = re2.compile(r"[a-z0-9][a-z0-9-]{1,62}")

#: Which settings an editor may change, and which only a platform administrator; the others are an administrator's.
_POLICIES = {"brand_names", "brand_notes", "suppressions"}
_LIMITS = {"requests_per_minute", "items_per_minute"}
#: What is shown in a form of its own.
_SHAPED = {"brand_notes", "suppressions"}
_MOST_REASON = 500


class TenantChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """New values of the fields that are given. None and empty mean: as the installation has it.

    `reason` is no setting: it says in the access log why they change.
    """

    name: str | UnsetType = UNSET
    default_locale: str | UnsetType = UNSET
    allowed_locales: tuple[str, ...] | UnsetType = UNSET
    retention_days: int | UnsetType = UNSET
    requests_per_minute: int | UnsetType | None = UNSET
    items_per_minute: int | UnsetType | None = UNSET
    brand_names: tuple[str, ...] | UnsetType = UNSET
    brand_notes: dict[str, NewBrandNote] | UnsetType = UNSET
    suppressions: tuple[NewSuppression, ...] | UnsetType = UNSET
    contact_email: str | UnsetType = UNSET
    legal_hold: bool | UnsetType = UNSET
    reason: str = ""


class NewTenant(TenantChange, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A tenant to be made: its id, and the fields that shall not be as usual. The name is the id unless given."""

    id: str


class TenantView(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant as it is shown; the names are those of TenantChange."""

    id: str
    name: str
    isolated: bool
    created_at: datetime
    default_locale: str
    allowed_locales: tuple[str, ...]
    retention_days: int
    requests_per_minute: int | None
    items_per_minute: int | None
    brand_names: tuple[str, ...]
    brand_notes: dict[str, NewBrandNote]
    suppressions: tuple[NewSuppression, ...]
    contact_email: str
    legal_hold: bool


class Tenants:
    """The tenants: one's own, for a platform administrator every one."""

    def __init__(self, tenants: TenantStore, log: AccessLog, clock: Clock, words: Invalidations) -> None:
        self._tenants = tenants
        self._log = log
        self._clock = clock
        self._words = words

    async def create(self, principal: Principal, wanted: NewTenant) -> TenantView:
        """A new tenant. Raises InvalidError naming the field, ConflictError if the id is taken."""
        require(principal, "tenants.create")
        assert principal.platform is not None
        if TENANT_ID.fullmatch(wanted.id) is None:
            raise InvalidError(
                (("/id", "an id is 2 to 63 of a-z, 0-9 and '-', beginning with a letter or a digit: cloud-kitchen-7"),)
            )
        name, settings = read_fields(_given(wanted), TenantSettings())
        tenant = Tenant(id=wanted.id, name=name or wanted.id, settings=settings, created_at=self._clock.now())
        delta = {"name": [None, tenant.name], **difference(TenantSettings(), settings)}
        line = access_line(principal, self._clock, "tenant:create", tenant.id, delta, tenant_id=tenant.id)
        await self._tenants.create(principal.platform, tenant, line)
        await self._words.announce("tenant", tenant.id)
        return _view(tenant)

    async def find(self, principal: Principal, tenant_id: str) -> TenantView:
        """One tenant. Raises NotFoundError for an unknown one and for another's."""
        require(principal, "tenants.read")
        return _view(await self._reachable(principal, tenant_id))

    async def page(self, principal: Principal, *, cursor: str = "", limit: int = USUAL_ROWS) -> Page[TenantView]:
        """In order of the ids; for all but platform administrators a list of one."""
        require(principal, "tenants.read")
        if principal.platform is None:
            return Page([await self.find(principal, principal.scope.tenant_id)])
        rows = await self._tenants.page(principal.platform, after=position_of(cursor), limit=limit + 1)
        return cut([_view(row) for row in rows], limit, lambda row: (row.id,))

    async def update(self, principal: Principal, tenant_id: str, change: TenantChange) -> TenantView:
        """Change the given fields. Raises InvalidError, NotFoundError; RefusedError for fields above one's role."""
        before, after = await self.planned(principal, tenant_id, change)
        return await self._write(principal, before, after, change.reason)

    async def planned(self, principal: Principal, tenant_id: str, change: TenantChange) -> tuple[Tenant, Tenant]:
        """The tenant before and after a change, which nothing is written of. Raises what `update` raises."""
        require(principal, "tenants.update")
        before = await self._reachable(principal, tenant_id)
        given = _given(change)
        if given.keys() & _LIMITS:
            require(principal, "tenants.limits")
        if given.keys() - _POLICIES - _LIMITS:
            require(principal, "tenants.settings")
        name, settings = read_fields(given, before.settings)
        one_line(change.reason, "/reason", most=_MOST_REASON, least=0)
        return before, msgspec.structs.replace(before, name=name or before.name, settings=settings)

    async def isolate(self, principal: Principal, tenant_id: str, *, isolated: bool) -> TenantView:
        """Refuse all keys and sign-ins of a tenant, or accept them again: on every replica within a second."""
        require(principal, "tenants.isolate")
        before = await tenant_within(principal, self._tenants, tenant_id)
        return await self._write(principal, before, msgspec.structs.replace(before, isolated=isolated))

    async def export(self, principal: Principal, tenant_id: str) -> AsyncIterator[bytes]:
        """Everything kept about a tenant as NDJSON, without secrets; the last line is `{"_summary": {table: rows}}`."""
        require(principal, "tenants.export")
        tenant = await self._reachable(principal, tenant_id)
        line = access_line(principal, self._clock, "tenant:export", tenant.id, tenant_id=tenant.id)
        scope = scope_within(principal, tenant.id)
        await self._log.add(scope, line)
        return _ndjson(self._tenants.rows(scope))

    async def erase(self, principal: Principal, tenant_id: str) -> dict[str, int]:
        """Remove a tenant and all its rows; how many of each table. It is isolated first, so that nothing is added.

        Raises ConflictError while it is under legal hold. What broke off can be begun again.
        """
        require(principal, "tenants.erase")
        assert principal.platform is not None
        tenant = await tenant_within(principal, self._tenants, tenant_id)
        if tenant.settings.legal_hold:
            raise ConflictError(f"the tenant {tenant.id} is under legal hold; lift it first (legal_hold: false)")
        if not tenant.isolated:
            await self.isolate(principal, tenant.id, isolated=True)
        # Its own log goes with it: what remains is one line in the installation's.
        line = access_line(principal, self._clock, "tenant:erase", tenant.id, {"name": [tenant.name, None]})
        if line.tenant_id == tenant.id:
            line = msgspec.structs.replace(line, tenant_id="")
        removed = await self._tenants.erase(principal.platform, tenant.id, line)
        await self._words.announce("tenant", tenant.id)
        return removed

    async def _reachable(self, principal: Principal, tenant_id: str) -> Tenant:
        if principal.platform is None and tenant_id != principal.scope.tenant_id:
            raise NotFoundError(f"there is no tenant {tenant_id!r:.80}")
        return await tenant_within(principal, self._tenants, tenant_id)

    async def _write(self, principal: Principal, before: Tenant, after: Tenant, reason: str = "") -> TenantView:
        delta = difference(before, after)
        if "settings" in delta:
            del delta["settings"]
            delta |= difference(before.settings, after.settings)
        if delta:
            delta |= {"reason": reason.strip()} if reason.strip() else {}
            line = access_line(principal, self._clock, "tenant:update", after.id, delta, tenant_id=after.id)
            if not await self._tenants.update(scope_within(principal, after.id), after, line):
                raise NotFoundError(f"there is no tenant {after.id!r:.80}")
            await self._words.announce("tenant", after.id)
        return _view(after)


def _given(change: TenantChange) -> dict[str, Any]:
    names = (name for name in change.__struct_fields__ if name not in ("id", "reason"))
    return {name: value for name in names if (value := getattr(change, name)) is not UNSET}


def _view(tenant: Tenant) -> TenantView:
    settings = tenant.settings
    kept = {name: getattr(settings, name) for name in settings.__struct_fields__ if name not in _SHAPED}
    return TenantView(
        id=tenant.id,
        name=tenant.name,
        isolated=tenant.isolated,
        created_at=tenant.created_at,
        brand_notes={name: NewBrandNote.of(note) for name, note in settings.brand_notes.items()},
        suppressions=tuple([NewSuppression.of(each) for each in settings.suppressions]),
        **kept,
    )


async def _ndjson(batches: AsyncIterator[Sequence[tuple[str, bytes]]]) -> AsyncIterator[bytes]:
    counts: dict[str, int] = {}
    async for batch in batches:
        for table, _ in batch:
            counts[table] = counts.get(table, 0) + 1
        yield b"".join([line + b"\n" for _, line in batch])
    yield msgspec.json.encode({"_summary": counts}) + b"\n"
