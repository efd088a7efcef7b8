"""§3: high latency, errors, degraded mode, the database; what is safe to do about them."""

import json
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from tests.postgres import programs_folder
from tests.valkey import eventually
from tests.walk.promises import Section
from tests.walk.site import ROOT, Site

SECTION = Section("3")
_CLIENTS = 6


@SECTION.promise("the four lines about latency")
def latency(site: Site) -> str:
    site.sh("curl -fsS https://api.claimlens.com/metrics | grep request_duration")
    count = site.sh('psql -h db.claimlens.com -U claimlens -c "SELECT count(*) FROM pg_stat_activity;"')
    assert "(1 row)" in count, count
    stats = site.sh("redis-cli -h redis.claimlens.com INFO stats")
    assert "total_commands_processed" in stats, stats
    told = json.loads(site.sh("curl -fsS https://api.claimlens.com/api/v1/admin/performance"))
    assert {"routes", "transforms"} <= told.keys(), told
    return "durations, connections, the cache's counts, routes and transforms"


@SECTION.promise("redis-cli FLUSHDB under load, ten times")
def flushed_under_load(site: Site) -> str:
    with _Load(site) as load:
        for _ in range(10):
            load.wait_for(20)
            site.sh("redis-cli FLUSHDB")
        load.wait_for(20)
    assert set(load.statuses) == {200}, load.statuses
    kept = _kept(site, load.audits)
    assert kept == len(load.audits), f"{kept} of {len(load.audits)} audits are there"
    return f"{len(load.audits)} verdicts answered, all 200, each with its audit"


@SECTION.promise("FLUSHDB opens no revoked key; limits are counted on")
def flushed_and_still_closed(site: Site) -> str:
    revoked, revoked_key = site.tenant("walk-flushed", requests_per_minute=5)
    assert site.validate(key=revoked_key).status == 200
    assert site.api.ask("DELETE", f"/v1/api-keys/{revoked}").status == 204
    _, key = site.issue("walk-flushed")
    site.sh("redis-cli FLUSHDB")
    assert site.validate(key=revoked_key).status == 401
    after_flush = Counter(site.validate(key=key).status for _ in range(8))
    assert after_flush[429] >= 1, after_flush
    site.installation.cache.kill()
    try:
        without = Counter(site.validate(key=site.issue("walk-flushed")[1]).status for _ in range(1))
        assert without[200], without
        _, another = site.issue("walk-flushed")
        alone = Counter(site.validate(key=another).status for _ in range(8))
    finally:
        site.installation.cache.start()
    assert alone[429] >= 1, alone
    site.until_healthy()
    return (
        f"401 for the key; of 8 requests at 5 a minute {after_flush[429]} × 429 after it, {alone[429]} without a cache"
    )


@SECTION.promise("more than 5 % of the requests fail")
def errors_raise_the_alarm(site: Site) -> str:
    with _Load(site) as load:
        load.wait_for(150)
        site.installation.database.stop()
        try:
            eventually(lambda: site.prometheus.fires("HighErrorRate"), "HighErrorRate fires", 60)
            metrics = site.sh("curl -fsS https://api.claimlens.com/metrics | grep requests_failed")
            assert "claimlens_requests_failed{" in metrics, metrics
        finally:
            site.installation.database.start()
        site.until_healthy()
        failed = sum(count for status, count in load.statuses.items() if status >= 500)
        assert set(load.statuses) == {200, 503}, load.statuses
        eventually(lambda: not site.prometheus.fires("HighErrorRate"), "HighErrorRate clears", 120)
    kept = _kept(site, load.audits)
    assert kept == len(load.audits), f"{kept} of {len(load.audits)} audits are there"
    return (
        f"{failed} × 503, HighErrorRate fired in Prometheus, cleared after {load.statuses[200]} good ones; "
        f"all {kept} answered verdicts are there"
    )


@SECTION.promise("grep ERROR in the log; pg_is_in_recovery")
def errors_are_found(site: Site) -> str:
    lines = [line for line in site.api.log.splitlines() if "ERROR" in line]
    assert lines, "no line of the log says ERROR, although the database was out"
    json.loads(lines[-1])
    told = site.sh('psql -h db.claimlens.com -U claimlens -c "SELECT pg_is_in_recovery();"')
    assert " f" in told, told
    return f"{len(lines)} lines, each JSON; not in recovery"


@SECTION.promise("the connection pool is used up")
def pool_exhausted(site: Site) -> str:
    small = site.installation.another_api({"DATABASE_MAX_CONNECTIONS": "2"})
    site.held.callback(small.kill)
    small.start()
    site.prometheus.watch([*(api.url for api in site.apis), small.url])
    assert site.validate(api=small).status == 200
    took: list[float] = []
    with _locked(site, "idempotency_keys", 60), ThreadPoolExecutor(8) as clients:
        # A statement waits 5 s for a lock; those behind it get the connection then.
        names = [clients.submit(site.validate, api=small, named=f"pool-{n}") for n in range(4)]
        eventually(lambda: site.metric('claimlens_db_connections{state="in_use"}', small) == 2, "both are in use", 10)

        def timed() -> int:
            began = time.monotonic()
            status = site.validate(api=small, named=f"late-{began}").status
            took.append(time.monotonic() - began)
            return status

        late = [timed() for _ in range(3)]
        fires = site.prometheus.fires
        while not fires("DatabaseConnections") and len(late) < 30:
            names += [clients.submit(site.validate, api=small, named=f"pool-{len(names)}") for _ in range(2)]
            late.append(timed())
        assert fires("DatabaseConnections"), "DatabaseConnections does not fire"
        first = Counter(name.result().status for name in names)
    assert set(late) == {503}, late
    quick = max(took[:3])  # while both connections were surely in use; a later one may get one and wait for the lock
    assert quick < 2.5, took
    eventually(lambda: site.validate(api=small).status == 200, "it answers again", 30)
    eventually(lambda: not site.prometheus.fires("DatabaseConnections"), "DatabaseConnections clears", 30)
    site.prometheus.watch([api.url for api in site.apis])
    small.stop()
    return (
        f"503 OVERLOADED after {quick:.1f} s at most, {dict(first)} for those before; answers again by itself; "
        "DatabaseConnections fired and cleared"
    )


