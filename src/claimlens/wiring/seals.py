"""Seals over this installation's store, for the service and for commands."""

import os
from datetime import timedelta

from claimlens.adapters.crypto.seal_key import Ed25519SealKey
from claimlens.adapters.crypto.secret_box import InstallationSecretBox
from claimlens.adapters.disk.secret_key import made_secret
from claimlens.adapters.sql.engine import Database
from claimlens.adapters.sql.installation_keys import SqlInstallationKeys, SqlSealed
from claimlens.adapters.sql.seals import SqlSeals
from claimlens.config import Settings
from claimlens.domain.errors import SecretError
from claimlens.ports.clock import Clock
from claimlens.usecases.authentication import worker_scope
from claimlens.usecases.bundles import Bundles
from claimlens.usecases.installation_keys import InstallationKeys
from claimlens.usecases.sealing import Sealer


def open_seal_key(settings: Settings) -> Ed25519SealKey:
    """CLAIMLENS_SEAL_KEY, else the key that belongs to the installation's secret. Raises SecretError."""
    return Ed25519SealKey(settings.seal_key) if settings.seal_key else derived_seal_key(settings)[1]


def derived_seal_key(settings: Settings) -> tuple[bytes, Ed25519SealKey]:
    """The key that belongs to the installation's secret, with its private part. Raises SecretError."""
    if settings.in_production and not settings.secret_key:
        raise SecretError("neither CLAIMLENS_SEAL_KEY nor CLAIMLENS_SECRET_KEY is set; seals are signed with one")
    private = Ed25519SealKey.private_of(settings.secret_key or made_secret(settings.data_dir / "secret.key"))
    return private, Ed25519SealKey(private)


def open_installation_keys(
    settings: Settings, database: Database, clock: Clock, box: InstallationSecretBox
) -> InstallationKeys:
    """The keys that this installation made itself."""
    return InstallationKeys(
        SqlInstallationKeys(database),
        SqlSealed(database),
        box,
        clock,
        scope=worker_scope(),
        configured=Ed25519SealKey(settings.seal_key) if settings.seal_key else None,
        derived=lambda: derived_seal_key(settings),
        made=Ed25519SealKey,
        random=os.urandom,
    )


class Seals:
    """The store of seals, who makes them, and who takes them out."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        clock: Clock,
        keys: InstallationKeys,
        *,
        may_change_key: bool = True,
    ) -> None:
        """`may_change_key`: the service may go on with a new key; a command may just lack the right one."""
        self.keys = keys
        self.store = SqlSeals(database)
        self.sealer = Sealer(
            self.store,
            keys,
            clock,
            interval=timedelta(seconds=settings.seal_interval_s),
            may_change_key=may_change_key,
        )
        self.bundles = Bundles(self.store, keys, clock)
