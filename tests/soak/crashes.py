"""`make soak ARGS="--kills 100"`: killed under load at random moments; nothing answered is lost or doubled.

Clients ask without a pause; whatever is not answered is asked again under the same Idempotency-Key. Meanwhile the
server process, or PostgreSQL, gets SIGKILL and is started again. Then the books are checked. fsync is on: this proves
the loss of processes, not of power.
"""

import asyncio
import json
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from claimlens.adapters.sql import tables
from claimlens.adapters.sql.engine import Database
from tests.postgres import PostgresServer, migrate
from tests.serving import NO_LIMITS, Server

_CLIENTS = 8
_TEXTS = ("Slow-cooked lamb with mint", "Detox soup", "Cures diabetes, says our chef", "Call 020 7946 0018 for more")


class Ask:
    """One request that a client insists on. Its correlation id is found again in whatever is written for it."""

    def __init__(self, number: int, chance: random.Random) -> None:
        self.name = f"soak-{number}"
        self.is_named = chance.random() < 0.7
        texts = chance.choices(_TEXTS, k=chance.choice((1, 1, 3)))
        self.items = [{"id": f"{number}-{place}", "name": text} for place, text in enumerate(texts)]
        self.path = "/v1/menu/feed" if len(texts) > 1 else "/v1/menu/validate"
        self.body = json.dumps(
            {"items": self.items, "locale": "en-GB"} if len(texts) > 1 else {"item": self.items[0], "locale": "en-GB"}
        ).encode()
        self.tries = 0


class Answered:
    """What a client holds in its hands."""

    def __init__(self, ask: Ask, body: bytes, *, replayed: bool) -> None:
        self.ask = ask
        self.replayed = replayed
        told = json.loads(body)
        verdicts = told.get("verdicts", [told])
        self.audits: list[str] = [verdict["audit_id"] for verdict in verdicts]
        self.has_reasons = any(verdict["reasons"] for verdict in verdicts)


class Clients:
    """Ask until told to stop; what is not answered is put back, under the same name."""

    def __init__(self, server: Server, chance: random.Random) -> None:
        self._server = server
        self._chance = chance
        self._again: list[tuple[float, Ask]] = []
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._number = 0
        self.open = 0
        self.answered: list[Answered] = []
        self.asked: list[Ask] = []
        self.wrong: list[str] = []
        self.statuses: Counter[int] = Counter()
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(_CLIENTS)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def wait_for_answers(self, more: int, within_s: float = 60.0) -> None:
        """Until so many more were answered: there is load again."""
        wanted, deadline = len(self.answered) + more, time.monotonic() + within_s
        while len(self.answered) < wanted:
            assert time.monotonic() < deadline, f"nothing is answered any more: {self.statuses}"
            time.sleep(0.005)

    def stop(self, ask_again_for_s: float) -> None:
        """No new requests; those that are open get so long."""
        deadline = time.monotonic() + ask_again_for_s
        self._number = -1
        while self.open and time.monotonic() < deadline:
            time.sleep(0.05)
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while not self._stop.is_set():
            ask = self._next()
            if ask is None:
                time.sleep(0.02)
            else:
                self._try(ask)

    def _next(self) -> Ask | None:
        with self._lock:
            for place, (due, ask) in enumerate(self._again):
                if due <= time.monotonic():
                    del self._again[place]
                    return ask
            if self._number < 0:
                return None
            self._number += 1
            self.open += 1
            ask = Ask(self._number, self._chance)
            self.asked.append(ask)
            return ask

    def _try(self, ask: Ask) -> None:
        ask.tries += 1
        headers = {"X-Correlation-ID": ask.name}
        if ask.is_named:
            headers["Idempotency-Key"] = ask.name
        try:
            answer = self._server.ask("POST", ask.path, ask.body, headers=headers, within_s=20)
        except (OSError, HTTPException):
            self._not_answered(ask, 0)
            return
        if answer.status in (409, 503):
            self._not_answered(ask, answer.status)
            return
        with self._lock:
            self.statuses[answer.status] += 1
            self.open -= 1
        if answer.status == 200:
            self.answered.append(Answered(ask, answer.body, replayed="idempotency-replayed" in answer.headers))
        else:
            self.wrong.append(f"{ask.name}: {answer.status} {answer.body[:300]!r}")

    def _not_answered(self, ask: Ask, status: int) -> None:
        with self._lock:
            self.statuses[status] += 1
            # One without a name is not asked again: nobody could tell whether it was done.
            self.open -= not ask.is_named
            if ask.is_named:
                # What was being answered when its server was lost is held for a minute (409).
                self._again.append((time.monotonic() + (1.0 if status == 409 else 0.05), ask))
        if status != 409:
            time.sleep(0.05)


class Books:
    """What the store holds, by correlation id."""

    def __init__(self, url: str) -> None:
        self.audits: dict[str, list[str]] = {}
        self.events: Counter[str] = Counter()
        self.decisions: Counter[str] = Counter()
        asyncio.run(self._read(url))

    async def _read(self, url: str) -> None:
        database = Database(url)
        audits, outbox, decisions = tables.audits.c, tables.outbox.c, tables.decision_logs.c
        async with database.read(fresh=True) as connection:
            for audit_id, name in await connection.execute(sa.select(audits.id, audits.correlation_id)):
                self.audits.setdefault(name, []).append(audit_id)
            for (name,) in await connection.execute(sa.select(decisions.correlation_id)):
                self.decisions[name] += 1
            for (payload,) in await connection.execute(sa.select(outbox.payload)):
                self.events[json.loads(payload)["data"]["audit_id"]] += 1
        await database.close()


