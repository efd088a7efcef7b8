"""Signing in to the console: a password, then for whom it is asked a code; and the session that comes of it."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from claimlens.domain.errors import NotFoundError, TooManyError, UnauthenticatedError
from claimlens.domain.session import SECOND_FACTOR_NEEDED, Session, Stage
from claimlens.domain.tenant import PlatformScope, Principal
from claimlens.domain.user import User
from claimlens.ports.accounts import TenantStore, UserStore
from claimlens.ports.cache import Hit, Limits
from claimlens.ports.clock import Clock
from claimlens.ports.secrets import SecretBox
from claimlens.ports.sessions import SecondFactorStore, SessionStore
from claimlens.usecases.access_log import access_line
from claimlens.usecases.authentication import principal_of, scope_of_tenant
from claimlens.usecases.users import SignIn

#: A session ends when nobody used it for so long, and in any case after so long.
IDLE, LONGEST = timedelta(hours=8), timedelta(days=7)
#: How exactly it is known when a session was last used.
_EXACT = timedelta(minutes=1)
#: Tries in a minute: from one address if nothing else is set, and for one person wherever they come from.
TRIES_PER_ADDRESS, TRIES_PER_PERSON = 20, 6
_TOKEN_PURPOSE, _FORM_PURPOSE, _PERSON_PURPOSE = "session", "form", "sign-in"
_MOST_AGENT = 200


class Entered(msgspec.Struct, frozen=True):
    """Who a session is: `principal` may act only once the `stage` of the session is FULL."""

    session: Session
    user: User
    principal: Principal


class SessionView(msgspec.Struct, frozen=True, kw_only=True):
    """A session as its owner sees it."""

    id: str
    created_at: datetime
    seen_at: datetime
    ip: str
    agent: str


class Sessions:
    """Begins, finds and ends sessions. A token is a random text that only the browser holds."""

    def __init__(
        self,
        sign_in: SignIn,
        sessions: SessionStore,
        factors: SecondFactorStore,
        users: UserStore,
        tenants: TenantStore,
        limits: Limits,
        box: SecretBox,
        clock: Clock,
        *,
        tries_per_address: int = TRIES_PER_ADDRESS,
    ) -> None:
        self._tries_per_address = tries_per_address
        self._sign_in = sign_in
        self._sessions = sessions
        self._factors = factors
        self._users = users
        self._tenants = tenants
        self._limits = limits
        self._box = box
        self._clock = clock

    async def begin(
        self, email: str, password: str, *, ip: str = "", agent: str = "", correlation_id: str = ""
    ) -> tuple[str, Stage]:
        """The token of a new session, and what is asked next.

        Raises UnauthenticatedError if address and password do not go together, TooManyError after too many tries.
        """
        person = self._box.digest(_PERSON_PURPOSE, email.strip().lower().encode(errors="replace")).hex()
        await self.count_try(person, ip)
        principal = await self._sign_in.sign_in(email, password, ip=ip, correlation_id=correlation_id)
        user_id = principal.actor.partition(":")[2]
        factor = await self._factors.find(principal.scope, user_id)
        if factor is not None and factor.confirmed_at is not None:
            stage = Stage.CODE
        elif principal.role in SECOND_FACTOR_NEEDED:
            stage = Stage.SETUP
        else:
            stage = Stage.FULL
        token, now = secrets.token_urlsafe(32), self._clock.now()
        session = Session(
            id=self._clock.new_id(),
            tenant_id=principal.scope.tenant_id,
            user_id=user_id,
            digest=self._digest(token),
            stage=stage,
            created_at=now,
            seen_at=now,
            ip=ip,
            agent="".join(sign for sign in agent if sign.isprintable())[:_MOST_AGENT],
        )
        await self._sessions.begin(principal.scope, session)
        return token, stage

    async def count_try(self, person: str, ip: str) -> None:
        """Count a try to get in. Raises TooManyError."""
        hits = [Hit("sign_in", ip, self._tries_per_address, 60), Hit("sign_in_person", person, TRIES_PER_PERSON, 60)]
        last = (await self._limits.hit(hits))[-1]
        if not last.allowed:
            raise TooManyError("too many tries to sign in; wait a minute", retry_after_s=last.reset_s)

    async def find(
        self, token: str, *, ip: str = "", correlation_id: str = "", is_passive: bool = False
    ) -> Entered | None:
        """Whose session this is; None if it ended, or if who it belongs to may not sign in any more.

        `is_passive`: a page asks by itself; that is no use of the session.
        """
        if not token:
            return None
        session = await self._sessions.find_by_digest(self._digest(token))
        now = self._clock.now()
        if session is None or now - session.seen_at >= IDLE or now - session.created_at >= LONGEST:
            return None
        tenant = await self._tenants.find(session.tenant_id)
        if tenant is None or tenant.isolated:
            return None
        scope = scope_of_tenant(tenant)
        user = await self._users.find(scope, session.user_id)
        if user is None or user.disabled:
            return None
        if session.stage is Stage.FULL and user.role in SECOND_FACTOR_NEEDED:
            # Whoever was made an administrator meanwhile, or lost the second factor, has to set it up first.
            factor = await self._factors.find(scope, user.id)
            if factor is None or factor.confirmed_at is None:
                session = msgspec.structs.replace(session, stage=Stage.SETUP)
        if not is_passive and now - session.seen_at >= _EXACT:
            await self._sessions.seen(scope, session.id, now)
        return Entered(session, user, principal_of(user, tenant.on(now.date()), ip=ip, correlation_id=correlation_id))

    async def promote(self, entered: Entered) -> str:
        """The session as a complete one, under a new token. Raises UnauthenticatedError if it ended meanwhile."""
        token = secrets.token_urlsafe(32)
        scope = entered.principal.scope
        if not await self._sessions.promote(scope, entered.session.id, self._digest(token), Stage.FULL):
            raise UnauthenticatedError("the session has ended; sign in again")
        return token

    async def end(self, entered: Entered) -> None:
        """Sign out."""
        await self._end(entered, "user:sign_out", only=entered.session.id)

    async def mine(self, entered: Entered) -> Sequence[SessionView]:
        """One's own sessions that still hold, the one used last first."""
        found = await self._sessions.of_user(entered.principal.scope, entered.user.id)
        now = self._clock.now()
        return [
            SessionView(id=one.id, created_at=one.created_at, seen_at=one.seen_at, ip=one.ip, agent=one.agent)
            for one in found
            if now - one.seen_at < IDLE and now - one.created_at < LONGEST
        ]

    async def end_mine(self, entered: Entered, session_id: str) -> None:
        """End one of one's own sessions. Raises NotFoundError."""
        if not await self._end(entered, "session:end", only=session_id):
            raise NotFoundError("there is no such session; it has ended already")

    async def end_others(self, entered: Entered) -> int:
        """End one's own sessions everywhere else; how many there were."""
        return await self._end(entered, "session:end", keep=entered.session.id)

    async def forget_idle(self, scope: PlatformScope, *, limit: int) -> int:
        """Drop sessions that ended by themselves."""
        return await self._sessions.forget_idle(scope, self._clock.now() - IDLE, limit=limit)

    def form_token(self, token: str) -> str:
        """What a form carries so that nobody else can send it: derived from the token that the browser holds."""
        return self._box.digest(_FORM_PURPOSE, token.encode(errors="replace")).hex()

    async def _end(self, entered: Entered, action: str, *, only: str = "", keep: str = "") -> int:
        line = access_line(entered.principal, self._clock, action, entered.user.id)
        return await self._sessions.end(entered.principal.scope, entered.user.id, line, only=only, keep=keep)

    def _digest(self, token: str) -> bytes:
        return self._box.digest(_TOKEN_PURPOSE, token.encode(errors="replace"))
