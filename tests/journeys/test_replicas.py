"""Two server processes on one PostgreSQL and one Valkey: what one is told, the other knows."""

import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.postgres import Databases
from tests.serving import Server, serving
from tests.valkey import Valkey, eventually

#: What one replica is told holds on every other from so many seconds on.
_WITHIN_S = 1.0


class Pair:
    """Two replicas and the cache between them."""

    def __init__(self, one: Server, two: Server, valkey: Valkey) -> None:
        self.one = one
        self.two = two
        self.valkey = valkey
        two.key = one.key

    def both(self) -> tuple[Server, Server]:
        return self.one, self.two

    def tenant(self, **settings: Any) -> str:
        name = f"kitchen-{uuid.uuid4().hex[:12]}"
        assert self.one.ask("POST", "/v1/tenants", {"id": name, **settings}).status == 201
        return name

    def issue(self, tenant: str) -> tuple[str, str]:
        """A publisher's key: id and secret."""
        issued = self.one.ask("POST", "/v1/api-keys", {"tenant_id": tenant, "role": "publisher"})
        assert issued.status == 201, issued.body
        return issued.json()["id"], issued.json()["key"]


@pytest.fixture(scope="module")
def pair(postgres_databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    folder, valkey = tmp_path_factory.mktemp("replicas"), Valkey()
    with postgres_databases.fresh() as url:
        environ = {"DATABASE_URL": url, "REDIS_URL": valkey.url}
        with serving(folder, worker=False, environ=environ) as one, serving(folder, environ=environ) as two:
            yield Pair(one, two, valkey)
    valkey.remove()


@pytest.fixture(autouse=True)
def whole(pair: Pair) -> None:
    """Each test begins with everything in its place."""
    pair.valkey.thaw()
    pair.valkey.start()
    for server in pair.both():
        eventually(lambda server=server: health(server) == ("healthy", "ok"), "healthy again")  # type: ignore[misc]


def health(server: Server) -> tuple[str, str]:
    answer = server.ask("GET", "/health")
    assert answer.status == 200, answer.body
    told = answer.json()
    return told["status"], next(check["status"] for check in told["checks"] if check["name"] == "redis")


def dish(number: int = 1) -> dict[str, Any]:
    return {"item": {"id": f"dish-{number}", "name": "Detox soup"}, "locale": "en-GB"}


@pytest.mark.parametrize("redis", ["there", "frozen", "gone"])
def test_a_key_revoked_on_one_is_refused_on_the_other(pair: Pair, redis: str) -> None:
    key_id, key = pair.issue(pair.tenant())
    for server in pair.both():
        assert server.ask("POST", "/v1/menu/validate", dish(), key=key).status == 200
    if redis == "frozen":
        pair.valkey.freeze()
    elif redis == "gone":
        pair.valkey.kill()
    assert pair.two.ask("POST", "/v1/menu/validate", dish(), key=key).status == 200
    assert pair.one.ask("DELETE", f"/v1/api-keys/{key_id}").status == 204
    revoked = time.monotonic()
    while True:
        asked = time.monotonic()
        status = pair.two.ask("POST", "/v1/menu/validate", dish(), key=key).status
        if status == 401:
            break
        assert status == 200
        assert asked - revoked < _WITHIN_S, "a revoked key still opens"
    assert pair.one.ask("POST", "/v1/menu/validate", dish(), key=key).status == 401


def test_a_request_is_answered_once_by_whichever(pair: Pair) -> None:
    headers = {"Idempotency-Key": uuid.uuid4().hex, "X-Correlation-ID": uuid.uuid4().hex}
    first = pair.one.ask("POST", "/v1/menu/validate", dish(), headers=headers)
    again = pair.two.ask("POST", "/v1/menu/validate", dish(), headers=headers)
    assert (first.status, again.status) == (200, 200)
    assert again.body == first.body
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert pair.two.ask("POST", "/v1/menu/validate", dish(2), headers=headers).status == 422
    assert len(audits(pair.two, headers["X-Correlation-ID"])) == 1


def test_of_many_at_once_one_is_done(pair: Pair) -> None:
    headers = {"Idempotency-Key": uuid.uuid4().hex, "X-Correlation-ID": uuid.uuid4().hex}

    def ask(number: int) -> int:
        return pair.both()[number % 2].ask("POST", "/v1/menu/validate", dish(), headers=headers).status

    with ThreadPoolExecutor(8) as clients:
        statuses = Counter(clients.map(ask, range(24)))
    assert set(statuses) <= {200, 409}
    assert len(audits(pair.one, headers["X-Correlation-ID"])) == 1


def audits(server: Server, correlation_id: str) -> list[Any]:
    found: list[Any] = server.ask("GET", f"/v1/audits?correlation_id={correlation_id}").json()["audits"]
    return found


def test_a_limit_is_one_limit(pair: Pair) -> None:
    _, key = pair.issue(pair.tenant(requests_per_minute=20))
    answers = [pair.both()[n % 2].ask("POST", "/v1/menu/validate", dish(n), key=key) for n in range(30)]
    assert Counter(answer.status for answer in answers) == {200: 20, 429: 10}
    assert int(answers[-1].headers["retry-after"]) >= 1


def test_maintenance_closes_every_replica(pair: Pair) -> None:
    for enabled, status in ((True, 503), (False, 200)):
        switch = {"enabled": enabled, "message": "Back soon"} | ({"until": "2999-01-01T00:00:00Z"} if enabled else {})
        assert pair.one.ask("POST", "/v1/admin/maintenance", switch).status == 200
        switched = time.monotonic()
        while True:
            asked = time.monotonic()
            if pair.two.ask("POST", "/v1/menu/validate", dish()).status == status:
                break
            assert asked - switched < _WITHIN_S


class Load:
    """Clients that ask both replicas without a pause."""

    def __init__(self, pair: Pair) -> None:
        self.statuses: Counter[int] = Counter()
        self._pair = pair
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(server,)) for server in pair.both() for _ in range(2)]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def wait_for(self, more: int) -> None:
        wanted = self.statuses.total() + more
        eventually(lambda: self.statuses.total() >= wanted, f"{more} more answers", 30)

    def _ask(self, server: Server) -> None:
        while not self._stop.is_set():
            self.statuses[server.ask("POST", "/v1/menu/validate", dish()).status] += 1


