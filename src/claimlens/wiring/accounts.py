"""Tenants, keys, users and the access log over this installation's store, for the service and for commands."""

import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from functools import cached_property
from pathlib import Path

from claimlens.adapters.crypto.passwords import Argon2Passwords
from claimlens.adapters.crypto.secret_box import InstallationSecretBox
from claimlens.adapters.disk.maintenance_file import MaintenanceFile
from claimlens.adapters.disk.secret_key import SECRET_FILE, former_secrets, made_secret
from claimlens.adapters.sql import migrate
from claimlens.adapters.sql.access_log import SqlAccessLog
from claimlens.adapters.sql.api_keys import SqlApiKeys
from claimlens.adapters.sql.deployments import SqlDeployments
from claimlens.adapters.sql.engine import Database
from claimlens.adapters.sql.incidents import SqlIncidents
from claimlens.adapters.sql.service_news import SqlServiceNews
from claimlens.adapters.sql.sessions import SqlSecondFactors, SqlSessions
from claimlens.adapters.sql.switches import SqlSwitches
from claimlens.adapters.sql.tenants import SqlTenants
from claimlens.adapters.sql.users import SqlUsers
from claimlens.adapters.system.clock import SystemClock
from claimlens.config import Settings
from claimlens.domain.errors import ClaimLensError, OverloadedError, SecretError
from claimlens.ports.cache import Cache
from claimlens.ports.clock import Clock
from claimlens.ports.secrets import SecretBox
from claimlens.usecases.access_log import AccessDesk
from claimlens.usecases.api_keys import ApiKeys
from claimlens.usecases.authentication import Authentication
from claimlens.usecases.checks import Checker
from claimlens.usecases.deployments import Deployments
from claimlens.usecases.incidents import Incidents
from claimlens.usecases.maintenance import Maintenance
from claimlens.usecases.profiles import Profiles
from claimlens.usecases.second_factors import SecondFactors
from claimlens.usecases.service_switches import ServiceLine, ServiceSwitches
from claimlens.usecases.sessions import TRIES_PER_ADDRESS, Sessions
from claimlens.usecases.tenant_choice import TenantChoice
from claimlens.usecases.tenants import Tenants
from claimlens.usecases.transforms import Transforms
from claimlens.usecases.users import SignIn, Users
from claimlens.usecases.versions import Versions
from claimlens.wiring import open_checker, open_database
from claimlens.wiring.seals import open_installation_keys


class Accounts:
    """One of each use case, made when it is first asked for: only keys need the installation's secret."""

    def __init__(
        self,
        database: Database,
        words: Cache,
        clock: Clock,
        secret_box: Callable[[], SecretBox],
        checker: Callable[[], Checker],
        *,
        sign_ins_per_minute: int = TRIES_PER_ADDRESS,
        maintenance_file: Path | None = None,
    ) -> None:
        self._maintenance_file = maintenance_file
        self._sign_ins_per_minute = sign_ins_per_minute
        self.clock = clock
        self.tenant_store = SqlTenants(database)
        self.log = SqlAccessLog(database)
        self._keys = SqlApiKeys(database)
        self._users = SqlUsers(database)
        self._sessions = SqlSessions(database)
        self._factors = SqlSecondFactors(database)
        self._switches = SqlSwitches(database)
        self._service_news = SqlServiceNews(database, clock)
        self._passwords = Argon2Passwords()
        self._words = words
        self._secret_box = secret_box
        self._checker = checker
        self._database = database
        self.incident_store = SqlIncidents(database)

    @cached_property
    def authentication(self) -> Authentication:
        """Keys into principals."""
        return Authentication(self._keys, self.tenant_store, self._secret_box(), self.clock, self._words)

    @cached_property
    def api_keys(self) -> ApiKeys:
        """API keys."""
        return ApiKeys(self._keys, self.tenant_store, self._secret_box(), self.clock, self._words)

    @cached_property
    def tenants(self) -> Tenants:
        """Tenants."""
        return Tenants(self.tenant_store, self.log, self.clock, self._words)

    @cached_property
    def tenant_choice(self) -> TenantChoice:
        """Which tenant a platform administrator looks at."""
        return TenantChoice(self.tenant_store, self.log, self.clock)

    @cached_property
    def users(self) -> Users:
        """People who sign in."""
        return Users(self._users, self.tenant_store, self._sessions, self._passwords, self.clock)

    @cached_property
    def sign_in(self) -> SignIn:
        """Passwords into principals."""
        return SignIn(self._users, self.tenant_store, self.log, self._passwords, self.clock)

    @cached_property
    def sessions(self) -> Sessions:
        """Sessions of the console."""
        return Sessions(
            self.sign_in,
            self._sessions,
            self._factors,
            self._users,
            self.tenant_store,
            self._words,
            self._secret_box(),
            self.clock,
            tries_per_address=self._sign_ins_per_minute,
        )

    @cached_property
    def second_factors(self) -> SecondFactors:
        """Second factors."""
        return SecondFactors(self._factors, self._sessions, self.sessions, self._users, self._secret_box(), self.clock)

    @cached_property
    def access_log(self) -> AccessDesk:
        """Reads of the access log."""
        return AccessDesk(self.log, self._keys, self.clock)

    @cached_property
    def maintenance(self) -> Maintenance:
        """The maintenance switch."""
        path = self._maintenance_file
        announced = None if path is None else MaintenanceFile(path).read
        return Maintenance(self._switches, self.clock, self._words, announced)

    @cached_property
    def service_switches(self) -> ServiceSwitches:
        """Services that an operator switched off."""
        return ServiceSwitches(self._switches, self.clock, self._words)

    async def service_list(self) -> list[ServiceLine]:
        """The services as the installation sees them."""
        return await self.service_switches.overview(self._service_news)

    @cached_property
    def versions(self) -> Versions:
        """What runs here."""
        return Versions(self._checker(), self._migration)

    async def _migration(self) -> str:
        return (await migrate.status(self._database)).current

    @cached_property
    def deployments(self) -> Deployments:
        """What was started and rolled back."""
        return Deployments(SqlDeployments(self._database), self.versions, self.clock, socket.gethostname())

    @cached_property
    def profiles(self) -> Profiles:
        """Profiles."""
        return Profiles(self._switches, self.transforms, self.clock, self._words)

    @cached_property
    def incidents(self) -> Incidents:
        """Incidents and announced maintenance."""
        return Incidents(self.incident_store, self.clock)

    @cached_property
    def transforms(self) -> Transforms:
        """Transforms that are switched off."""
        return Transforms(self._switches, self.clock, self._words)


