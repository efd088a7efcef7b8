"""People who sign in: made, listed, changed, deleted; and the sign-in itself."""

import asyncio
from datetime import datetime

import msgspec
from msgspec import UNSET, UnsetType

from claimlens.domain.access import Access
from claimlens.domain.errors import InvalidError, NotFoundError, UnauthenticatedError
from claimlens.domain.tenant import Principal, Role
from claimlens.domain.user import User
from claimlens.kit.wellformed import is_wellformed
from claimlens.ports.accounts import AccessLog, TenantStore, UserStore
from claimlens.ports.clock import Clock
from claimlens.ports.secrets import PasswordHasher
from claimlens.ports.sessions import SessionStore
from claimlens.usecases.access_log import access_line, difference
from claimlens.usecases.authentication import principal_of, reach, scope_within, tenant_within
from claimlens.usecases.fields import email_address
from claimlens.usecases.pages import USUAL_ROWS, Page, cut, position_of
from claimlens.usecases.permissions import require, require_rank

#: Length is what makes a password hard to guess; no other rule (NIST SP 800-63B, 3.1.1.2).
LEAST_PASSWORD, MOST_PASSWORD = 12, 256

_NOT_SIGNED_IN = "the e-mail address and the password do not go together"


class NewUser(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A person to be let in. Without a password nobody can sign in as them yet."""

    tenant_id: str
    email: str
    role: Role = Role.VIEWER
    password: str = ""


class UserChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """New values of the fields that are given."""

    role: Role | UnsetType = UNSET
    disabled: bool | UnsetType = UNSET
    password: str | UnsetType = UNSET


class UserView(msgspec.Struct, frozen=True, kw_only=True):
    """A person as they are shown; of the password only whether there is one."""

    id: str
    tenant_id: str
    email: str
    role: Role
    disabled: bool
    has_password: bool
    created_at: datetime
    last_sign_in_at: datetime | None


class Users:
    """The people of tenants: an administrator's own, for a platform administrator everybody's."""

    def __init__(
        self,
        users: UserStore,
        tenants: TenantStore,
        sessions: SessionStore,
        passwords: PasswordHasher,
        clock: Clock,
    ) -> None:
        self._users = users
        self._tenants = tenants
        self._sessions = sessions
        self._passwords = passwords
        self._clock = clock

    async def create(self, principal: Principal, wanted: NewUser) -> UserView:
        """A new person.

        Raises RefusedError for another's tenant and for a role above one's own, NotFoundError for an unknown tenant,
        ConflictError if the address is taken.
        """
        require(principal, "users.create")
        scope = scope_within(principal, wanted.tenant_id)
        require_rank(principal, wanted.role)
        email = email_address(wanted.email, "/email")
        hashed = await self._hash(wanted.password) if wanted.password else ""
        tenant = await tenant_within(principal, self._tenants, wanted.tenant_id)
        user = User(
            id=self._clock.new_id(),
            tenant_id=tenant.id,
            email=email,
            role=wanted.role,
            created_at=self._clock.now(),
            password_hash=hashed,
        )
        delta = {"email": [None, email], "role": [None, user.role]}
        line = access_line(principal, self._clock, "user:create", user.id, delta, tenant_id=tenant.id)
        await self._users.create(scope, user, line)
        return _view(user)

    async def page(
        self, principal: Principal, *, tenant_id: str | None = None, cursor: str = "", limit: int = USUAL_ROWS
    ) -> Page[UserView]:
        """Oldest first. `tenant_id` None: one's own tenant, or every one."""
        require(principal, "users.read")
        rows = await self._users.page(reach(principal, tenant_id), after=position_of(cursor), limit=limit + 1)
        return cut([_view(row) for row in rows], limit, lambda row: (row.id,))

    async def find(self, principal: Principal, user_id: str) -> UserView:
        """One person. Raises NotFoundError."""
        require(principal, "users.read")
        return _view(await self._find(principal, user_id))

    async def find_by_email(self, principal: Principal, email: str) -> UserView:
        """One person by their address. Raises NotFoundError, for other tenants' people too."""
        require(principal, "users.read")
        user = await self._users.find_by_email(email.strip().lower())
        if user is None or (principal.platform is None and user.tenant_id != principal.scope.tenant_id):
            raise NotFoundError(f"there is no user {email!r:.80}")
        return _view(user)

    async def update(self, principal: Principal, user_id: str, change: UserChange) -> UserView:
        """Change role, password, or whether they may sign in; a new password and a refusal end their sessions.

        Raises NotFoundError; RefusedError if the role, theirs or the new one, is above one's own.
        """
        require(principal, "users.update")
        before = await self._find(principal, user_id)
        require_rank(principal, before.role)
        after = before
        if change.role is not UNSET:
            require_rank(principal, change.role)
            after = msgspec.structs.replace(after, role=change.role)
        if change.disabled is not UNSET:
            after = msgspec.structs.replace(after, disabled=change.disabled)
        if change.password is not UNSET:
            after = msgspec.structs.replace(after, password_hash=await self._hash(change.password))
        delta = difference(before, after)
        if "password_hash" in delta:
            del delta["password_hash"]
            delta["password"] = ["(not shown)", "(not shown)"]
        if delta:
            line = self._line(principal, "user:update", after, delta)
            scope = scope_within(principal, after.tenant_id)
            if not await self._users.update(scope, after, line):
                raise _no_user(user_id)
            if after.disabled or change.password is not UNSET:
                await self._sessions.end(scope, after.id, self._line(principal, "session:end", after, {}))
        return _view(after)

    async def delete(self, principal: Principal, user_id: str) -> None:
        """Remove a person; what they did stays in the access log. Raises NotFoundError, RefusedError as `update`."""
        require(principal, "users.delete")
        user = await self._find(principal, user_id)
        require_rank(principal, user.role)
        line = self._line(principal, "user:delete", user, {"email": [user.email, None], "role": [user.role, None]})
        if not await self._users.delete(scope_within(principal, user.tenant_id), user.id, line):
            raise _no_user(user_id)

    def _line(self, principal: Principal, action: str, user: User, delta: dict[str, object]) -> Access:
        return access_line(principal, self._clock, action, user.id, delta, tenant_id=user.tenant_id)

    async def _find(self, principal: Principal, user_id: str) -> User:
        user = await self._users.find(reach(principal), user_id)
        if user is None:
            raise _no_user(user_id)
        return user

    async def _hash(self, password: str) -> str:
        if not LEAST_PASSWORD <= len(password) <= MOST_PASSWORD or not is_wellformed(password):
            detail = f"a password has {LEAST_PASSWORD} to {MOST_PASSWORD} characters"
            raise InvalidError((("/password", detail),))
        return await asyncio.to_thread(self._passwords.hash, password)


class SignIn:
    """Turns an e-mail address and a password into a principal, for the console."""

    def __init__(
        self, users: UserStore, tenants: TenantStore, log: AccessLog, passwords: PasswordHasher, clock: Clock
    ) -> None:
        self._users = users
        self._tenants = tenants
        self._log = log
        self._passwords = passwords
        self._clock = clock
        self._nobody = ""

    async def sign_in(self, email: str, password: str, *, ip: str = "", correlation_id: str = "") -> Principal:
        """Who signs in. It is in the tenant's access log, refused or not, if there is such a user.

        Raises UnauthenticatedError, in the same words and after the same work, for an unknown address, a wrong
        password, a disabled user and one of an isolated tenant.
        """
        address = email.strip().lower()
        plain = password if len(password) <= MOST_PASSWORD and is_wellformed(password) else ""
        user = await self._users.find_by_email(address) if is_wellformed(address) else None
        tenant = await self._tenants.find(user.tenant_id) if user is not None else None
        right = await asyncio.to_thread(self._matches, plain, user.password_hash if user else "")
        if user is None or tenant is None:
            raise UnauthenticatedError(_NOT_SIGNED_IN)
        principal = principal_of(user, tenant, ip=ip, correlation_id=correlation_id)
        if not right or user.disabled or tenant.isolated:
            line = access_line(principal, self._clock, "user:sign_in", user.id, outcome="refused")
            await self._log.add(principal.scope, line)
            raise UnauthenticatedError(_NOT_SIGNED_IN)
        line = access_line(principal, self._clock, "user:sign_in", user.id)
        signed_in = msgspec.structs.replace(user, last_sign_in_at=line.ts)
        if self._passwords.is_outdated(user.password_hash):
            fresh = await asyncio.to_thread(self._passwords.hash, plain)
            signed_in = msgspec.structs.replace(signed_in, password_hash=fresh)
        await self._users.update(principal.scope, signed_in, line)
        return principal

    def _matches(self, password: str, hashed: str) -> bool:
        if hashed:
            return self._passwords.verify(password, hashed)
        # Nobody's password is checked all the same: how long an answer takes shall not tell who exists.
        self._nobody = self._nobody or self._passwords.hash("nobody")
        self._passwords.verify(password, self._nobody)
        return False


def _no_user(user_id: str) -> NotFoundError:
    return NotFoundError(f"there is no user {user_id!r:.80}")


def _view(user: User) -> UserView:
    return UserView(
        id=user.id,
        tenant_id=user.tenant_id,
        email=user.email,
        role=user.role,
        disabled=user.disabled,
        has_password=bool(user.password_hash),
        created_at=user.created_at,
        last_sign_in_at=user.last_sign_in_at,
    )
