"""`claimlens serve` while the servers of its services are stopped, frozen and started again: nobody is refused a
verdict, everybody is told, and it recovers without a restart."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from claimlens.domain.service import ALT_SUGGESTER, RECALL_LOOKUP, UNIT_CONVERT
from tests.mcp_serving import mcp_serving
from tests.misbehaving import Manner, Misbehaving
from tests.postgres import Databases
from tests.receiver import receiver
from tests.serving import Server, serving
from tests.valkey import Valkey, eventually

#: The breaker's rest is a second here; everything else is as it comes.
QUICK = {"CLAIMLENS_BREAKER_REST_S": "1", "CLAIMLENS_WEBHOOKS_TO_PRIVATE": "1"}
RECALLS_URL = "CLAIMLENS_MCP_RECALL_LOOKUP_URL"


@pytest.fixture(scope="module")
def recalls() -> Iterator[Misbehaving]:
    started = Misbehaving(RECALL_LOOKUP).start()
    yield started
    started.remove()


@pytest.fixture(scope="module")
def server(recalls: Misbehaving, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("serve"), environ={**QUICK, RECALLS_URL: recalls.url}) as started:
        yield started


@pytest.fixture(autouse=True)
def whole(server: Server, recalls: Misbehaving) -> None:
    """Each test begins with everything in its place."""
    recalls.behave(Manner.WELL)
    recalls.restart()
    eventually(lambda: health(server)["status"] == "healthy", "healthy again", 90)


def health(server: Server) -> dict[str, Any]:
    answer = server.ask("GET", "/health")
    assert answer.status == 200, answer.body
    told: dict[str, Any] = answer.json()
    return told


def metric(server: Server, name: str) -> float:
    lines = server.ask("GET", "/metrics").body.decode().splitlines()
    return float(next(line for line in lines if line.startswith(f"{name} ")).rpartition(" ")[2])


def feed(server: Server, name: str = "Dal", **fields: Any) -> dict[str, Any]:
    item = {"id": "dal-1", "name": name, "ingredients": ["lentils"], **fields}
    answer = server.ask("POST", "/v1/menu/feed", {"items": [item], "locale": "en-GB"})
    assert answer.status == 200, answer.body
    told: dict[str, Any] = answer.json()
    return told


def until_out(server: Server) -> None:
    """Use the service until it is left alone: five requests."""
    for _ in range(5):
        assert feed(server)["degraded_services"] == [RECALL_LOOKUP]
    eventually(lambda: health(server)["degraded_services"] == [RECALL_LOOKUP], "it is out")


def test_all_is_well(server: Server) -> None:
    # A feed waits 60 ms for all services: on a busy machine the first ones may go on without.
    eventually(lambda: feed(server)["verdicts"][0]["not_checked"] == [], "a feed with all services")
    one = server.ask("GET", "/health/mcp/recall.lookup").json()
    assert (one["status"], one["breaker"], one["transport"]) == ("ok", "closed", "mcp")
    assert one["last_success"] is not None
    assert one["p95_ms"] > 0
    assert metric(server, "claimlens_degraded_services") == 0
    assert metric(server, 'claimlens_circuit_breaker_state{service="recall.lookup"}') == 0
    assert server.ask("GET", "/health/mcp/weather.report").status == 404


@pytest.mark.parametrize(
    ("stop", "start"),
    [(Misbehaving.kill, Misbehaving.start), (Misbehaving.freeze, Misbehaving.thaw)],
    ids=["killed", "frozen"],
)
def test_a_stopped_service_shows_everywhere_and_comes_back_by_itself(
    server: Server,
    recalls: Misbehaving,
    stop: Callable[[Misbehaving], Any],
    start: Callable[[Misbehaving], Any],
) -> None:
    before = server.pid
    stop(recalls)
    try:
        until_out(server)
        told = health(server)
        assert told["status"] == "degraded"
        check = next(check for check in told["checks"] if check["name"] == "mcp_services")
        assert check["status"] == "degraded"
        assert check["detail"] == "recall.lookup is out"
        one = server.ask("GET", "/health/mcp/recall.lookup").json()
        assert one["status"] in ("out", "trying")
        assert one["since"] is not None
        assert metric(server, "claimlens_degraded_services") == 1
        assert metric(server, 'claimlens_circuit_breaker_state{service="recall.lookup"}') > 0
        # A verdict comes all the same, says what was not checked, offers the pack's note; its audit names the service.
        verdict = feed(server)["verdicts"][0]
        assert verdict["verdict"] == "allow"
        assert RECALL_LOOKUP in verdict["not_checked"]
        assert any(reason["suggestions"] for reason in verdict["reasons"] if reason["transform"] == "detect.recalls")
        audit = server.ask("GET", f"/v1/audits/{verdict['audit_id']}").json()
        assert RECALL_LOOKUP in json.dumps(audit)
    finally:
        start(recalls)
    eventually(lambda: health(server)["status"] == "healthy", "it recovered alone", 35)
    assert feed(server)["degraded_services"] == []
    assert server.pid == before


def test_other_requests_are_answered_while_a_service_hangs(server: Server, recalls: Misbehaving) -> None:
    recalls.freeze()
    try:
        for _ in range(8):
            feed(server)
            answer = server.ask("POST", "/v1/menu/validate", {"item": {"id": "a", "name": "Dal"}, "locale": "en-GB"})
            assert answer.status == 200
            assert answer.json()["degraded_services"] == []  # the quick route asks nobody
    finally:
        recalls.thaw()


def test_a_lying_service_is_believed_nothing(server: Server, recalls: Misbehaving) -> None:
    recalls.behave(Manner.WRONG_TYPES)
    until_out(server)


async def test_tenants_that_asked_for_it_are_told_once_that_it_went_and_once_that_it_came(
    server: Server, recalls: Misbehaving
) -> None:
    async with receiver(tls=False) as asked, receiver(tls=False) as not_asked:
        made = []
        for there, events in ((asked, ["service.degraded", "service.recovered"]), (not_asked, ["job.finished"])):
            wanted = {"url": f"http://127.0.0.1:{there.port}/hooks", "events": events}
            made.append((await asyncio.to_thread(server.ask, "POST", "/v1/webhooks", wanted)).json()["id"])
        recalls.kill()
        await asyncio.to_thread(until_out, server)
        await asked.until(lambda: len(asked.received) == 1)
        await asyncio.to_thread(recalls.start)
        await asked.until(lambda: len(asked.received) == 2)
        out, back = [json.loads(each.body) for each in asked.received]
        assert out["type"] == "service.degraded"
        assert out["data"]["service"] == RECALL_LOOKUP
        assert out["data"]["cause"] == "not answering"
        assert "recalls are not looked up" in out["data"]["meanwhile"]
        assert back["type"] == "service.recovered"
        assert back["data"] == {"service": RECALL_LOOKUP}
        assert not_asked.received == []
        for webhook in made:
            await asyncio.to_thread(server.ask, "DELETE", f"/v1/webhooks/{webhook}")


def claimlens(folder: Path, *arguments: str, **environ: str) -> str:
    """The output of a command over the same store."""
    source = str(Path(__file__).parents[2] / "src")
    found = subprocess.run(
        [sys.executable, "-m", "claimlens", *arguments],
        env={**os.environ, "CLAIMLENS_DATA_DIR": str(folder), "PYTHONPATH": source, **environ},
        capture_output=True,
        text=True,
        check=True,
    )
    return found.stdout


def test_an_operator_switches_a_service_off_and_on(server: Server, recalls: Misbehaving) -> None:
    claimlens(server.folder, "services", "disable", "recall.lookup", "--for", "1h", "--reason", "index is rebuilt")
    eventually(lambda: health(server)["degraded_services"] == [RECALL_LOOKUP], "it is off", 30)
    one = server.ask("GET", "/health/mcp/recall.lookup").json()
    assert (one["status"], one["transport"]) == ("off", "off")
    assert one["off_until"] is not None
    before = recalls.calls()
    assert feed(server)["degraded_services"] == [RECALL_LOOKUP]
    assert recalls.calls() == before
    assert metric(server, "claimlens_degraded_services") == 1
    assert "off" in claimlens(server.folder, "services", "list").splitlines()[2].split("\t")
    claimlens(server.folder, "services", "enable", "recall.lookup", "--reason", "done")
    eventually(lambda: health(server)["status"] == "healthy", "it is on", 30)
    assert feed(server)["degraded_services"] == []
    assert b"index is rebuilt" in server.ask("GET", "/v1/access-log?action=service:disable").body


def test_the_service_starts_while_all_four_servers_are_dead(tmp_path: Path) -> None:
    names = ("OCR_LABEL", "UNIT_CONVERT", "RECALL_LOOKUP", "ALT_SUGGESTER")
    dead = {f"CLAIMLENS_MCP_{name}_URL": "http://127.0.0.1:9/mcp" for name in names}
    juice = {"nutrition": {"fat": "1 tbsp", "vitamin_c": "60 mg"}, "description": "Boosts your immunity"}
    with serving(tmp_path, environ=QUICK | dead) as server:
        for _ in range(6):
            told = feed(server, "Orange juice", **juice)
        assert set(told["degraded_services"]) >= {RECALL_LOOKUP}
        assert set(told["degraded_services"]) <= {RECALL_LOOKUP, ALT_SUGGESTER, UNIT_CONVERT}
        assert health(server)["status"] == "degraded"


def test_the_programs_own_server_stopped_and_started(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    with (
        mcp_serving(tmp_path, "recall.lookup") as recalls,
        serving(data, environ={**QUICK, RECALLS_URL: recalls.url}) as server,
    ):
        eventually(lambda: feed(server)["degraded_services"] == [], "a feed with all services")
        assert recalls.stop() == 0
        until_out(server)
        recalls.start()
        eventually(lambda: health(server)["status"] == "healthy", "it recovered alone", 90)
        eventually(lambda: feed(server)["degraded_services"] == [], "a feed with all services")


@pytest.fixture(scope="module")
def replicas(
    recalls: Misbehaving, postgres_databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Server, Server, Valkey]]:
    folder, valkey = tmp_path_factory.mktemp("replicas"), Valkey()
    with postgres_databases.fresh() as url:
        environ = {**QUICK, "DATABASE_URL": url, "REDIS_URL": valkey.url, RECALLS_URL: recalls.url}
        with serving(folder, worker=False, environ=environ) as one, serving(folder, environ=environ) as two:
            two.key = one.key
            yield one, two, valkey
    valkey.remove()


async def test_what_one_replica_finds_out_holds_on_the_other_and_is_told_once(
    replicas: tuple[Server, Server, Valkey], recalls: Misbehaving
) -> None:
    one, two, valkey = replicas
    async with receiver(tls=False) as there:
        wanted = {"url": f"http://127.0.0.1:{there.port}/", "events": ["service.degraded", "service.recovered"]}
        made = (await asyncio.to_thread(one.ask, "POST", "/v1/webhooks", wanted)).json()["id"]
        recalls.kill()
        await asyncio.to_thread(until_out, one)
        await asyncio.to_thread(
            eventually, lambda: health(two)["degraded_services"] == [RECALL_LOOKUP], "the other replica knows", 60
        )
        with valkey.client() as client:
            client.flushdb()
        assert health(one)["degraded_services"] == health(two)["degraded_services"] == [RECALL_LOOKUP]
        await asyncio.to_thread(recalls.start)
        await asyncio.to_thread(
            eventually,
            lambda: health(one)["status"] == health(two)["status"] == "healthy",
            "both recovered",
            90,
        )
        await there.until(lambda: len(there.received) >= 2)
        await asyncio.to_thread(feed, two)
        assert [json.loads(each.body)["type"] for each in there.received] == ["service.degraded", "service.recovered"]
        await asyncio.to_thread(one.ask, "DELETE", f"/v1/webhooks/{made}")


def test_a_switch_turned_anywhere_holds_on_every_replica(replicas: tuple[Server, Server, Valkey]) -> None:
    one, two, valkey = replicas
    environ = {"DATABASE_URL": one.environ["DATABASE_URL"], "REDIS_URL": valkey.url}
    claimlens(one.folder, "services", "disable", "recall.lookup", "--reason", "why", **environ)
    for replica in (one, two):
        eventually(lambda replica=replica: health(replica)["degraded_services"] == [RECALL_LOOKUP], "it is off", 30)  # type: ignore[misc]
    claimlens(one.folder, "services", "enable", "recall.lookup", **environ)
    for replica in (one, two):
        eventually(lambda replica=replica: health(replica)["status"] == "healthy", "it is on", 30)  # type: ignore[misc]
