"""A tenant's webhooks from end to end: the stores, the dispatcher, the wall, and receivers on the other side."""

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from ipaddress import ip_address

import msgspec

from claimlens.adapters.crypto.secret_box import InstallationSecretBox
from claimlens.adapters.http.addresses import Wall
from claimlens.adapters.http.resolver import SystemResolver
from claimlens.adapters.http.webhook_sender import HttpWebhookSender
from claimlens.adapters.memory.cache import MemoryCache
from claimlens.adapters.sql.access_log import SqlAccessLog
from claimlens.adapters.sql.deliveries import SqlDeliveryQueue
from claimlens.adapters.sql.tenants import SqlTenants
from claimlens.adapters.sql.webhooks import SqlWebhooks
from claimlens.domain.access import Access
from claimlens.domain.audit import Event
from claimlens.domain.tenant import Tenant, TenantSettings
from claimlens.ports.accounts import AccessFilter
from claimlens.usecases.authentication import operator
from claimlens.usecases.deliveries import Deliveries
from claimlens.usecases.dispatch import Dispatcher
from claimlens.usecases.webhooks import NewWebhook, Webhooks
from tests.clock import HandClock
from tests.receiver import Internet, Receiver, receiver, trusting

SECRET = b"an installation's secret, for tests"


class World:
    """One tenant, and as many receivers as it is given: `a.example.com` at 93.184.216.1, and so on.

    `private`: no internet, no wall around the own machine.
    """

    def __init__(self, database, clock: HandClock, *, private: bool = False) -> None:
        self.clock = clock
        self.names: dict[str, str] = {}
        self.internet = Internet({})
        box = InstallationSecretBox(SECRET)
        self.words = MemoryCache()
        self.log = SqlAccessLog(database)
        self.tenants = SqlTenants(database)
        self.store = SqlWebhooks(database, box)
        self.queue = SqlDeliveryQueue(database, box, clock)
        if private:
            self.sender = HttpWebhookSender(Wall(SystemResolver(), private=True))
        else:
            self.sender = HttpWebhookSender(Wall(self._resolve), network=self.internet, tls=trusting())
        self.webhooks = Webhooks(self.store, self.tenants, self.sender, clock, self.words)
        self.deliveries = Deliveries(self.store, clock)
        self.dispatcher = self.another_worker()
        tenant = Tenant(id="kitchen-a", name="Kitchen A", settings=TenantSettings(), created_at=clock.now())
        self.principal = operator("test", tenant)
        self.scope = self.principal.scope

    async def _resolve(self, name: str) -> list[str]:
        if name.rstrip(".") not in self.names:
            raise OSError("no such name")
        return [self.names[name.rstrip(".")]]

    def another_worker(self) -> Dispatcher:
        return Dispatcher(self.queue, self.sender, self.clock, self.words, jitter=lambda: 0.0)

    def route(self, name: str, port: int) -> None:
        self.names[name] = str(ip_address("93.184.216.0") + len(self.names) + 1)
        self.internet.routes[self.names[name]] = port

    async def endpoint(self, name: str, *events: str):
        wanted = NewWebhook(url=f"https://{name}/hooks", events=events or ("verdict.generated",))
        return await self.webhooks.create(self.principal, wanted)

    async def event(self, subject: str = "block", kind: str = "verdict.generated", **data) -> Event:
        event = Event(
            id=self.clock.new_id(),
            ts=self.clock.now(),
            tenant_id=self.scope.tenant_id,
            type=kind,
            payload=msgspec.json.encode({"type": kind, "timestamp": self.clock.now(), "data": data}),
            subject=subject,
        )
        await self.store.add_event(self.scope, event)
        return event

    async def work(self, dispatcher: Dispatcher | None = None) -> None:
        """Step until nothing is due and nothing under way."""
        dispatcher = dispatcher or self.dispatcher
        async with asyncio.timeout(30):
            while True:
                dispatcher.bell.clear()
                if await dispatcher.step():
                    continue
                if not dispatcher.attempts_under_way:
                    return
                await dispatcher.bell.wait()

    async def sent(self, webhook_id: str, **chosen):
        return (await self.deliveries.page(self.principal, webhook_id, limit=200, **chosen)).rows

    async def logged(self, action: str):
        return await self.log.page(self.scope, AccessFilter(action=action), after=None, limit=100)


@asynccontextmanager
async def world(database, *names: str, clock: HandClock | None = None, private: bool = False):
    """A world with a receiver for each name."""
    made = World(database, clock or HandClock(), private=private)
    line = Access(
        id=made.clock.new_id(), ts=made.clock.now(), tenant_id="kitchen-a", actor="cli:test", action="tenant:create"
    )
    assert made.principal.platform is not None
    await made.tenants.create(made.principal.platform, made.principal.tenant, line)
    async with AsyncExitStack() as stack:
        there: list[Receiver] = []
        for name in names:
            there.append(await stack.enter_async_context(receiver(name)))
            made.route(name, there[-1].port)
        stack.push_async_callback(made.sender.close)
        yield made, *there
