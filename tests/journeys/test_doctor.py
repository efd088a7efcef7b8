"""`claimlens doctor` on an installation that is well, on one with parts out, and where nothing is there."""

import asyncio
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from claimlens.adapters.sql.engine import Database
from claimlens.adapters.sql.runs import SqlRuns
from claimlens.adapters.sql.tables import unsealed_audits
from claimlens.domain.checkup import Level
from claimlens.entry.cli import run
from claimlens.kit.uuid7 import uuid7
from claimlens.usecases import checkup
from tests.valkey import free_port

ROOT = Path(__file__).parents[2]


@pytest.fixture
def environ(tmp_path, monkeypatch):
    for name in [name for name in os.environ if name.startswith(("CLAIMLENS_", "DATABASE_", "REDIS_", "KUBE"))]:
        monkeypatch.delenv(name)
    (tmp_path / "data").mkdir(mode=0o700)
    monkeypatch.setenv("CLAIMLENS_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("CLAIMLENS_SECRET_KEY", "0123456789abcdef" * 2)
    monkeypatch.setenv("CLAIMLENS_URL", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("PATH", str(tmp_path))
    return monkeypatch.setenv


@pytest.fixture
def doctor(environ, capsys):
    """The lines by name, and the exit code."""

    def call(*options):
        code = run(["doctor", "--json", *options])
        out, err = capsys.readouterr()
        assert err == ""
        lines = {line["name"]: line for line in json.loads(out)["checkup"]["lines"]}
        return code, lines

    return call


def levels(lines, *names):
    return [lines[name]["level"] for name in names]


async def noted(url, *kinds, ago=timedelta()):
    """Runs of so long ago."""
    database, runs = Database(url), []
    at = datetime.now(UTC) - ago
    for kind, part in kinds:
        run_id = uuid7(int(at.timestamp() * 1000), os.urandom(10))
        runs.append(SqlRuns(database).add(run_id, kind, part, at, at, rows=0, report="{}"))
    await asyncio.gather(*runs)
    await database.close()


class TestTheStore:
    def test_one_that_is_well(self, doctor, environ, database_url, tmp_path):
        environ("DATABASE_URL", database_url)
        asyncio.run(noted(database_url, ("purge", "audits"), ("drill", "x"), ("maintenance", "")))
        code, lines = doctor()
        assert code == 0
        assert set(levels(lines, "database", "tables", "purge", "seals", "maintenance", "restore drill")) == {"ok"}
        assert lines["database"]["found"].split()[0] == ("SQLite" if "sqlite" in database_url else "PostgreSQL")
        assert set(levels(lines, "data folder", "redis", "recall.lookup", "secret key")) == {"ok"}
        if "postgresql" in database_url:
            assert set(levels(lines, "clock", "connections")) == {"ok"}
        # Nothing of it is wrong, and somebody should know.
        assert levels(lines, "kubectl", "pack in", "recalls") == ["note", "note", "note"]
        assert levels(lines, "server", "backup") == ["warn", "warn"]
        assert all(line["advice"] for line in lines.values() if line["level"] in ("warn", "fail"))
        assert doctor("--strict")[0] == 1

    def test_what_was_done_too_long_ago(self, doctor, environ, sqlite_url):
        environ("DATABASE_URL", sqlite_url)
        asyncio.run(noted(sqlite_url, ("purge", "audits"), ("maintenance", ""), ago=timedelta(days=50)))
        _, lines = doctor()
        assert levels(lines, "purge", "maintenance") == ["fail", "warn"]
        assert lines["purge"]["found"].startswith("50 days ago, ")

    def test_audits_that_nobody_seals(self, doctor, environ, database_url):
        environ("DATABASE_URL", database_url)

        async def wait() -> None:
            database = Database(database_url)
            old = datetime.now(UTC) - timedelta(hours=2)
            row = {"tenant_id": "a", "ts": old, "id": uuid7(1, bytes(10)), "leaf": b"x" * 32}
            async with database.write() as connection:
                await connection.execute(sa.insert(unsealed_audits).values(row))
            await database.close()

        asyncio.run(wait())
        _, lines = doctor()
        assert lines["seals"]["level"] == "warn"
        assert "2 h old" in lines["seals"]["found"]

    def test_tables_that_are_older_than_the_program(self, doctor, environ, tmp_path):
        (tmp_path / "empty.db").touch()
        environ("DATABASE_URL", f"sqlite:///{tmp_path}/empty.db")
        code, lines = doctor()
        assert (code, lines["tables"]["level"], lines["tables"]["advice"]) == (1, "fail", "claimlens db upgrade")

    def test_a_secret_that_is_not_that_of_the_store(self, doctor, environ, sqlite_url, capsys):
        environ("DATABASE_URL", sqlite_url)
        assert run(["tenants", "create", "kitchen-a"]) == run(["keys", "create", "--tenant", "kitchen-a"]) == 0
        capsys.readouterr()
        assert doctor()[1]["sealed secrets"]["level"] == "ok"
        environ("CLAIMLENS_SECRET_KEY", "a" * 32)
        code, lines = doctor()
        assert (code, *levels(lines, "sealed secrets", "secret key")) == (1, "fail", "warn")
        assert "another secret" in lines["sealed secrets"]["found"]


class TestAround:
    def test_everything_is_down(self, doctor, environ, tmp_path):
        port = free_port()
        environ("DATABASE_URL", f"postgresql://claimlens:hush@127.0.0.1:{port}/claimlens")
        environ("DATABASE_READ_URL", f"postgresql://claimlens:hush@127.0.0.1:{port}/claimlens")
        environ("REDIS_URL", f"redis://127.0.0.1:{port}/0")
        environ("CLAIMLENS_MCP_RECALL_LOOKUP_URL", f"http://127.0.0.1:{port}/mcp")
        environ("CLAIMLENS_BACKUP_TO", str(tmp_path / "nowhere" / "backups"))
        code, lines = doctor()
        assert code == 1
        down = ("database", "upkeep", "replica", "redis", "recall.lookup", "server")
        assert levels(lines, *down) == ["fail", "fail", "warn", "warn", "warn", "warn"]
        assert levels(lines, "unit.convert", "data folder") == ["ok", "ok"]
        assert "hush" not in json.dumps(lines)

    def test_a_setting_that_is_wrong(self, doctor, environ):
        environ("CLAIMLENS_PORT", "many")
        code, lines = doctor()
        assert (code, list(lines)) == (1, ["settings"])
        assert "CLAIMLENS_PORT" in lines["settings"]["found"]

    def test_files_that_others_may_read(self, doctor, environ, tmp_path):
        (tmp_path / "secret").write_text("0123456789abcdef" * 2)
        (tmp_path / "secret").chmod(0o644)
        (tmp_path / "data").chmod(0o755)
        environ("CLAIMLENS_SECRET_KEY", str(tmp_path / "secret"))
        _, lines = doctor()
        assert levels(lines, "CLAIMLENS_SECRET_KEY", "access to data") == ["warn", "warn"]
        assert lines["CLAIMLENS_SECRET_KEY"]["advice"] == f"chmod go= {tmp_path / 'secret'}"

    def test_packs_that_somebody_altered(self, doctor, environ, tmp_path):
        packs = tmp_path / "packs"
        for name in ("shared", "in", "us", "gb", "eu"):
            (packs / name).mkdir(parents=True)
            (packs / name / "pack.yaml").write_text("id: x\n")
        environ("CLAIMLENS_PACKS_DIR", str(packs))
        environ("CLAIMLENS_ENV", "production")
        code, lines = doctor()
        assert (code, lines["pack in"]["level"]) == (1, "fail")

    @pytest.mark.parametrize(
        ("script", "level", "asked"),
        [
            (None, "note", "fail"),
            ("exit 1", "note", "fail"),
            ('[ "$1" = config ] && echo here || echo namespace/claimlens-production', "ok", "ok"),
            ('[ "$1" = config ] && echo here || exit 1', "warn", "fail"),
        ],
        ids=["none", "no context", "a cluster", "a cluster that is out"],
    )
    def test_kubectl(self, doctor, environ, sqlite_url, tmp_path, script, level, asked):
        environ("DATABASE_URL", sqlite_url)
        if script is not None:
            (tmp_path / "kubectl").write_text(f"#!/bin/sh\n{script}\n")
            (tmp_path / "kubectl").chmod(0o755)
        assert doctor()[1]["kubectl"]["level"] == level
        code, lines = doctor("--kubectl")
        assert (code, lines["kubectl"]["level"]) == (0 if asked == "ok" else 1, asked)


def test_a_pipe_gets_rows(environ, sqlite_url, capsys):
    environ("DATABASE_URL", sqlite_url)
    assert run(["doctor"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    rows = [line.split("\t") for line in out.splitlines()]
    assert {len(row) for row in rows} == {4}
    assert {row[0] for row in rows} <= {level.value for level in Level}


class TestWhatFiguresMean:
    @pytest.mark.parametrize(
        ("seconds", "level"), [(0.1, "ok"), (-1.9, "ok"), (2.1, "warn"), (-29, "warn"), (31, "fail"), (-3600, "fail")]
    )
    def test_clocks(self, seconds, level):
        assert checkup.clock(timedelta(seconds=seconds)).level == level

    @pytest.mark.parametrize(("used", "level"), [(10, "ok"), (80, "ok"), (81, "warn"), (97, "warn"), (100, "fail")])
    def test_connections(self, used, level):
        assert checkup.connections(used, 100, 10).level == level

    @pytest.mark.parametrize(("lag", "level"), [(None, "warn"), (0.0, "ok"), (10.0, "ok"), (11.0, "warn")])
    def test_replicas(self, lag, level):
        assert checkup.replica(lag, 10.0).level == level

    @pytest.mark.parametrize(
        ("free", "total", "level"), [(50, 100, "ok"), (60, 1000, "ok"), (5, 100, "warn"), (0.5, 100, "fail")]
    )
    def test_disks(self, free, total, level):
        assert checkup.disk("data folder", "/", int(free * (1 << 30)), total << 30).level == level


def test_it_is_not_slower_than_its_longest_question(tmp_path):
    """A process of its own, as cron runs it, with nothing set: no traceback, no waiting for what is not there."""
    environ = {"HOME": str(tmp_path), "PATH": str(tmp_path), "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-m", "claimlens", "doctor"]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1  # no tables yet
    assert "fail\tdatabase\tthere is no store at " in done.stdout
    assert done.stderr == ""
    assert list(tmp_path.glob("**/*")) == []  # it changes nothing