def check(clients: Clients, books: Books) -> list[str]:
    """Every way in which the books and the clients disagree; empty if they do not."""
    wrong = list(clients.wrong)
    for answered in clients.answered:
        name = answered.ask.name
        kept = books.audits.get(name, [])
        if lost := set(answered.audits) - set(kept):
            wrong.append(f"{name} was answered and its audits {lost} are not there")
        if missing := [audit for audit in answered.audits if books.events[audit] != 1]:
            wrong.append(f"{name} was answered and the outbox has not one event for each of {missing}")
        if answered.has_reasons and not books.decisions[name]:
            wrong.append(f"{name} was answered and has no decision log")
    for ask in clients.asked:
        kept = books.audits.get(ask.name, [])
        if len(kept) not in (0, len(ask.items)):
            wrong.append(f"{ask.name} has {len(kept)} audits for {len(ask.items)} items after {ask.tries} tries")
        if books.decisions[ask.name] > 1:
            wrong.append(f"{ask.name} has {books.decisions[ask.name]} decision logs after {ask.tries} tries")
    unknown = set(books.events) - {audit for kept in books.audits.values() for audit in kept}
    if unknown:
        wrong.append(f"{len(unknown)} events tell of audits that are not there")
    return wrong


def soak(store: str, victim: str, kills: int, *, seed: int, ask_again_for_s: float = 75.0) -> "Outcome":
    """Kill `victim` (`server` or `database`) so many times under load over `store` (`postgres` or `sqlite`)."""
    chance = random.Random(seed)
    with _over(store) as (server, database, url):
        server.start()
        hook = {"url": "http://127.0.0.1:9/hook", "events": ["verdict.generated"]}
        assert server.ask("POST", "/v1/webhooks", hook).status == 201
        clients = Clients(server, chance)
        clients.start()
        for number in range(kills):
            if chance.random() < 0.9:  # else while it has hardly begun again
                clients.wait_for_answers(20)
            time.sleep(chance.choice((0.0, 0.01, 0.1, 0.5)) * chance.random())
            if victim == "server":
                server.kill()
                server.start()
            else:
                assert database is not None
                database.stop(signal.SIGKILL)
                database.start()
            _progress(store, victim, number + 1, kills, clients)
        clients.wait_for_answers(20)
        clients.stop(ask_again_for_s)
        sample = chance.sample(clients.answered, min(20, len(clients.answered)))
        read = [server.ask("GET", f"/v1/audits/{answered.audits[0]}").status for answered in sample]
        server.kill()
        wrong = check(clients, Books(url))
        if set(read) != {200}:
            wrong.append(f"audits of answered requests are read with {Counter(read)}")
        return Outcome(clients, wrong)


class Outcome:
    """How a soak went."""

    def __init__(self, clients: Clients, wrong: list[str]) -> None:
        self.wrong = wrong
        self.answered = len(clients.answered)
        self.replayed = sum(answered.replayed for answered in clients.answered)
        self.tried_again = sum(ask.tries > 1 for ask in clients.asked)
        self.statuses = dict(clients.statuses)

    def __str__(self) -> str:
        told = ", ".join(f"{count} x {status or 'cut off'}" for status, count in sorted(self.statuses.items()))
        return (
            f"{self.answered} answered, {self.tried_again} asked more than once, {self.replayed} replayed ({told}); "
            + (f"{len(self.wrong)} WRONG" if self.wrong else "nothing lost, nothing doubled")
        )


@contextmanager
def _over(store: str) -> Iterator[tuple[Server, PostgresServer | None, str]]:
    with tempfile.TemporaryDirectory(prefix="claimlens-soak-") as folder:
        environ: dict[str, Any] = NO_LIMITS | {"CLAIMLENS_WEBHOOKS_TO_PRIVATE": "1"}
        if store == "sqlite":
            server = Server(Path(folder), worker=False, environ=environ)
            try:
                yield server, None, f"sqlite:///{folder}/claimlens.db"
            finally:
                server.kill()
            return
        database = PostgresServer(safe=True)
        server = Server(Path(folder), worker=False, environ=environ | {"DATABASE_URL": database.url})
        try:
            migrate(database.url)
            yield server, database, database.url
        finally:
            server.kill()
            database.remove()


def _progress(store: str, victim: str, done: int, kills: int, clients: Clients) -> None:
    if sys.stderr.isatty():
        told = f"\r{store}: {victim} killed {done} of {kills} times, {len(clients.answered)} answered "
        print(told, end="" if done < kills else "\n", file=sys.stderr, flush=True)


def main(kills: int, seed: int) -> bool:
    """Kill each victim so often; whether something was lost or doubled."""
    failed = False
    for store, victim in (("postgres", "server"), ("postgres", "database"), ("sqlite", "server")):
        outcome = soak(store, victim, kills, seed=seed)
        print(f"{store}, {victim} killed {kills} times: {outcome}", flush=True)
        for line in outcome.wrong[:20]:
            print(f"  {line}")
        failed |= bool(outcome.wrong)
    return failed
