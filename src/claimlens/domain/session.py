"""Sessions of people who signed in to the console, and their second factor."""

from datetime import datetime
from enum import StrEnum

import msgspec

from claimlens.domain.tenant import Role

#: Whose word alone is not enough: they need a second factor.
SECOND_FACTOR_NEEDED = frozenset({Role.PLATFORM_ADMIN, Role.ADMIN})


class Stage(StrEnum):
    """How far a sign-in came: a code is asked for, a second factor has to be set up, or it is complete."""

    CODE = "code"
    SETUP = "setup"
    FULL = "full"


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A session. `digest` is the keyed digest of the token that the browser holds; the token itself is kept nowhere."""

    id: str
    tenant_id: str
    user_id: str
    digest: bytes
    stage: Stage
    created_at: datetime
    seen_at: datetime
    ip: str = ""
    agent: str = ""


class SecondFactor(msgspec.Struct, frozen=True, kw_only=True):
    """A person's authenticator. `secret` is sealed, `last_step` the step of the last code that was taken.

    `recovery` are keyed digests of the recovery codes that are left. Until `confirmed_at` it asks nothing of anybody.
    """

    user_id: str
    tenant_id: str
    secret: bytes
    created_at: datetime
    confirmed_at: datetime | None = None
    last_step: int = 0
    recovery: tuple[str, ...] = ()
