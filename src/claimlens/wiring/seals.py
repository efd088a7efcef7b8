"""Seals over this installation's store, for the service and for commands."""

from datetime import timedelta

from claimlens.adapters.crypto.seal_key import Ed25519SealKey
from claimlens.adapters.disk.secret_key import made_secret
from claimlens.adapters.sql.engine import Database
from claimlens.adapters.sql.seals import SqlSeals
from claimlens.config import Settings
from claimlens.domain.errors import SecretError
from claimlens.ports.clock import Clock
from claimlens.usecases.bundles import Bundles
from claimlens.usecases.sealing import Sealer


def open_seal_key(settings: Settings) -> Ed25519SealKey:
    """CLAIMLENS_SEAL_KEY, else the key that belongs to the installation's secret. Raises SecretError."""
    if settings.seal_key:
        return Ed25519SealKey(settings.seal_key)
    if settings.secret_key:
        return Ed25519SealKey.derived(settings.secret_key)
    if settings.in_production:
        raise SecretError("neither CLAIMLENS_SEAL_KEY nor CLAIMLENS_SECRET_KEY is set; seals are signed with one")
    return Ed25519SealKey.derived(made_secret(settings.data_dir / "secret.key"))


class Seals:
    """The store of seals, who makes them, and who takes them out."""

    def __init__(self, settings: Settings, database: Database, clock: Clock, *, may_change_key: bool = True) -> None:
        """`may_change_key`: the service may go on with a new key; a command may just lack the right one."""
        self.key = open_seal_key(settings)
        self.store = SqlSeals(database)
        self.sealer = Sealer(
            self.store,
            self.key,
            clock,
            interval=timedelta(seconds=settings.seal_interval_s),
            may_change_key=may_change_key,
        )
        self.bundles = Bundles(self.store, self.key, clock)
