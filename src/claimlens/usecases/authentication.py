"""Who asks. The only place that makes scopes: nothing else decides whose rows may be touched.

A key is looked up by its keyed digest, and what was found is believed for `LIFETIME` from the moment the store was
asked, so that a key revoked on one replica opens nothing on any other within a second, word or no word.
"""

import asyncio
import hmac
from collections import OrderedDict
from datetime import datetime, timedelta

import msgspec

from claimlens.domain.api_key import ApiKey
from claimlens.domain.errors import NotFoundError, RefusedError, UnauthenticatedError
from claimlens.domain.key_format import is_key
from claimlens.domain.tenant import PlatformScope, Principal, Reach, Role, Tenant, TenantScope, TenantSettings
from claimlens.domain.user import User
from claimlens.ports.accounts import KeyStore, TenantStore
from claimlens.ports.cache import Invalidations
from claimlens.ports.clock import Clock
from claimlens.ports.secrets import SecretBox

#: How long an answer of the store is believed.
LIFETIME = timedelta(seconds=0.75)
#: The purpose under which keys are digested.
KEY_PURPOSE = "api-key"

# Keys that open something and keys that open nothing are remembered apart, so that made-up ones push no good one out.
_MOST_KNOWN, _MOST_UNKNOWN = 10_000, 10_000
# One sentence for whatever is wrong, so that an answer tells nothing about what exists.
_REFUSED = "no API key, or one that opens nothing; send a key as `Authorization: Bearer cl_live_…`"
_INSTALLATION = Tenant(
    id="", name="the installation", settings=TenantSettings(), created_at=datetime.fromisoformat("1970-01-01T00:00Z")
)


class _Found(msgspec.Struct, frozen=True):
    asked_at: datetime
    key: ApiKey | None = None
    tenant: Tenant | None = None


class Authentication:
    """Turns keys into principals. One for each process; `flush` is to be called every few seconds and at the end."""

    def __init__(
        self, keys: KeyStore, tenants: TenantStore, box: SecretBox, clock: Clock, words: Invalidations
    ) -> None:
        self._keys = keys
        self._tenants = tenants
        self._box = box
        self._clock = clock
        self._known: OrderedDict[bytes, _Found] = OrderedDict()
        self._unknown: OrderedDict[bytes, _Found] = OrderedDict()
        self._asking: dict[bytes, asyncio.Task[_Found]] = {}
        self._forgotten = 0
        self._last_used: dict[str, datetime] = {}
        words.on("api_key", self._forget)
        words.on("tenant", self._forget)

    async def authenticate(self, presented: str, *, ip: str = "", correlation_id: str = "") -> Principal:
        """Who holds the presented key.

        Raises UnauthenticatedError, in the same words, for no key, a malformed, unknown, revoked or expired one and for
        one of an isolated tenant. A malformed one never reaches the store.
        """
        if not is_key(presented):
            raise UnauthenticatedError(_REFUSED)
        digest = self._box.digest(KEY_PURPOSE, presented.encode("ascii"))
        now = self._clock.now()
        found = self._remembered(digest, now)
        if found is None:
            found = await self._ask_once(digest)
        key, tenant = found.key, found.tenant
        if (
            key is None
            or tenant is None
            or tenant.isolated
            or not key.holds(now)
            or not hmac.compare_digest(key.digest, digest)
        ):
            raise UnauthenticatedError(_REFUSED)
        self._last_used[key.id] = now
        return Principal(
            actor=f"key:{key.id}",
            role=key.role,
            scope=TenantScope(tenant.id),
            tenant=tenant,
            platform=PlatformScope() if key.role is Role.PLATFORM_ADMIN else None,
            test=key.test,
            ip=ip,
            correlation_id=correlation_id,
        )

    def remembers(self, presented: str) -> bool:
        """Whether `authenticate` would let this key in without asking the store; for the order of the limits."""
        if not is_key(presented):
            return False
        found = self._remembered(self._box.digest(KEY_PURPOSE, presented.encode("ascii")), self._clock.now())
        return found is not None and found.key is not None

    async def flush(self) -> None:
        """Write when keys were last used. What cannot be written now is kept for the next time."""
        noted, self._last_used = self._last_used, {}
        if not noted:
            return
        try:
            await self._keys.used(noted)
        except BaseException:
            self._last_used = {**noted, **self._last_used}
            raise

    def _remembered(self, digest: bytes, now: datetime) -> _Found | None:
        found = self._known.get(digest) or self._unknown.get(digest)
        # A clock that was set back must not make an answer immortal.
        if found is None or not timedelta(0) <= now - found.asked_at < LIFETIME:
            return None
        return found

    async def _ask_once(self, digest: bytes) -> _Found:
        """Many requests with one key ask the store once."""
        task = self._asking.get(digest)
        if task is None:
            task = self._asking[digest] = asyncio.ensure_future(self._ask(digest))
            task.add_done_callback(lambda done: self._answered(digest, done))
        return await asyncio.shield(task)

    def _answered(self, digest: bytes, done: "asyncio.Task[_Found]") -> None:
        if self._asking.get(digest) is done:
            del self._asking[digest]
        if not done.cancelled():
            done.exception()  # looked at, in case every request that waited for it has gone

    async def _ask(self, digest: bytes) -> _Found:
        forgotten = self._forgotten
        asked_at = self._clock.now()
        key = await self._keys.find_by_digest(digest)
        tenant = await self._tenants.find(key.tenant_id) if key is not None else None
        found = _Found(asked_at, key, tenant.on(asked_at.date()) if tenant is not None else None)
        # A word that came meanwhile may speak of what was just read: it is used, not remembered.
        if self._forgotten == forgotten:
            memory, most = (self._unknown, _MOST_UNKNOWN) if key is None else (self._known, _MOST_KNOWN)
            memory[digest] = found
            memory.move_to_end(digest)
            while len(memory) > most:
                memory.popitem(last=False)
        return found

    def _forget(self, _: str) -> None:
        # Everything: it would have been asked anew within a second anyway.
        self._forgotten += 1
        self._known.clear()
        self._unknown.clear()
        self._asking.clear()