@SECTION.promise("connections by state, slow queries, locks, VACUUM ANALYZE, as written")
def database_lines(site: Site) -> str:
    states = site.sh(
        """psql -h db.claimlens.com -U claimlens -c "
  SELECT count(*), state
  FROM pg_stat_activity
  GROUP BY state;
" """
    )
    assert "idle" in states, states
    with _locked(site, "switches", 3):
        slow = site.sh(
            """psql -h db.claimlens.com -U claimlens -c "
  SELECT pid, now() - query_start as duration, query
  FROM pg_stat_activity
  WHERE state = 'active'
  ORDER BY duration DESC
  LIMIT 10;
" """
        )
        assert "pg_sleep" in slow, slow
    locks = site.sh(
        """psql -h db.claimlens.com -U claimlens -c "
  SELECT * FROM pg_locks WHERE NOT granted;
" """
    )
    site.sh('psql -h db.claimlens.com -U claimlens -c "VACUUM ANALYZE;"')
    return f"states told, the slow query stood first, {locks.strip().splitlines()[-1]} waiting, vacuumed"


@SECTION.promise("SELECT pg_terminate_backend(pid) of a query that runs too long")
def terminated(site: Site) -> str:
    with _locked(site, "switches", 60) as holder:
        pid = site.sql("SELECT pid FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()")
        told = site.sql(f"SELECT pg_terminate_backend({pid.splitlines()[0]})")
        assert told == "t", told
        holder.wait(timeout=20)
    assert site.feed().status == 200
    return "ended; verdicts go on"


@SECTION.promise("the API's own connections are terminated under load")
def lost_connections(site: Site) -> str:
    with _Load(site) as load:
        for _ in range(3):
            load.wait_for(20)
            site.sql(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE application_name = 'claimlens' AND pid <> pg_backend_pid()"
            )
        load.wait_for(40)
    assert set(load.statuses) <= {200, 503}, load.statuses
    kept = _kept(site, load.audits)
    assert kept == len(load.audits), f"{kept} of {len(load.audits)} audits are there"
    return f"{dict(load.statuses)}; all {kept} answered verdicts are there"


@SECTION.promise("curl …/metrics | grep circuit_breaker_state")
def breakers(site: Site) -> str:
    lines = site.sh("curl -fsS https://api.claimlens.com/metrics | grep circuit_breaker_state").splitlines()
    closed = [line for line in lines if line.startswith("claimlens_circuit_breaker_state{") and line.endswith(" 0.0")]
    assert len(closed) == 4, lines
    return "four closed"


@SECTION.stands_in("kubectl scale, rollout restart, logs, top", "there is no cluster here")
def kubectl_names(site: Site) -> str:
    text = (ROOT / "k8s/production/claimlens.yaml").read_text(encoding="utf-8")
    for name in ("name: claimlens-api", "name: mcp-ocr-label", "app: claimlens-api", "app: mcp-services"):
        assert name in text, name
    return "deployments and labels of these lines are in k8s/production"


class _Load:
    """Clients that ask without a pause for the length of a block; what they were answered."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(n,), daemon=True) for n in range(_CLIENTS)]
        self.statuses: Counter[int] = Counter()
        self.audits: list[str] = []

    def __enter__(self) -> "_Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def wait_for(self, more: int) -> None:
        """Until so many more were answered with a verdict."""
        wanted = len(self.audits) + more
        eventually(lambda: len(self.audits) >= wanted, f"{more} more are answered", 120)

    def _ask(self, number: int) -> None:
        site = self._site
        while not self._stop.is_set():
            answer = site.validate(api=site.apis[number % len(site.apis)])
            self.statuses[answer.status] += 1
            if answer.status == 200:
                self.audits.append(answer.json()["audit_id"])
            else:
                self._stop.wait(0.1)


def _kept(site: Site, audits: list[str]) -> int:
    """How many of these audits the store holds."""
    listed = ",".join(f"'{audit}'" for audit in audits)
    path = site.folder / "here/audits.sql"
    path.write_text(f"SELECT count(*) FROM audits WHERE id IN ({listed});", encoding="utf-8")
    return int(site.sh('psql "$DATABASE_URL" -XAtq -f audits.sql'))


@contextmanager
def _locked(site: Site, table: str, seconds: int) -> Iterator["subprocess.Popen[bytes]"]:
    """A table that nobody else can use, until the block ends or the seconds are over."""
    url = site.environ["DATABASE_URL"]
    statement = f"BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep({seconds}); COMMIT"
    holder = subprocess.Popen(
        [programs_folder() / "psql", "-XAtq", url, "-c", statement],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    held = f"SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep({seconds})%' AND wait_event = 'PgSleep'"
    eventually(lambda: site.sql(held) != "0", f"{table} is locked", 20)
    try:
        yield holder
    finally:
        holder.send_signal(signal.SIGINT)  # psql cancels its statement; the lock is let go
        holder.wait(timeout=20)
