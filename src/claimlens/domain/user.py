"""People who sign in to the console."""

from datetime import datetime

import msgspec

from claimlens.domain.tenant import Role


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A person of a tenant. `password_hash` is Argon2id in PHC string form, empty until a password is set."""

    id: str
    tenant_id: str
    email: str
    role: Role
    created_at: datetime
    password_hash: str = ""
    disabled: bool = False
    last_sign_in_at: datetime | None = None
