"""API keys: made, listed, rotated, revoked."""

import secrets
from collections.abc import AsyncIterator, Callable, Collection
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

import msgspec

from claimlens.domain.api_key import ApiKey
from claimlens.domain.errors import ConflictError, InvalidError, NotFoundError
from claimlens.domain.key_format import RANDOM_BYTES, shown, write_key
from claimlens.domain.tenant import Principal, Role
from claimlens.ports.accounts import KeyStore, TenantStore
from claimlens.ports.cache import Invalidations
from claimlens.ports.clock import Clock
from claimlens.ports.secrets import SecretBox
from claimlens.usecases.access_log import access_line
from claimlens.usecases.authentication import KEY_PURPOSE, reach, scope_within, tenant_within
from claimlens.usecases.fields import one_line
from claimlens.usecases.pages import MOST_ROWS, USUAL_ROWS, Page, cut, position_of
from claimlens.usecases.permissions import require, require_rank

#: How long an old key goes on beside the one that took over, unless said otherwise, and at most.
USUAL_OVERLAP, MOST_OVERLAP = timedelta(hours=24), timedelta(days=30)
_MOST_NAME = 100

Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class NewKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is asked for. `test` keys judge fully; their audits are flagged and no webhook is told."""

    tenant_id: str
    role: Role = Role.PUBLISHER
    name: str = ""
    expires_at: Moment | None = None
    test: bool = False


class KeyState(StrEnum):
    """What a key is good for now. `replaced`: another took over, this one still opens until it expires."""

    ACTIVE = "active"
    REPLACED = "replaced"
    EXPIRED = "expired"
    REVOKED = "revoked"


class KeyView(msgspec.Struct, frozen=True, kw_only=True):
    """A key as it is shown: everything but the secret and its digest."""

    id: str
    tenant_id: str
    name: str
    role: Role
    state: KeyState
    shown: str
    test: bool
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    replaced_by: str | None


class IssuedKey(KeyView, frozen=True, kw_only=True):
    """A new key with its secret, `key`: shown this once, kept nowhere. `replaces` is the key it took over from."""

    key: str
    replaces: str | None = None


class ApiKeys:
    """The keys of tenants: an administrator's own, for a platform administrator everybody's."""

    def __init__(
        self, keys: KeyStore, tenants: TenantStore, box: SecretBox, clock: Clock, words: Invalidations
    ) -> None:
        self._keys = keys
        self._tenants = tenants
        self._box = box
        self._clock = clock
        self._words = words

    async def create(self, principal: Principal, wanted: NewKey) -> IssuedKey:
        """A new key.

        Raises RefusedError for another's tenant and for a role above one's own, NotFoundError for an unknown tenant.
        """
        require(principal, "api_keys.create")
        scope = scope_within(principal, wanted.tenant_id)
        require_rank(principal, wanted.role)
        now = self._clock.now()
        name = one_line(wanted.name, "/name", most=_MOST_NAME, least=0)
        if wanted.expires_at is not None and wanted.expires_at <= now:
            raise InvalidError((("/expires_at", f"a key expires in the future; it is {now:%Y-%m-%dT%H:%M:%SZ}"),))
        tenant = await tenant_within(principal, self._tenants, wanted.tenant_id)
        key, secret = self._issue(principal, tenant.id, name, wanted.role, wanted.expires_at, wanted.test)
        delta = {"role": [None, key.role], "name": [None, name], "expires_at": [None, wanted.expires_at]}
        line = access_line(principal, self._clock, "api_key:create", key.id, delta, tenant_id=tenant.id)
        await self._keys.create(scope, key, line)
        return _issued(key, secret, now)

    async def page(
        self, principal: Principal, *, tenant_id: str | None = None, cursor: str = "", limit: int = USUAL_ROWS
    ) -> Page[KeyView]:
        """Oldest first, revoked ones included. `tenant_id` None: one's own tenant, or every one."""
        require(principal, "api_keys.read")
        rows = await self._keys.page(reach(principal, tenant_id), after=position_of(cursor), limit=limit + 1)
        now = self._clock.now()
        return cut([_view(row, now) for row in rows], limit, lambda row: (row.id,))

    async def revoke(self, principal: Principal, key_id: str) -> None:
        """End a key at once: on every replica within a second. Revoking it again changes nothing.

        Raises NotFoundError; RefusedError for a key of a role above one's own.
        """
        require(principal, "api_keys.revoke")
        key = await self._find(principal, key_id)
        require_rank(principal, key.role)
        now = self._clock.now()
        line = access_line(
            principal, self._clock, "api_key:revoke", key.id, {"revoked_at": [None, now]}, tenant_id=key.tenant_id
        )
        await self._keys.revoke(scope_within(principal, key.tenant_id), key.id, now, line)
        await self._words.announce("api_key", key.id)

    async def rotate(self, principal: Principal, key_id: str, overlap: timedelta = USUAL_OVERLAP) -> IssuedKey:
        """A new key like the old one, which goes on for the overlap and then ends; a zero overlap ends it at once.

        Raises NotFoundError; ConflictError if it is revoked, expired or already replaced; RefusedError for a key of a
        role above one's own.
        """
        require(principal, "api_keys.rotate")
        _check_overlap(overlap)
        key = await self._find(principal, key_id)
        require_rank(principal, key.role)
        return await self._rotate(principal, key, overlap)

    async def rotate_all(
        self,
        principal: Principal,
        *,
        tenant_id: str | None = None,
        overlap: timedelta = USUAL_OVERLAP,
        hand_out: Callable[[IssuedKey], None] = lambda _: None,
        handed_out: Collection[str] = (),
    ) -> AsyncIterator[IssuedKey]:
        """Rotate every key that still opens something, of one tenant or of all; yields each new key once it is kept.

        Keys that were already replaced end with this overlap too. What broke off can be begun again: `hand_out` gets
        each new key before it is kept, so that none is lost; the ids of those it got before are `handed_out`.
        """
        require(principal, "api_keys.rotate")
        _check_overlap(overlap)
        covered, after = reach(principal, tenant_id), ""
        made = set(handed_out)
        while rows := await self._keys.page(covered, after=after, limit=MOST_ROWS):
            after = rows[-1].id
            for key in rows:
                if key.id in made or not key.holds(self._clock.now()):
                    continue
                require_rank(principal, key.role)
                if key.replaced_by is None:
                    fresh = await self._rotate(principal, key, overlap, hand_out)
                    made.add(fresh.id)
                    yield fresh
                elif not overlap:
                    await self.revoke(principal, key.id)

    async def _rotate(
        self,
        principal: Principal,
        key: ApiKey,
        overlap: timedelta,
        hand_out: Callable[[IssuedKey], None] = lambda _: None,
    ) -> IssuedKey:
        now = self._clock.now()
        if not key.holds(now) or key.replaced_by is not None:
            raise ConflictError(f"the key {key.id} is {_state(key, now)}: it cannot be rotated; create a new one")
        # Made for 90 days, it is again for 90 days.
        expires_at = now + (key.expires_at - key.created_at) if key.expires_at else None
        fresh, secret = self._issue(principal, key.tenant_id, key.name, key.role, expires_at, key.test)
        until = min(key.expires_at or now + overlap, now + overlap)
        delta = {"replaced_by": [None, fresh.id], "expires_at": [key.expires_at, until]}
        line = access_line(principal, self._clock, "api_key:rotate", key.id, delta, tenant_id=key.tenant_id)
        scope = scope_within(principal, key.tenant_id)
        issued = _issued(fresh, secret, now, replaces=key.id)
        hand_out(issued)
        if not await self._keys.replace(scope, key.id, until=until, by=fresh, access=line):
            raise ConflictError(f"the key {key.id} was revoked or rotated by somebody else meanwhile")
        await self._words.announce("api_key", key.id)
        return issued

    async def _find(self, principal: Principal, key_id: str) -> ApiKey:
        key = await self._keys.find(reach(principal), key_id)
        if key is None:
            raise NotFoundError(f"there is no API key {key_id!r:.80}")
        return key

    def _issue(
        self, principal: Principal, tenant_id: str, name: str, role: Role, expires_at: datetime | None, test: bool
    ) -> tuple[ApiKey, str]:
        secret = write_key(secrets.token_bytes(RANDOM_BYTES), test=test)
        key = ApiKey(
            id=self._clock.new_id(),
            tenant_id=tenant_id,
            name=name,
            role=role,
            shown=shown(secret),
            digest=self._box.digest(KEY_PURPOSE, secret.encode("ascii")),
            test=test,
            created_at=self._clock.now(),
            created_by=principal.actor,
            expires_at=expires_at,
        )
        return key, secret


def _check_overlap(overlap: timedelta) -> None:
    if not timedelta(0) <= overlap <= MOST_OVERLAP:
        raise InvalidError((("/overlap_hours", f"the overlap is 0 to {MOST_OVERLAP.days * 24} hours"),))


def _state(key: ApiKey, now: datetime) -> KeyState:
    if key.revoked_at is not None:
        return KeyState.REVOKED
    if not key.holds(now):
        return KeyState.EXPIRED
    return KeyState.ACTIVE if key.replaced_by is None else KeyState.REPLACED


def _view(key: ApiKey, now: datetime) -> KeyView:
    return KeyView(state=_state(key, now), **_kept(key))


def _issued(key: ApiKey, secret: str, now: datetime, replaces: str | None = None) -> IssuedKey:
    return IssuedKey(key=secret, replaces=replaces, state=_state(key, now), **_kept(key))


def _kept(key: ApiKey) -> dict[str, Any]:
    names = (field for field in KeyView.__struct_fields__ if field != "state")
    return {name: getattr(key, name) for name in names}
