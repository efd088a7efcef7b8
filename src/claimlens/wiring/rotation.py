"""Rotations of this installation's secrets, for commands."""

import contextlib
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path

import msgspec

from claimlens.adapters.disk import folder_lock
from claimlens.adapters.disk.hand_out import HandOut
from claimlens.adapters.disk.secret_key import SECRET_FILE, change_secret, former_secrets, retire_former, secret_of
from claimlens.adapters.http.addresses import Wall
from claimlens.adapters.http.resolver import SystemResolver
from claimlens.adapters.http.webhook_sender import HttpWebhookSender
from claimlens.adapters.sql import migrate
from claimlens.adapters.sql.access_log import SqlAccessLog
from claimlens.adapters.sql.api_keys import SqlApiKeys
from claimlens.adapters.sql.engine import Database
from claimlens.adapters.sql.installation_keys import SqlSealed
from claimlens.adapters.sql.tenants import SqlTenants
from claimlens.adapters.sql.webhooks import SqlWebhooks
from claimlens.adapters.system.clock import SystemClock
from claimlens.config import Settings
from claimlens.domain.errors import ClaimLensError
from claimlens.domain.installation_key import SealKeyLine
from claimlens.domain.tenant import Principal
from claimlens.ports.cache import Cache
from claimlens.usecases.api_keys import ApiKeys, IssuedKey
from claimlens.usecases.authentication import worker_scope
from claimlens.usecases.resealing import Resealing, Standing
from claimlens.usecases.webhooks import IssuedWebhook, Rotation, Webhooks
from claimlens.wiring import open_database
from claimlens.wiring.accounts import open_cache, open_secret_box
from claimlens.wiring.seals import open_installation_keys

#: What stands in the files that are handed out.
API_COLUMNS = ("old_key", "new_key", "name", "role", "old_ends", "key")
WEBHOOK_COLUMNS = ("webhook", "url", "old_signs_until", "secret")


class Resealed(msgspec.Struct, frozen=True, kw_only=True):
    """What a change of the installation's secret came to. `made`: a new one was made just now."""

    made: bool
    tables: tuple[Standing, ...]

    @property
    def whole(self) -> bool:
        """Whether everything opens under the present secret alone."""
        return not any(each.lost for each in self.tables)


class SecretsState(msgspec.Struct, frozen=True, kw_only=True):
    """How the installation's secrets stand."""

    seal_keys: tuple[SealKeyLine, ...]
    sealed: tuple[Standing, ...]
    further_secrets: int

    @property
    def whole(self) -> bool:
        """Whether everything opens under the present secret alone."""
        return not any(each.former or each.lost for each in self.sealed)


class Secrets:
    """One of each use case that changes secrets, over an open store."""

    def __init__(self, settings: Settings, database: Database, cache: Cache) -> None:
        self.box = open_secret_box(settings)
        clock = SystemClock()
        tenants, log = SqlTenants(database), SqlAccessLog(database)
        sender = HttpWebhookSender(Wall(SystemResolver(), private=settings.webhooks_to_private))
        self.keys = open_installation_keys(settings, database, clock, self.box)
        self.resealing = Resealing(SqlSealed(database), self.box, log, clock)
        self._api_keys = ApiKeys(SqlApiKeys(database), tenants, self.box, clock, cache)
        self._webhooks = Webhooks(SqlWebhooks(database, self.box), tenants, sender, clock, cache)

    async def rotate_api(self, who: Principal, hand_out: HandOut, tenant_id: str | None, overlap_hours: int) -> int:
        """Replace every key that opens something; how many were replaced now."""
        rotation = self._api_keys.rotate_all(
            who,
            tenant_id=tenant_id,
            overlap=timedelta(hours=overlap_hours),
            hand_out=lambda key: hand_out.add(key.tenant_id, _key_cells(key, overlap_hours)),
            handed_out={line[1] for line in hand_out.lines.values()},
        )
        count = len([key async for key in rotation])
        hand_out.done()
        return count

    async def rotate_webhooks(
        self, who: Principal, hand_out: HandOut, tenant_id: str | None, overlap_hours: int
    ) -> int:
        """Give every endpoint a new signing secret; how many got one now."""
        rotation = self._webhooks.rotate_all(
            who,
            Rotation(overlap_hours=overlap_hours),
            tenant_id=tenant_id,
            hand_out=lambda webhook: hand_out.add(webhook.tenant_id, _webhook_cells(webhook)),
            handed_out={line[0]: line[3] for line in hand_out.lines.values()},
        )
        count = len([webhook async for webhook in rotation])
        hand_out.done()
        return count

    async def state(self) -> SecretsState:
        """How everything stands."""
        return SecretsState(
            seal_keys=tuple(await self.keys.lines()),
            sealed=tuple(await self.resealing.look(worker_scope())),
            further_secrets=self.box.others,
        )


@contextlib.asynccontextmanager
async def open_secrets(settings: Settings, *, serving: bool = False) -> AsyncIterator[Secrets]:
    """The secrets for one command. `serving`: it may keep the installation's keys, as the service does at its start."""
    database, cache = open_database(settings), open_cache(settings)
    try:
        schema = await migrate.status(database)
        if schema.pending:
            raise ClaimLensError("the tables are missing or older than this program; run `claimlens db upgrade`")
        await cache.start()
        secrets = Secrets(settings, database, cache)
        await secrets.keys.begin(serving=serving)
        yield secrets
    finally:
        await cache.stop()
        await database.close()


async def rotate_encryption(settings: Settings, who: Principal) -> Resealed:
    """Seal everything under the present secret; where the secret is a file of the data folder, a new one is made first.

    Raises ClaimLensError if the secret is configured and everything is under it: there is nothing to change here.
    """
    if settings.secret_key:
        async with open_secrets(settings) as secrets:
            if not secrets.box.others and not any(each.lost for each in await secrets.resealing.look(worker_scope())):
                raise ClaimLensError(_CONFIGURED)
            return Resealed(made=False, tables=tuple(await secrets.resealing.run(who)))
    path = settings.data_dir / SECRET_FILE
    secret_of(path)
    with folder_lock.held(settings.data_dir):
        made = await _changed(settings, path)
        async with open_secrets(settings) as secrets:
            done = Resealed(made=made, tables=tuple(await secrets.resealing.run(who)))
        if done.whole:
            retire_former(path)
    return done


async def _changed(settings: Settings, path: Path) -> bool:
    """Whether a new secret was made: not if one was made before and only the sealing is left to do."""
    former = former_secrets(path)
    if former and secret_of(path) not in former:
        return False
    # What the installation made itself has to be in the store first, under the secret of now.
    async with open_secrets(settings, serving=True):
        pass
    change_secret(path)
    return True


def _key_cells(key: IssuedKey, overlap_hours: int) -> Sequence[str]:
    ends = f"{key.created_at + timedelta(hours=overlap_hours):%Y-%m-%d %H:%M:%SZ}"
    return (key.replaces or "", key.id, key.name, key.role.value, ends, key.key)


def _webhook_cells(webhook: IssuedWebhook) -> Sequence[str]:
    until = f"{webhook.overlap_until:%Y-%m-%d %H:%M:%SZ}" if webhook.overlap_until else "now"
    return (webhook.id, webhook.url, until, webhook.secret)


_CONFIGURED = (
    "everything is sealed under CLAIMLENS_SECRET_KEY; to change it set the new one there and the one of now in"
    " CLAIMLENS_SECRET_KEYS_ALSO, restart every process, then run this again (docs/how-to/rotate-secrets.md)"
)
