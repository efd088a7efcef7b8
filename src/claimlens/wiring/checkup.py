"""The check-up of this installation, for a command: each thing is asked apart, so that what is out hides nothing."""

import asyncio
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from claimlens.adapters.disk.secret_key import SECRET_FILE, secret_of
from claimlens.adapters.http.asking import HttpServerAsked
from claimlens.adapters.sql import migrate
from claimlens.adapters.sql.engine import MOST_LAG_S
from claimlens.adapters.sql.runs import SqlRuns
from claimlens.adapters.sql.vitals import oldest_unsealed, vitals
from claimlens.adapters.system import kubectl
from claimlens.adapters.system.clock import SystemClock
from claimlens.config import Settings, secret_files
from claimlens.domain.checkup import Checkup, Level, Line
from claimlens.domain.errors import ClaimLensError, OverloadedError, SecretError
from claimlens.domain.jurisdiction import Jurisdiction
from claimlens.domain.retention import Data
from claimlens.domain.service import RECALL_LOOKUP, SERVICES
from claimlens.usecases import checkup
from claimlens.usecases.checkup import Probe
from claimlens.wiring import open_database, open_packs, packs_root
from claimlens.wiring.accounts import open_cache
from claimlens.wiring.backups import open_backups
from claimlens.wiring.maintaining import sqlite_file
from claimlens.wiring.recalls import open_recalls
from claimlens.wiring.rotation import open_secrets


async def examine(settings: Settings, *, with_kubectl: bool) -> Checkup:
    """Look at everything. `with_kubectl`: a cluster that cannot be reached is a failure."""
    clock = SystemClock()
    doctor = _Doctor(settings, clock, with_kubectl=with_kubectl)
    try:
        return await checkup.look(doctor.probes(), clock.now())
    finally:
        await doctor.close()