def test_flushdb_is_safe_at_any_moment(pair: Pair) -> None:
    with Load(pair) as load:
        for _ in range(20):
            with pair.valkey.client() as client:
                client.flushdb()
            load.wait_for(10)
    assert set(load.statuses) == {200}
    assert [health(server) for server in pair.both()] == [("healthy", "ok")] * 2


@pytest.mark.parametrize("fault", [Valkey.kill, Valkey.freeze])
def test_redis_may_go_and_come_back(pair: Pair, fault: Any) -> None:
    with Load(pair) as load:
        load.wait_for(20)
        fault(pair.valkey)
        for server in pair.both():
            eventually(lambda server=server: health(server) == ("degraded", "degraded"), "said in /health")  # type: ignore[misc]
        load.wait_for(50)
        pair.valkey.thaw()
        pair.valkey.start()
        for server in pair.both():
            eventually(lambda server=server: health(server) == ("healthy", "ok"), "taken up again")  # type: ignore[misc]
        load.wait_for(20)
    assert set(load.statuses) == {200}


def test_figures_are_of_each_process_and_promises_of_all(pair: Pair) -> None:
    """Each shows in /metrics what it answered; SLO and performance are sums, and outlive whoever counted."""
    route = "/v1/web/ingest"  # asked by no other test here
    page = {"items": [{"id": "1", "name": "Detox soup"}], "locale": "en-GB"}
    for server, times in zip(pair.both(), (3, 4), strict=True):
        for _ in range(times):
            assert server.ask("POST", route, page).status == 200
    of_each = [f'claimlens_request_duration_ms_count{{route="{route}"}} {times}.0' for times in (3, 4)]
    for server, line in zip(pair.both(), of_each, strict=True):
        eventually(lambda server=server, line=line: line in text(server, "/metrics"), line, 30)  # type: ignore[misc]

    def counted(server: Server) -> tuple[int, ...]:
        slo = server.ask("GET", "/api/v1/slo/status").json()["latency"]
        performance = server.ask("GET", "/api/v1/admin/performance?window=6h").json()["routes"]
        return (
            *(each["requests"] for each in slo if each["route"] == route),
            *(each["count"] for each in performance if each["name"] == route),
        )

    for server in pair.both():
        eventually(lambda server=server: counted(server) == (7, 7), "each tells of both", 30)  # type: ignore[misc]
    assert pair.one.stop() == 0
    assert counted(pair.two) == (7, 7)
    pair.one.start()
    assert counted(pair.one) == (7, 7)
    assert of_each[0] not in text(pair.one, "/metrics"), "its own counts begin anew"


def text(server: Server, path: str) -> str:
    return server.ask("GET", path).body.decode()


def test_one_may_be_lost(pair: Pair) -> None:
    key = uuid.uuid4().hex
    first = pair.two.ask("POST", "/v1/menu/validate", dish(), headers={"Idempotency-Key": key})
    pair.two.kill()
    again = pair.one.ask("POST", "/v1/menu/validate", dish(), headers={"Idempotency-Key": key})
    assert again.body == first.body
    pair.two.start()
