"""The whole service over this installation's stores: what the API, the console and the worker are given."""

import asyncio
import contextlib
import gc
import itertools
from collections.abc import Callable

import structlog

from claimlens.adapters.http.addresses import Wall
from claimlens.adapters.http.resolver import SystemResolver
from claimlens.adapters.http.webhook_sender import HttpWebhookSender
from claimlens.adapters.sql import migrate, partitions
from claimlens.adapters.sql.audit_counts import SqlAuditCounts
from claimlens.adapters.sql.audits import SqlAudits
from claimlens.adapters.sql.deliveries import SqlDeliveryQueue
from claimlens.adapters.sql.editions import SqlEditions
from claimlens.adapters.sql.idempotency import SqlIdempotency
from claimlens.adapters.sql.jobs import SqlJobs
from claimlens.adapters.sql.journal import SqlJournal
from claimlens.adapters.sql.performance import SqlPerformance
from claimlens.adapters.sql.reviews import SqlReviews
from claimlens.adapters.sql.runs import SqlRuns
from claimlens.adapters.sql.webhooks import SqlWebhooks
from claimlens.adapters.system.clock import SystemClock
from claimlens.config import Settings
from claimlens.domain.errors import ClaimLensError, OverloadedError
from claimlens.domain.jurisdiction import Jurisdiction
from claimlens.domain.service import RECALL_LOOKUP
from claimlens.ports.clock import Clock
from claimlens.usecases.audits import AuditDesk
from claimlens.usecases.bundles import BundleDesk
from claimlens.usecases.checks import Checker
from claimlens.usecases.dashboard import Dashboard
from claimlens.usecases.deliveries import Deliveries
from claimlens.usecases.dry_runs import DryRuns
from claimlens.usecases.health import HealthDesk
from claimlens.usecases.jobs import JobDesk
from claimlens.usecases.label_scans import LabelScans
from claimlens.usecases.listeners import Listeners
from claimlens.usecases.menu_export import MenuExport
from claimlens.usecases.meter import Meter
from claimlens.usecases.performance import PerformanceDesk
from claimlens.usecases.playground import Playground
from claimlens.usecases.policies import Policies
from claimlens.usecases.proofs import Proofs
from claimlens.usecases.recorder import Recorder
from claimlens.usecases.reviews import Reviews
from claimlens.usecases.rulebook import Rulebook
from claimlens.usecases.sharing import Sharing
from claimlens.usecases.slo import SloDesk
from claimlens.usecases.status import StatusDesk
from claimlens.usecases.verdicts import Desk
from claimlens.usecases.watch import Watch
from claimlens.usecases.webhooks import Webhooks
from claimlens.wiring import open_checker, open_database, open_packs
from claimlens.wiring.accounts import Accounts, open_cache, open_secret_box
from claimlens.wiring.recall_refresh import open_keeper
from claimlens.wiring.seals import Seals, open_installation_keys
from claimlens.wiring.services import open_services
from claimlens.wiring.tracing import open_tracer

log = structlog.get_logger()

#: How often it is written when keys were last used and what was counted, in seconds.
_FLUSH_S = 5.0
#: Parts are looked at every half minute.
_FLUSHES_BETWEEN_LOOKS = 6
#: How long a stop waits for the last traces to be sent, in seconds.
_LAST_TRACES_S = 3.0


