"""The second factor: an authenticator app, and recovery codes for when it is lost."""

import secrets
from base64 import b32encode, b64decode, b64encode
from urllib.parse import quote, urlencode

import msgspec

from claimlens.domain.errors import ConflictError, NotFoundError, UnauthenticatedError
from claimlens.domain.installation_key import SEALED
from claimlens.domain.session import SECOND_FACTOR_NEEDED, SecondFactor
from claimlens.domain.tenant import Principal
from claimlens.kit import totp
from claimlens.ports.accounts import UserStore
from claimlens.ports.clock import Clock
from claimlens.ports.secrets import SecretBox
from claimlens.ports.sessions import SecondFactorStore, SessionStore
from claimlens.usecases.access_log import access_line
from claimlens.usecases.authentication import reach, scope_within
from claimlens.usecases.permissions import require, require_rank
from claimlens.usecases.sessions import Entered, Sessions

ISSUER = "ClaimLens"
#: How many recovery codes there are, and the random bytes of each.
CODES, _CODE_BYTES = 10, 10
_SECRET_PURPOSE, _CODE_PURPOSE = SEALED["second_factors"], "recovery-code"


class SetUp(msgspec.Struct, frozen=True):
    """What an authenticator app has to be told: by a picture of the URI, or by typing the letters."""

    uri: str
    letters: str


class SecondFactors:
    """Sets up, asks for, and removes second factors."""

    def __init__(
        self,
        factors: SecondFactorStore,
        sessions: SessionStore,
        entries: Sessions,
        users: UserStore,
        box: SecretBox,
        clock: Clock,
    ) -> None:
        self._factors = factors
        self._sessions = sessions
        self._entries = entries
        self._users = users
        self._box = box
        self._clock = clock

    async def is_set_up(self, entered: Entered) -> bool:
        """Whether a code is asked for at the person's sign-in."""
        factor = await self._factors.find(entered.principal.scope, entered.user.id)
        return factor is not None and factor.confirmed_at is not None

    async def codes_left(self, entered: Entered) -> int:
        """How many recovery codes are left."""
        factor = await self._factors.find(entered.principal.scope, entered.user.id)
        return 0 if factor is None else len(factor.recovery)

    async def begin(self, entered: Entered) -> SetUp:
        """What to tell the authenticator app; the same again until a code confirms it.

        Raises ConflictError if there is a confirmed one.
        """
        scope = entered.principal.scope
        factor = await self._factors.find(scope, entered.user.id)
        if factor is None:
            sealed = self._box.seal(_SECRET_PURPOSE, b64encode(secrets.token_bytes(totp.SECRET_BYTES)).decode())
            factor = SecondFactor(
                user_id=entered.user.id, tenant_id=scope.tenant_id, secret=sealed, created_at=self._clock.now()
            )
            await self._factors.put(scope, factor, None)
        if factor.confirmed_at is not None:
            raise ConflictError("a second factor is set up already")
        secret = self._secret(factor)
        return SetUp(_uri(secret, entered.user.email), totp.letters_of(secret))

    async def confirm(self, entered: Entered, code: str) -> tuple[str, ...]:
        """Set it up for good by a first code; the recovery codes, shown this once.

        Raises UnauthenticatedError for a code that is not right, ConflictError if there is nothing to confirm.
        """
        scope = entered.principal.scope
        await self._entries.count_try(entered.user.id, entered.principal.ip)
        factor = await self._factors.find(scope, entered.user.id)
        if factor is None or factor.confirmed_at is not None:
            raise ConflictError("there is nothing to confirm; begin anew")
        now = self._clock.now()
        step = totp.matching_step(self._secret(factor), code, totp.step_at(now.timestamp()))
        if step is None:
            raise UnauthenticatedError("this is not the present code; see that the clock of your phone is right")
        codes = tuple(_recovery_code() for _ in range(CODES))
        line = access_line(entered.principal, self._clock, "user:second_factor", entered.user.id)
        done = msgspec.structs.replace(
            factor, confirmed_at=now, last_step=step, recovery=tuple(map(self._code_digest, codes))
        )
        await self._factors.put(scope, done, line)
        return codes

    async def check(self, entered: Entered, code: str) -> None:
        """Let somebody in by the present code or by a recovery code, each good for one time.

        Raises UnauthenticatedError, TooManyError after too many tries.
        """
        scope, user = entered.principal.scope, entered.user
        await self._entries.count_try(user.id, entered.principal.ip)
        factor = await self._factors.find(scope, user.id)
        if factor is not None and factor.confirmed_at is not None:
            now = totp.step_at(self._clock.now().timestamp())
            step = totp.matching_step(self._secret(factor), code, now, after=factor.last_step)
            if step is not None and await self._factors.use_step(scope, user.id, step):
                return
            digest = self._code_digest(code)
            if digest in factor.recovery and await self._factors.use_recovery(scope, factor, digest):
                return
        raise UnauthenticatedError("the code is not right, or it was used already; wait for the next one")

    async def remove_mine(self, entered: Entered, code: str) -> None:
        """Do without a second factor, for who may. Raises ConflictError for administrators, else as `check`."""
        if entered.user.role in SECOND_FACTOR_NEEDED:
            raise ConflictError("administrators need a second factor; another administrator can reset it")
        await self.check(entered, code)
        line = access_line(entered.principal, self._clock, "user:second_factor_removed", entered.user.id)
        await self._factors.remove(entered.principal.scope, entered.user.id, line)

    async def reset(self, principal: Principal, user_id: str) -> None:
        """Take another's second factor away, for who lost it, and end their sessions.

        At the next sign-in they set up a new one if they need one. Raises NotFoundError; RefusedError for a person of a
        role above one's own.
        """
        require(principal, "users.update")
        user = await self._users.find(reach(principal), user_id)
        if user is None:
            raise NotFoundError(f"there is no user {user_id!r:.80}")
        require_rank(principal, user.role)
        scope = scope_within(principal, user.tenant_id)
        line = access_line(principal, self._clock, "user:second_factor_reset", user.id, tenant_id=user.tenant_id)
        if not await self._factors.remove(scope, user.id, line):
            raise NotFoundError(f"{user.email} has no second factor", "/user")
        ended = access_line(principal, self._clock, "session:end", user.id, tenant_id=user.tenant_id)
        await self._sessions.end(scope, user.id, ended)

    async def holders(self, principal: Principal) -> frozenset[str]:
        """The ids of the people within reach who have one."""
        require(principal, "users.read")
        return await self._factors.holders(reach(principal))

    def _secret(self, factor: SecondFactor) -> bytes:
        return b64decode(self._box.open(_SECRET_PURPOSE, factor.secret))

    def _code_digest(self, code: str) -> str:
        plain = "".join(sign for sign in code.upper() if sign.isalnum())
        return self._box.digest(_CODE_PURPOSE, plain.encode(errors="replace")).hex()


def _recovery_code() -> str:
    letters = b32encode(secrets.token_bytes(_CODE_BYTES)).decode("ascii")
    return "-".join(letters[at : at + 4] for at in range(0, len(letters), 4)).lower()


def _uri(secret: bytes, account: str) -> str:
    """The `otpauth:` URI that an authenticator app reads from a QR code."""
    asked = {"secret": totp.letters_of(secret), "issuer": ISSUER, "digits": totp.DIGITS, "period": totp.STEP_S}
    return f"otpauth://totp/{quote(ISSUER)}:{quote(account)}?{urlencode(asked)}"