def principal_of(user: User, tenant: Tenant, *, ip: str = "", correlation_id: str = "") -> Principal:
    """A user who has signed in, or whose session was read. Whether they still may is the caller's to have asked."""
    return Principal(
        actor=f"user:{user.id}",
        role=user.role,
        scope=TenantScope(tenant.id),
        tenant=tenant,
        platform=PlatformScope() if user.role is Role.PLATFORM_ADMIN else None,
        ip=ip,
        correlation_id=correlation_id,
    )


def scope_of_tenant(tenant: Tenant) -> TenantScope:
    """The rows of the tenant that a session belongs to, before it is known who asks."""
    return TenantScope(tenant.id)


def stranger_of_tenant(tenant: Tenant, actor: str, *, ip: str = "", correlation_id: str = "") -> Principal:
    """Somebody whom nobody knows, let in to one thing of a tenant by who may: by a link that was given to them."""
    return Principal(
        actor=actor,
        role=Role.VIEWER,
        scope=TenantScope(tenant.id),
        tenant=tenant,
        ip=ip,
        correlation_id=correlation_id,
    )


def looking_at(principal: Principal, tenant: Tenant) -> Principal:
    """A platform administrator at work in a tenant that may not be their own: its rows, and its access log.

    Raises RefusedError for everybody else.
    """
    if principal.platform is None:
        raise RefusedError(f"this is for the tenant {principal.scope.tenant_id} only")
    return msgspec.structs.replace(principal, scope=TenantScope(tenant.id), tenant=tenant)


def operator(login: str, tenant: Tenant | None = None) -> Principal:
    """The person at the machine: whoever can read the installation's secret and its store may do everything.

    Without a tenant it speaks for the installation, whose lines in the access log have an empty tenant id.
    """
    home = tenant or _INSTALLATION
    return Principal(
        actor=f"cli:{login}",
        role=Role.PLATFORM_ADMIN,
        scope=TenantScope(home.id),
        tenant=home,
        platform=PlatformScope(),
    )


def worker_scope() -> PlatformScope:
    """All tenants, for the worker."""
    return PlatformScope()


def scope_of(platform: PlatformScope, tenant_id: str) -> TenantScope:
    """One tenant's rows, for who may touch every tenant's."""
    assert isinstance(platform, PlatformScope)
    return TenantScope(tenant_id)


def reach(principal: Principal, tenant_id: str | None = None) -> Reach:
    """What a read covers: the named tenant; else everything for a platform administrator, their own for others.

    Raises RefusedError for another tenant than one's own, whether it exists or not.
    """
    if principal.platform is not None:
        return principal.platform if tenant_id is None else TenantScope(tenant_id)
    return principal.scope if tenant_id is None else scope_within(principal, tenant_id)


def scope_within(principal: Principal, tenant_id: str) -> TenantScope:
    """The scope for a change in the named tenant. Raises RefusedError as `reach` does."""
    if principal.platform is not None:
        return TenantScope(tenant_id)
    if tenant_id != principal.scope.tenant_id:
        raise RefusedError(f"this is for the tenant {principal.scope.tenant_id} only")
    return principal.scope


async def tenant_within(principal: Principal, tenants: TenantStore, tenant_id: str) -> Tenant:
    """The named tenant, if the principal may touch it. Raises RefusedError, or NotFoundError saying how to make it."""
    scope_within(principal, tenant_id)
    tenant = await tenants.find(tenant_id)
    if tenant is None:
        raise NotFoundError(
            f"there is no tenant {tenant_id!r:.80}; make it with POST /v1/tenants"
            f" or `claimlens tenants create`, or name another",
            "/tenant_id",
        )
    return tenant
