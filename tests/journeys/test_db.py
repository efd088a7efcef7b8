"""An operator makes the tables, asks how far they are, and maintains them."""

import asyncio
import json
import multiprocessing
import uuid
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
import sqlalchemy as sa

from claimlens.adapters.disk import folder_lock
from claimlens.adapters.sql import upkeep_postgres
from claimlens.adapters.sql.engine import Database
from claimlens.adapters.sql.runs import SqlRuns
from claimlens.adapters.sql.tables import switches
from claimlens.config import read_settings
from claimlens.entry.cli import run

MOMENT = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.fixture
def claimlens(tmp_path, monkeypatch, capsys):
    """Run `claimlens`; gives exit code, output, errors."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("CLAIMLENS_DATA_DIR", str(tmp_path / "data"))

    def call(*arguments):
        code = run(list(arguments))
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return code, out, err

    return call


def upgrade_elsewhere(url: str) -> None:
    import os

    os.environ["DATABASE_URL"] = url
    raise SystemExit(run(["db", "upgrade"]))


class TestUpgrade:
    def test_nothing_configured_makes_a_file_in_the_data_folder(self, claimlens, tmp_path):
        code, out, _ = claimlens("db", "status")
        assert (code, out.splitlines()[0]) == (3, "schema (none), no tables yet; `claimlens db upgrade` makes them")
        assert claimlens("db", "upgrade")[0] == 0
        assert (tmp_path / "data" / "claimlens.db").is_file()
        assert claimlens("db", "status")[0] == 0

    def test_postgresql(self, claimlens, empty_postgres_url, monkeypatch):
        monkeypatch.setenv("DATABASE_URL", empty_postgres_url)
        code, out, _ = claimlens("db", "status", "--json")
        assert (code, json.loads(out)["state"]) == (3, "empty")
        code, out, _ = claimlens("db", "upgrade", "--json")
        assert (code, json.loads(out)["state"], json.loads(out)["pending"]) == (0, "current", [])

    def test_several_at_once_make_it_once(self, claimlens, empty_postgres_url, monkeypatch):
        spawned = multiprocessing.get_context("spawn")
        others = [spawned.Process(target=upgrade_elsewhere, args=(empty_postgres_url,)) for _ in range(3)]
        for other in others:
            other.start()
        for other in others:
            other.join()
        assert [other.exitcode for other in others] == [0, 0, 0]
        monkeypatch.setenv("DATABASE_URL", empty_postgres_url)
        assert claimlens("db", "status")[0] == 0

    def test_a_database_that_is_out_is_one_line(self, claimlens, monkeypatch):
        monkeypatch.setenv("DATABASE_URL", "postgresql://claimlens:hush@127.0.0.1:1/claimlens")
        code, out, err = claimlens("db", "upgrade")
        assert (code, out) == (1, "")
        assert err.startswith("claimlens: the database cannot be reached: ")
        assert len(err.splitlines()) == 1
        assert "hush" not in err


class TestMaintain:
    """Beside a service; what it says, what it leaves, what it refuses."""

    @pytest.fixture
    def used(self, claimlens, database_url, monkeypatch):
        """A store of which two of three rows are gone."""
        monkeypatch.setenv("DATABASE_URL", database_url)

        async def fill() -> None:
            database = Database(database_url)
            rows = [{"name": f"n{at}", "value": "x" * 2_000, "updated_at": MOMENT} for at in range(600)]
            async with database.write() as connection:
                await connection.execute(sa.insert(switches), rows)
            async with database.write() as connection:
                await connection.execute(sa.delete(switches).where(switches.c.name > "n2"))
            await database.close()

        asyncio.run(fill())
        return claimlens

    def test_what_was_deleted_is_cleaned_up_and_it_is_written_down(self, used, database_url):
        code, out, err = used("db", "maintain", "--json")
        said = json.loads(out)
        assert (code, said["whole"], err) == (0, True, "")
        pieces = {piece["name"]: piece for piece in said["maintained"]["pieces"]}
        if said["maintained"]["store"] == "sqlite":
            (piece,) = pieces.values()
            assert piece["done"] == ["integrity check", "analyze", "checkpoint", "vacuum"]
        else:
            piece = pieces["switches"]
            assert piece["done"] == ["vacuum", "reindex"]
            assert pieces["audits"]["done"] == ["analyze"]
            months = [piece for name, piece in pieces.items() if name.startswith("audits_2")]
            assert len(months) >= 4
            assert all(month["done"] == ["vacuum", "reindex"] for month in months)
        assert piece["before"]["dead"] > piece["after"]["dead"] == 0
        assert piece["before"]["bytes"] > piece["after"]["bytes"]

        async def noted() -> list[str]:
            database = Database(database_url)
            found = [kind for kind, _, _, _ in await SqlRuns(database).latest()]
            await database.close()
            return found

        assert asyncio.run(noted()) == ["maintenance"]

    def test_a_pipe_gets_rows_and_nothing_else(self, used):
        code, out, err = used("db", "maintain")
        assert (code, err) == (0, "")
        assert {line.count("\t") for line in out.splitlines()} == {7}

    def test_a_store_without_tables(self, claimlens):
        code, out, err = claimlens("db", "maintain")
        assert (code, out) == (1, "")
        assert err == "claimlens: the tables are missing or older than this program; run `claimlens db upgrade`\n"


class TestMaintainPostgres:
    @pytest.fixture(autouse=True)
    def _postgres(self, claimlens, postgres_url, monkeypatch):
        self.url = postgres_url
        monkeypatch.setenv("DATABASE_URL", postgres_url)

    def statements(self, *texts):
        async def execute() -> list[list[asyncpg.Record]]:
            connection = await asyncpg.connect(self.url)
            found = [await connection.fetch(text) for text in texts]
            await connection.close()
            return found

        return asyncio.run(execute())

    def beside(self, claimlens, *statements, arguments=("--table", "switches")):
        """`db maintain` while another connection is in the middle of something."""

        async def both() -> tuple[int, str, str]:
            connection = await asyncpg.connect(self.url)
            for statement in statements:
                await connection.execute(statement)
            try:
                return await asyncio.to_thread(claimlens, "db", "maintain", "--json", *arguments)
            finally:
                await connection.close()

        return asyncio.run(both())

    def test_a_table_in_use_is_left_with_a_word_and_no_index_half_built(self, claimlens, monkeypatch):
        monkeypatch.setattr("claimlens.adapters.sql.upkeep_postgres._VACUUM_LOCK_S", 0.1)
        monkeypatch.setattr("claimlens.adapters.sql.upkeep_postgres._REINDEX_LOCK_S", 0.1)
        code, out, _ = self.beside(claimlens, "BEGIN; LOCK TABLE switches IN SHARE UPDATE EXCLUSIVE MODE")
        (piece,) = json.loads(out)["maintained"]["pieces"]
        assert (code, piece["done"]) == (3, [])
        assert piece["left"] == ["vacuum: in use; run it again later", "reindex: in use; run it again later"]

    def test_rebuilding_waits_for_writers_a_while_and_goes_on_the_next_time(self, claimlens, monkeypatch):
        writing = "BEGIN; INSERT INTO switches (name, value, updated_at) VALUES ('a', 'b', now())"
        with monkeypatch.context() as hasty:
            hasty.setattr("claimlens.adapters.sql.upkeep_postgres._REINDEX_LOCK_S", 0.1)
            code, out, _ = self.beside(claimlens, writing)
        (piece,) = json.loads(out)["maintained"]["pieces"]
        assert (code, piece["left"][0]) == (3, "reindex: in use; run it again later")
        assert claimlens("db", "maintain", "--table", "switches")[0] == 0
        (rows,) = self.statements("SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid")
        assert rows == []

    def test_what_a_killed_one_left_is_removed(self, claimlens):
        self.statements(
            "CREATE UNIQUE INDEX pk_switches_ccnew ON switches (name)",
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'pk_switches_ccnew'::regclass",
        )
        code, out, _ = claimlens("db", "maintain", "--table", "switches", "--json")
        (piece,) = json.loads(out)["maintained"]["pieces"]
        assert (code, piece["done"]) == (0, ["drop half-built index", "vacuum", "reindex"])
        (rows,) = self.statements("SELECT 1 FROM pg_class WHERE relname LIKE '%ccnew%'")
        assert rows == []

    def test_two_at_once_are_one(self, claimlens):
        lock = f"SELECT pg_advisory_lock({upkeep_postgres._LOCK})"
        code, out, err = self.beside(claimlens, lock)
        assert (code, json.loads(out)["maintained"]) == (3, None)
        assert err == "another maintenance is at work; nothing was done\n"

    def test_without_the_indexes(self, claimlens):
        code, out, _ = claimlens("db", "maintain", "--table", "switches", "--no-reindex", "--json")
        (piece,) = json.loads(out)["maintained"]["pieces"]
        assert (code, piece["done"]) == (0, ["vacuum"])

    @pytest.mark.parametrize(
        ("arguments", "line"),
        [
            (["--table", "pg_class"], "there is no table pg_class of ClaimLens; leave --table out for all"),
            (["--vacuum"], "--vacuum and --no-vacuum are for SQLite; PostgreSQL is vacuumed beside its users"),
        ],
    )
    def test_what_it_cannot_do_is_one_line(self, claimlens, arguments, line):
        assert claimlens("db", "maintain", *arguments) == (1, "", f"claimlens: {line}\n")

    def test_tables_of_another_role_are_refused(self, claimlens, monkeypatch):
        role = f"guest_{uuid.uuid4().hex[:8]}"
        self.statements(
            f"CREATE ROLE {role} LOGIN PASSWORD 'guest'", f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}"
        )
        parts = urlsplit(self.url)
        host = parts.netloc.rpartition("@")[2]
        monkeypatch.setenv("DATABASE_URL", parts._replace(netloc=f"{role}:guest@{host}").geturl())
        code, _, err = claimlens("db", "maintain")
        self.statements(f"DROP OWNED BY {role}", f"DROP ROLE {role}")
        assert code == 1
        assert "belong to another role, and only the owner may maintain a table" in err
        assert len(err.splitlines()) == 1


class TestMaintainSqlite:
    def test_a_large_file_that_is_served_is_not_written_anew_unless_asked(self, claimlens, sqlite_url, monkeypatch):
        monkeypatch.setenv("DATABASE_URL", sqlite_url)
        monkeypatch.setattr("claimlens.adapters.sql.upkeep_sqlite.SHORT", 1)
        with folder_lock.held(read_settings().data_dir):
            code, out, _ = claimlens("db", "maintain", "--json")
            assert claimlens("db", "maintain", "--vacuum")[0] == 0
        (piece,) = json.loads(out)["maintained"]["pieces"]
        assert (code, piece["done"]) == (3, ["integrity check", "analyze", "checkpoint"])
        assert "say --vacuum" in piece["left"][0]

    def test_a_damaged_file_says_so_and_is_left_alone(self, claimlens, sqlite_url, monkeypatch):
        monkeypatch.setenv("DATABASE_URL", sqlite_url)
        path = Path(sqlite_url.removeprefix("sqlite:///"))
        data = bytearray(path.read_bytes())
        page = int.from_bytes(data[16:18], "big")
        for at in range(len(data) - 3 * page, len(data) - page):
            data[at] ^= 0x5A
        path.write_bytes(data)
        code, _, err = claimlens("db", "maintain")
        assert code == 2, err
        assert "the store is damaged: stop the service and bring a backup back" in err

    def test_what_is_for_postgresql_is_one_line(self, claimlens, sqlite_url, monkeypatch):
        monkeypatch.setenv("DATABASE_URL", sqlite_url)
        code, _, err = claimlens("db", "maintain", "--table", "audits")
        assert (code, err.count("\n")) == (1, 1)