class Service:
    """One of everything. Made closed; `start` before the first request, `stop` behind the last."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock | None = None,
        checker: Checker | None = None,
        name: str = "claimlens-api",
    ) -> None:
        """`name`: which of our processes this is, in traces."""
        self.settings = settings
        self.clock: Clock = clock or SystemClock()
        self.checker = checker or open_checker(settings)
        self.secrets = open_secret_box(settings)
        self.database = database = open_database(settings)
        self.cache = open_cache(settings)
        self.accounts = Accounts(
            database,
            self.cache,
            self.clock,
            lambda: self.secrets,
            lambda: self.checker,
            sign_ins_per_minute=settings.sign_ins_per_minute,
            maintenance_file=settings.maintenance_file,
        )

        self.authentication = self.accounts.authentication
        self.api_keys = self.accounts.api_keys
        self.tenants = self.accounts.tenants
        self.users = self.accounts.users
        self.sign_in = self.accounts.sign_in
        self.access_log = self.accounts.access_log
        self.maintenance = self.accounts.maintenance
        self.transforms = self.accounts.transforms
        self.profiles = self.accounts.profiles

        self.tracer = open_tracer(settings, name)
        #: What this process counts of its own work.
        self.meter = Meter()
        self.journal = SqlJournal(database)
        self.idempotency = SqlIdempotency(database, self.clock)
        self.audit_store = SqlAudits(database)
        self.job_store = SqlJobs(database)
        self.webhook_store = SqlWebhooks(database, self.secrets)
        self.delivery_queue = SqlDeliveryQueue(database, self.secrets, self.clock)
        self.sender = HttpWebhookSender(Wall(SystemResolver(), private=settings.webhooks_to_private))
        self.listeners = Listeners(self.webhook_store, self.clock)
        self.cache.on("webhook", self.listeners.forget)

        #: Called when events were written; the worker in this process, if there is one, puts itself here.
        self.on_events: Callable[[], None] = lambda: None
        self.services = open_services(
            settings,
            self.checker,
            database,
            self.clock,
            self.cache,
            self.accounts.service_switches,
            written=lambda: self.on_events(),
            tracer=self.tracer,
        )
        self.desk = Desk(
            self.checker,
            self.journal,
            self.clock,
            self.secrets,
            self.listeners,
            services=self.services,
            items_waiting=settings.items_waiting,
            written=lambda: self.on_events(),
            meter=self.meter,
            gaps=self.profiles.gaps,
            tracer=self.tracer,
        )
        self.labels = LabelScans(self.services, limit_ms=settings.ocr_limit_ms)
        self.playground = Playground(
            self.checker, self.clock, self.services, photo_ms=settings.ocr_limit_ms, gaps=self.profiles.gaps
        )
        self.rulebook = Rulebook(
            open_packs(settings), self.checker, SqlEditions(database), self.clock, settings.packs_public_key
        )
        log_of_access = self.accounts.log
        self.dry_runs = DryRuns(
            self.checker,
            self.tenants,
            self.audit_store,
            log_of_access,
            self.clock,
            self.profiles.gaps,
            self.rulebook.samples,
        )
        self.policies = Policies(self.tenants, self.dry_runs, self.clock)
        self.audits = AuditDesk(self.audit_store, log_of_access, self.clock)
        self.dashboard = Dashboard(SqlAuditCounts(database), self.audit_store, self.accounts.tenant_store, self.clock)
        self.review_store = SqlReviews(database)
        self.reviews = Reviews(self.review_store, self.audit_store, log_of_access, self.desk, self.clock)
        self.runs = SqlRuns(database)
        self.keys = open_installation_keys(settings, database, self.clock, self.secrets)
        self.seals = Seals(settings, database, self.clock, self.keys)
        self.proofs = Proofs(self.audit_store, self.seals.store, self.keys, log_of_access, self.clock)
        self.bundles = BundleDesk(self.seals.bundles, self.audit_store, self.seals.store, log_of_access, self.clock)
        tenants = self.accounts.tenant_store
        self.sharing = Sharing(self.audit_store, tenants, log_of_access, self.secrets, self.clock)
        self.menu_export = MenuExport(self.audit_store, self.review_store, log_of_access, self.clock)
        self.jobs = JobDesk(self.job_store, log_of_access, self.clock)
        self.webhooks = Webhooks(self.webhook_store, self.accounts.tenant_store, self.sender, self.clock, self.cache)
        self.deliveries = Deliveries(self.webhook_store, self.clock)
        #: Watches the index of recalls, if this process answers from one of its own.
        self.recalls = None if RECALL_LOOKUP in settings.mcp_urls else open_keeper(settings)
        self.health = HealthDesk(database, self.cache, self.maintenance, self.services, self.clock, self.recalls)
        self.versions = self.accounts.versions
        performance_store = SqlPerformance(database)
        self.recorder = Recorder(self.meter, performance_store, self.clock)
        self.performance = PerformanceDesk(performance_store, self.recorder, self.clock)
        self.slo = SloDesk(performance_store, self.recorder, self.clock)
        self.watch = Watch(self.meter, self.services)
        self.status = StatusDesk(
            self.health,
            self.services,
            self.slo,
            self.recorder,
            performance_store,
            self.accounts.incident_store,
            self.clock,
        )
        self._flushing: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Bring the schema up (production: see that somebody did), load every pack, connect the cache.

        Raises ClaimLensError with one line that says what to do.
        """
        try:
            # The packs take the longest: they load beside the rest.
            async with asyncio.TaskGroup() as group:
                group.create_task(asyncio.to_thread(self._load_packs))
                group.create_task(self._prepare_store())
                group.create_task(self.cache.start())
        except BaseExceptionGroup as errors:
            raise _first(errors) from None
        gc.collect()
        gc.freeze()  # what was loaded lives as long as the process: no collection need walk it again
        await self.services.start()
        if self.recalls is not None:
            self.recalls.start()
        self.watch.look()
        self.watch.wrote(store_is_out=False)
        self._flushing = asyncio.create_task(self._flush_now_and_then())

    async def stop(self) -> None:
        """Write what is left to write and let go of everything."""
        if self._flushing is not None:
            self._flushing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._flushing
        with contextlib.suppress(ClaimLensError):
            await self.authentication.flush()
        await self.recorder.flush_if_possible()
        if self.recalls is not None:
            await self.recalls.stop()
        await self.services.stop()
        await self.journal.close()
        await self.sender.close()
        await self.cache.stop()
        await self.database.close()
        await asyncio.to_thread(self.tracer.close, _LAST_TRACES_S)

    def _load_packs(self) -> None:
        for jurisdiction in Jurisdiction:
            self.checker.examiner(jurisdiction)

    async def _prepare_store(self) -> None:
        now = self.clock.now()
        try:
            schema = await migrate.status(self.database)
            if schema.pending and self.settings.in_production:
                raise ClaimLensError(
                    f"the tables are {'missing' if schema.state == 'empty' else 'older than this program'};"
                    " run `claimlens db upgrade`"
                )
            if schema.pending:
                await migrate.upgrade(self.database, now)
            else:
                await partitions.ensure(self.database, now)
            await self.keys.begin(serving=True)
        except OverloadedError as error:
            # Here the reader is the operator: say what the driver said.
            reason = (str(error.__cause__ or "").splitlines() or [""])[0]
            raise ClaimLensError(f"{error}: {reason}" if reason else str(error)) from error

    async def _flush_now_and_then(self) -> None:
        for tick in itertools.count(1):
            await asyncio.sleep(_FLUSH_S)
            await self.accounts.deployments.catch_up()
            try:
                await self.authentication.flush()
            except ClaimLensError:
                log.warning("when keys were last used could not be written; tried again later")
            store_is_out = False
            if looks := tick % _FLUSHES_BETWEEN_LOOKS == 0:
                self.watch.look()
            try:
                await self.recorder.flush()
            except ClaimLensError:
                store_is_out = True
                log.warning("figures of performance could not be written; tried again later")
            if looks:
                self.watch.wrote(store_is_out=store_is_out)


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error that stopped the start: an expected one if there is one."""
    found: list[BaseException] = []
    for error in errors.exceptions:
        found.append(_first(error) if isinstance(error, BaseExceptionGroup) else error)
    return next((error for error in found if isinstance(error, ClaimLensError)), found[0])
