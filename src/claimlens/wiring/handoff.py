"""The hand-over over this installation's store, for one command."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import claimlens
from claimlens.adapters.disk.contacts import read_contacts
from claimlens.adapters.http.asking import HttpServerAsked
from claimlens.adapters.sql import migrate
from claimlens.adapters.sql.engine import Database
from claimlens.adapters.sql.performance import SqlPerformance
from claimlens.adapters.sql.runs import SqlRuns
from claimlens.adapters.system.clock import SystemClock
from claimlens.config import Settings
from claimlens.domain.contact import Contacts
from claimlens.domain.errors import ClaimLensError, OverloadedError
from claimlens.usecases.handoff import HandoffDesk
from claimlens.usecases.meter import Meter
from claimlens.usecases.recorder import Recorder
from claimlens.usecases.slo import SloDesk
from claimlens.wiring import open_checker, open_database
from claimlens.wiring.accounts import Accounts, open_cache, open_secret_box


@contextlib.asynccontextmanager
async def handing_over(settings: Settings) -> AsyncIterator[HandoffDesk]:
    """What puts the hand-over together; the store is opened whether it answers or not."""
    database, clock = open_database(settings), SystemClock()
    cache = open_cache(settings)
    accounts = Accounts(
        database,
        cache,
        clock,
        lambda: open_secret_box(settings),
        lambda: open_checker(settings),
        maintenance_file=settings.maintenance_file,
    )
    figures = SqlPerformance(database)
    try:
        yield HandoffDesk(
            is_usable=lambda: _is_usable(database),
            incidents=accounts.incidents,
            deployments=accounts.deployments,
            # What runs elsewhere writes its figures itself: nothing was counted here.
            slo=SloDesk(figures, Recorder(Meter(), figures, clock), clock),
            runs=SqlRuns(database),
            maintenance=accounts.maintenance,
            transforms=accounts.transforms,
            services=accounts.service_list,
            server=HttpServerAsked(settings.url),
            contacts=lambda: _contacts(settings),
            clock=clock,
        )
    finally:
        await database.close()


async def _is_usable(database: Database) -> None:
    try:
        if (await migrate.status(database)).pending:
            raise ClaimLensError("the tables are missing or older than this program; run `claimlens db upgrade`")
    except OverloadedError as error:
        # Here the reader is the operator: say what the driver said.
        reason = (str(error.__cause__ or "").splitlines() or [""])[0]
        raise ClaimLensError(f"{error}: {reason}" if reason else str(error)) from error


def _contacts(settings: Settings) -> Contacts:
    if settings.contacts_file is not None:
        return read_contacts(settings.contacts_file)
    beside_sources = Path(claimlens.__file__).parents[2] / "ops/contacts.yaml"
    if not beside_sources.is_file():
        raise ClaimLensError("no file is named: set CLAIMLENS_CONTACTS_FILE (ops/contacts.yaml shows one)")
    return read_contacts(beside_sources)
