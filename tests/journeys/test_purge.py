"""`claimlens purge`, with nothing set but DATABASE_URL."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest

from claimlens.adapters.sql.engine import Database
from claimlens.entry.cli import run
from tests.clock import HandClock
from tests.contract.sealed import World


@pytest.fixture
def claimlens(database_url, monkeypatch, capsys):
    for name in ("CLAIMLENS_SECRET_KEY", "CLAIMLENS_SEAL_KEY", "DATABASE_READ_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CLAIMLENS_ENV", "production")
    monkeypatch.setenv("DATABASE_URL", database_url)

    def call(*arguments):
        code = run(list(arguments))
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return code, out, err

    return call


@pytest.fixture
def old(database_url):
    """Five audits of two years ago, of a tenant that nobody knows any more."""

    async def fill():
        database = Database(database_url)
        world = World(database, HandClock(datetime.now(UTC) - timedelta(days=730)))
        await world.some(5)
        await world.close()
        await database.close()

    asyncio.run(fill())


def by_kind(out):
    return {each["data"]: each["removed"] for each in json.loads(out)["purged"]}


def test_dry_then_for_good(claimlens, old):
    code, out, _ = claimlens("purge", "--dry-run", "--json")
    assert (code, by_kind(out)["audits"], json.loads(out)["dry_run"]) == (0, 5, True)
    code, out, _ = claimlens("purge", "--json")
    assert (code, by_kind(out)["audits"]) == (0, 5)
    code, out, _ = claimlens("purge")
    assert code == 0
    assert [line.split("\t")[2] for line in out.splitlines()] == ["0"] * 9


@pytest.mark.parametrize(("option", "removed"), [("--legal-hold", 0), ("--no-legal-hold", 5)])
def test_a_hold_that_was_set_by_command(claimlens, old, monkeypatch, option, removed):
    monkeypatch.setenv("CLAIMLENS_ENV", "development")
    assert claimlens("tenants", "create", "tenant-001", "--retention-days", "90")[0] == 0
    assert claimlens("tenants", "set", "tenant-001", option)[0] == 0
    assert by_kind(claimlens("purge", "--json")[1])["audits"] == removed


def test_one_kind_only(claimlens, old):
    code, out, _ = claimlens("purge", "--only", "decision_logs", "--json")
    assert (code, by_kind(out)) == (0, {"decision_logs": 0})
    assert by_kind(claimlens("purge", "--dry-run", "--json")[1])["audits"] == 5


def test_a_store_without_tables(claimlens, monkeypatch, tmp_path):
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/empty.db")
    code, _, err = claimlens("purge")
    assert (code, err) == (
        1,
        "claimlens: the tables are missing or older than this program; run `claimlens db upgrade`\n",
    )