class _Doctor:
    def __init__(self, settings: Settings, clock: SystemClock, *, with_kubectl: bool) -> None:
        self._settings = settings
        self._clock = clock
        self._with_kubectl = with_kubectl
        file = None if settings.database_url.startswith("postgres") else sqlite_file(settings)
        #: A store of one file is not made by looking at it.
        self._missing = file if file is not None and not file.exists() else None
        self._database = None if self._missing else open_database(settings)

    async def close(self) -> None:
        if self._database is not None:
            await self._database.close()

    def probes(self) -> Mapping[str, Probe]:
        """Everything that is asked, in the order in which it is told."""
        return {
            "server": self._server,
            "database": self._store,
            "replica": self._replica,
            "redis": self._redis,
            "services": self._services,
            "upkeep": self._upkeep,
            "backups": self._backups,
            "packs": self._packs,
            "recalls": self._recalls,
            "disk": self._disk,
            "secrets": self._secrets,
            "kubectl": self._kubectl,
        }

    async def _server(self) -> Sequence[Line]:
        asked = HttpServerAsked(self._settings.url)
        try:
            health = await asked.read("/health")
        except ClaimLensError as error:
            advice = "start it (`claimlens serve`), or say where it is in CLAIMLENS_URL"
            return [Line(name="server", level=Level.WARN, found=str(error), advice=advice)]
        status = str(health.get("status"))
        levels = {"healthy": Level.OK, "maintenance": Level.NOTE, "unhealthy": Level.FAIL}
        wrong = [
            f"{check.get('name')} {check.get('status')}"
            for check in health.get("checks", ())
            if check.get("status") != "ok"
        ]
        said = " ".join(filter(None, [f"{status} at {asked.url}", ", ".join(wrong)]))
        advice = "" if status in ("healthy", "maintenance") else "docs/RUNBOOK.md section 3"
        return [Line(name="server", level=levels.get(status, Level.WARN), found=said, advice=advice)]

    async def _store(self) -> Sequence[Line]:
        if self._database is None:
            said = f"there is no store at {self._missing} yet"
            return [
                Line(name="database", level=Level.FAIL, found=said, advice="claimlens db upgrade, or claimlens serve")
            ]
        try:
            before = self._clock.now()
            found = await vitals(self._database)
            after = self._clock.now()
            schema = await migrate.status(self._database)
        except OverloadedError as error:
            reason = (str(error.__cause__ or "").splitlines() or [""])[0]
            said = f"{error}: {reason}" if reason else str(error)
            return [Line(name="database", level=Level.FAIL, found=said, advice="docs/RUNBOOK.md section 3, Database")]
        took = (after - before) / timedelta(milliseconds=1)
        line = Line(name="database", level=Level.OK, found=f"{found.version}, answered in {took:.0f} ms")
        tables = Line(name="tables", level=Level.OK, found=f"schema {schema.current}, {schema.state}")
        if schema.pending:
            said = f"schema {schema.current or '(none)'}, {len(schema.pending)} steps pending"
            tables = Line(name="tables", level=Level.FAIL, found=said, advice="claimlens db upgrade")
        lines = [line, tables]
        if found.now is not None and found.used is not None and found.most is not None:
            lines.append(checkup.clock(before + (after - before) / 2 - found.now))
            lines.append(checkup.connections(found.used, found.most, self._settings.database_max_connections))
        return lines

    async def _replica(self) -> Sequence[Line]:
        if not self._settings.database_read_url or self._database is None:
            return []
        return [checkup.replica(await self._database.replica_lag(), MOST_LAG_S)]

    async def _redis(self) -> Sequence[Line]:
        if not self._settings.redis_url:
            return [Line(name="redis", level=Level.OK, found="not configured: one process counts for itself")]
        cache = open_cache(self._settings)
        await cache.start()
        try:
            health = await cache.health()
        finally:
            await cache.stop()
        if health.status == "ok":
            return [Line(name="redis", level=Level.OK, found=f"{health.mode} answers")]
        advice = "docs/runbook/CacheDown.md; verdicts go on without it"
        return [Line(name="redis", level=Level.WARN, found=health.detail or health.status, advice=advice)]

    async def _services(self) -> Sequence[Line]:
        return await asyncio.gather(*(self._service(service) for service in SERVICES))

    async def _service(self, service: str) -> Line:
        url = self._settings.mcp_urls.get(service, "")
        if not url:
            return Line(name=service, level=Level.OK, found="in process")
        parts = urlsplit(url)
        try:
            health = await HttpServerAsked(urlunsplit((parts.scheme, parts.netloc, "", "", ""))).read("/health")
        except ClaimLensError as error:
            advice = "restart it; verdicts go on and say what was not checked"
            return Line(name=service, level=Level.WARN, found=str(error), advice=advice)
        status = str(health.get("status"))
        level = Level.OK if status in ("healthy", "ok") else Level.WARN
        return Line(
            name=service,
            level=level,
            found=f"{status} at {parts.netloc}",
            advice="" if level is Level.OK else "its log",
        )

    async def _upkeep(self) -> Sequence[Line]:
        if self._database is None or (await migrate.status(self._database)).pending:
            return [Line(name="upkeep", level=Level.NOTE, found="not looked at: there are no tables for it")]
        now, runs = self._clock.now(), {}
        for kind, part, at, _ in await SqlRuns(self._database).latest():
            runs[kind, part] = at
        oldest = await oldest_unsealed(self._database)
        advice = "a worker purges every day: see that one runs, or `claimlens purge`"
        return [
            checkup.sealing(oldest, now, timedelta(seconds=self._settings.seal_interval_s)),
            checkup.last("purge", runs.get(("purge", Data.AUDITS.value)), now, advice),
            checkup.last("restore drill", runs.get(("drill", "")), now, "claimlens backup drill", monthly=True),
            checkup.last("maintenance", runs.get(("maintenance", "")), now, "claimlens db maintain", monthly=True),
        ]

    async def _backups(self) -> Sequence[Line]:
        advice = "claimlens backup create; daily by the CronJob `backup-database` (docs/how-to/back-up-and-restore.md)"
        made = await open_backups(self._settings).list()
        newest = made[0].created_at if made else None
        return [checkup.last("backup", newest, self._clock.now(), advice)]

    async def _packs(self) -> Sequence[Line]:
        folder = open_packs(self._settings)
        return [await asyncio.to_thread(self._pack, folder.check, jurisdiction) for jurisdiction in Jurisdiction]

    def _pack(self, check: Callable[[Jurisdiction], Mapping[str, str]], jurisdiction: Jurisdiction) -> Line:
        name = f"pack {jurisdiction.lower()}"
        try:
            versions = check(jurisdiction)
        except ClaimLensError as error:
            advice = "install the packs again as they were built (docs/how-to/sign-packs.md)"
            return Line(name=name, level=Level.FAIL, found=str(error), advice=advice)
        if not versions:
            return Line(
                name=name, level=Level.NOTE, found=f"a source in {packs_root(self._settings)}, neither built nor signed"
            )
        said = "signed" if self._settings.packs_public_key else "as its manifest says, by whomever it was signed"
        return Line(name=name, level=Level.OK, found=f"{said}; version {versions.get(jurisdiction.lower(), '?')}")

    async def _recalls(self) -> Sequence[Line]:
        if RECALL_LOOKUP in self._settings.mcp_urls:
            return []  # its server says how old its index is
        if not (self._settings.data_dir / "recalls.db").exists():
            return [
                Line(name="recalls", level=Level.NOTE, found="the starting set; claimlens recalls refresh fetches them")
            ]
        found = await asyncio.to_thread(open_recalls(self._settings, self._clock).status)
        levels = {"fresh": Level.OK, "starting": Level.NOTE}
        return [
            Line(
                name=f"recalls {each.source}",
                level=levels.get(each.state, Level.WARN),
                found=each.state + (f": {each.detail}" if each.detail else ""),
                advice="" if each.state == "fresh" else f"claimlens recalls refresh {each.source}",
            )
            for each in found
        ]

    async def _disk(self) -> Sequence[Line]:
        places = {"data folder": self._settings.data_dir}
        where = self._settings.backup_to
        if where and "://" not in where:
            places["backup folder"] = Path(where)
        lines = []
        for name, path in places.items():
            there = next(each for each in (path.absolute(), *path.absolute().parents) if each.exists())
            if not os.access(there, os.W_OK):
                lines.append(
                    Line(name=name, level=Level.FAIL, found=f"{there} cannot be written", advice=f"chown {there}")
                )
            else:
                usage = shutil.disk_usage(there)
                lines.append(checkup.disk(name, str(path), usage.free, usage.total))
        return lines

    async def _secrets(self) -> Sequence[Line]:
        lines = [
            checkup.permissions(name, str(path), path.stat().st_mode) for name, path in sorted(secret_files().items())
        ]
        own = self._settings.data_dir / SECRET_FILE
        if (folder := self._settings.data_dir).is_dir():
            lines.append(checkup.permissions("access to data", str(folder), folder.stat().st_mode))
        if self._settings.secret_key:
            lines.append(checkup.secret("secret key", self._settings.secret_key))
        elif self._settings.in_production:
            advice = "openssl rand -hex 32 (docs/reference/settings.md)"
            return [
                *lines,
                Line(name="secret key", level=Level.FAIL, found="CLAIMLENS_SECRET_KEY is not set", advice=advice),
            ]
        elif own.exists():
            lines += [
                checkup.permissions("access to secret", str(own), own.stat().st_mode),
                checkup.secret("secret key", secret_of(own)),
            ]
        else:
            return [*lines, Line(name="secret key", level=Level.NOTE, found="made when the service first starts")]
        return [*lines, await self._sealed()]

    async def _sealed(self) -> Line:
        """Whether what the store keeps sealed opens."""
        if self._database is None:
            return Line(name="sealed secrets", level=Level.NOTE, found="not looked at: there is no store")
        try:
            async with open_secrets(self._settings) as secrets:
                state = await secrets.state()
        except SecretError as error:
            advice = "docs/how-to/rotate-secrets.md"
            return Line(name="sealed secrets", level=Level.FAIL, found=str(error), advice=advice)
        except ClaimLensError as error:
            return Line(name="sealed secrets", level=Level.WARN, found=f"not looked at: {error}")
        lost, former = sum(each.lost for each in state.sealed), sum(each.former for each in state.sealed)
        advice = "docs/how-to/rotate-secrets.md"
        if lost:
            said = f"{lost} open under no secret that is set here"
            return Line(name="sealed secrets", level=Level.FAIL, found=said, advice=advice)
        if former:
            said = f"{former} are under a former secret"
            return Line(
                name="sealed secrets", level=Level.WARN, found=said, advice="claimlens secrets rotate encryption"
            )
        said = f"all {sum(each.present for each in state.sealed)} open; {len(state.seal_keys)} keys for seals"
        return Line(name="sealed secrets", level=Level.OK, found=said)

    async def _kubectl(self) -> Sequence[Line]:
        bad = Level.FAIL if self._with_kubectl else Level.NOTE
        if not kubectl.found():
            return [
                Line(name="kubectl", level=bad, found="not found", advice="install it where you operate a cluster from")
            ]
        context = await kubectl.context()
        if not context:
            return [
                Line(name="kubectl", level=bad, found="no cluster is chosen", advice="kubectl config use-context …")
            ]
        try:
            names = await kubectl.namespaces()
        except ClaimLensError as error:
            level = Level.FAIL if self._with_kubectl else Level.WARN
            return [Line(name="kubectl", level=level, found=f"{context}: {error}", advice="kubectl cluster-info")]
        said = f"{context}: {', '.join(names) or 'no namespace of ClaimLens'}"
        return [Line(name="kubectl", level=Level.OK if names else bad, found=said)]