def open_secret_box(settings: Settings) -> InstallationSecretBox:
    """The installation's secret: as configured, in development else a file that is made on the first start.

    Raises SecretError.
    """
    if settings.secret_key:
        return InstallationSecretBox(settings.secret_key, also=settings.secret_keys_also)
    if settings.in_production:
        raise SecretError("CLAIMLENS_SECRET_KEY is not set; the service needs it (openssl rand -hex 32)")
    path = settings.data_dir / SECRET_FILE
    return InstallationSecretBox(made_secret(path), also=[*settings.secret_keys_also, *former_secrets(path)])


async def _secret_box(settings: Settings, database: Database, clock: Clock) -> Callable[[], InstallationSecretBox]:
    """Gives the box, its digests as the installation's are; raises SecretError only when it is asked for.

    Most commands need no secret, and some are for when it is lost.
    """
    if not settings.secret_key and not (settings.data_dir / SECRET_FILE).exists():
        return lambda: open_secret_box(settings)
    try:
        box = open_secret_box(settings)
        await open_installation_keys(settings, database, clock, box).begin(serving=False)
    except SecretError as error:
        reason = str(error)

        def refuse() -> InstallationSecretBox:
            raise SecretError(reason)

        return refuse
    return lambda: box


def open_cache(settings: Settings) -> Cache:
    """What processes share for a moment: REDIS_URL, else this process alone. Not started."""
    from claimlens.adapters.memory.cache import MemoryCache

    if not settings.redis_url:
        return MemoryCache()
    from claimlens.adapters.redis.cache import RedisCache

    return RedisCache(settings.redis_url, MemoryCache())


@contextlib.asynccontextmanager
async def operating(settings: Settings) -> AsyncIterator[Accounts]:
    """The accounts for one command, the store opened and closed around it.

    In development missing tables are made, elsewhere ClaimLensError says how. What changes is told to the running
    processes through REDIS_URL; without it they see it within a second by themselves.
    """
    database, cache, clock = open_database(settings), open_cache(settings), SystemClock()
    try:
        schema = await migrate.status(database)
        if schema.pending and settings.in_production:
            raise ClaimLensError("the tables are missing or older than this program; run `claimlens db upgrade`")
        if schema.pending:
            await migrate.upgrade(database, clock.now())
        await cache.start()
        yield Accounts(
            database,
            cache,
            clock,
            await _secret_box(settings, database, clock),
            lambda: open_checker(settings),
            maintenance_file=settings.maintenance_file,
        )
    except OverloadedError as error:
        # Here the reader is the operator: say what the driver said.
        reason = (str(error.__cause__ or "").splitlines() or [""])[0]
        raise ClaimLensError(f"{error}: {reason}" if reason else str(error)) from error
    finally:
        await cache.stop()
        await database.close()
