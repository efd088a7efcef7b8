"""Keys that the installation made itself, and what is known of those that signed its seals."""

from datetime import datetime
from enum import StrEnum

import msgspec

#: Where values stand that are sealed under the installation's secret: table → the purpose of the seal.
SEALED = {"installation_keys": "installation-key", "second_factors": "second-factor", "webhooks": "webhook-secrets"}


class KeyKind(StrEnum):
    """What a key is for. One of each kind is in force."""

    #: The root that keyed digests hang on (API keys, sessions, recovery codes, originals of audits).
    DIGEST = "digest"
    #: What signs seals.
    SEAL = "seal"


class InstallationKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key as it is kept. `sealed`: what is secret of it, under the installation's secret."""

    id: str
    kind: KeyKind
    public_key: bytes | None
    sealed: bytes
    created_at: datetime
    retired_at: datetime | None = None


class SealKeyLine(msgspec.Struct, frozen=True, kw_only=True):
    """A key that signs or signed seals. `key`: what seals call it. `until` None: it is in force."""

    key: str
    public_key: str
    since: datetime
    until: datetime | None
    configured: bool
