"""A store backed up, lost and brought back: to a folder and to a bucket, in the open and encrypted, and by hand."""

import asyncio
import gzip
import hashlib
import json
import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa

from claimlens.adapters.sql import deleting, tables
from claimlens.adapters.sql.engine import Database
from claimlens.config import read_settings
from claimlens.entry.cli import run
from claimlens.wiring.backups import open_place
from tests.clock import HandClock
from tests.contract.rows import OURS, THEIRS
from tests.contract.sealed import KEY, World
from tests.s3 import s3_server

PRIVATE = "07" * 32


@pytest.fixture
def claimlens(tmp_path, database_url, monkeypatch, capsys):
    """Run `claimlens` on a store of this test's own, on each of the two; gives exit code, output, errors."""
    for name in list(os.environ):
        if name.startswith(("CLAIMLENS_", "DATABASE_", "REDIS_", "AWS_")) and "TEST" not in name:
            monkeypatch.delenv(name)
    monkeypatch.setenv("CLAIMLENS_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("CLAIMLENS_SEAL_KEY", PRIVATE)

    def call(*arguments):
        capsys.readouterr()  # what fixtures said
        code = run([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return code, out, err

    return call


@pytest.fixture
def ended(claimlens):
    """What a call that works prints, as JSON."""

    def call(*arguments, code=0):
        got, out, err = claimlens(*arguments, "--json")
        assert got == code, err
        return json.loads(out)

    return call


@pytest.fixture
def filled(database_url):
    """Two tenants with audits, most of them sealed."""

    async def fill():
        database = Database(database_url)
        world = World(database, HandClock(datetime.now(UTC) - timedelta(hours=1)))
        for number in (5, 7):
            await world.interval(number)
            await world.interval(number + 1, THEIRS)
        await world.some(2)
        await world.close()
        await database.close()

    asyncio.run(fill())


@pytest.fixture
def lose(database_url):
    """Lose everything."""

    async def drop():
        database = Database(database_url)
        async with database.write() as connection:
            await connection.execute(sa.text("DROP SCHEMA public CASCADE"))
            await connection.execute(sa.text("CREATE SCHEMA public"))
        await database.close()

    def lose():
        if database_url.startswith("sqlite"):
            Path(database_url.removeprefix("sqlite:///")).unlink()
        else:
            asyncio.run(drop())

    return lose


@pytest.fixture
def tamper(database_url):
    """Delete an audit as somebody does who may do everything."""

    async def delete():
        database = Database(database_url)
        async with database.write() as connection:
            await deleting.erasing(connection, OURS.tenant_id)
            ours = sa.select(tables.audits.c.id).where(tables.audits.c.tenant_id == OURS.tenant_id)
            first = ours.order_by(tables.audits.c.ts).limit(1)
            await connection.execute(sa.delete(tables.audits).where(tables.audits.c.id == first.scalar_subquery()))
            await deleting.ended(connection)
        await database.close()

    return lambda: asyncio.run(delete())


class TestFolder:
    def test_backed_up_lost_and_brought_back(self, ended, filled, lose, tmp_path):
        (made,) = ended("backup", "create")
        day = f"{datetime.now(UTC):%Y%m%d}"
        assert made["name"] in (f"backup-{day}.sql.gz", f"backup-{day}.db.gz")
        assert (made["rows"]["audits"], made["rows"]["seals"]) == (28, 4)
        lose()
        restored = ended("backup", "restore")
        assert (restored["holds"], restored["drill"]["audits"]) == (True, 26)
        # What is written after a restore is sealed behind what was restored.
        assert ended("audits", "seal") == {"sealed": 2}

    def test_the_file_is_what_gunzip_reads(self, ended, filled, tmp_path):
        (made,) = ended("backup", "create", "--at", tmp_path / "there")
        with gzip.open(tmp_path / "there" / made["name"]) as file:
            head = file.read(100)
        assert head.startswith(b"SQLite format 3\0" if ".db." in made["name"] else b"--\n-- PostgreSQL database dump")

    def test_a_second_one_of_the_day_has_the_time_in_its_name(self, ended, filled):
        (first,), (second,) = ended("backup", "create"), ended("backup", "create")
        assert len(second["name"]) == len(first["name"]) + len("-hhmmss")
        assert [each["name"] for each in ended("backup", "list")] == [second["name"], first["name"]]

    def test_a_store_that_holds_something_is_not_overwritten_unasked(self, claimlens, ended, filled):
        ended("backup", "create")
        code, _, err = claimlens("backup", "restore")
        assert code == 1
        assert "--replace" in err
        assert ended("backup", "restore", "--replace", "--yes")["holds"]

    def test_a_drill_leaves_the_store_alone_and_word_of_itself(self, ended, filled, database_url):
        (made,) = ended("backup", "create")
        said = ended("backup", "drill")
        assert (said["holds"], said["drill"]["audits"], said["drill"]["differing"]) == (True, 26, {})

        async def notes():
            database = Database(database_url)
            async with database.read() as connection:
                rows = (await connection.execute(sa.select(tables.runs))).all()
            await database.close()
            return {(row.kind, row.part, row.outcome) for row in rows}

        assert asyncio.run(notes()) == {("backup", made["name"], "done"), ("drill", made["name"], "done")}

    def test_a_drill_finds_what_was_lost_before_the_backup(self, ended, filled, tamper):
        tamper()
        ended("backup", "create")
        said = ended("backup", "drill", code=2)
        assert not said["holds"]
        assert any("deleted" in each for each in said["drill"]["broken"])

    def test_a_drill_with_another_key_believes_nothing(self, ended, filled):
        ended("backup", "create")
        assert not ended("backup", "drill", "--public-key", "ab" * 32, code=2)["holds"]

    def test_without_a_key_it_says_that_seals_were_not_verified(self, claimlens, ended, filled, monkeypatch):
        monkeypatch.delenv("CLAIMLENS_SEAL_KEY")
        ended("backup", "create")
        code, out, _ = claimlens("backup", "drill")
        assert code == 0
        assert "seals not verified: no key is known here" in out


class TestSpoilt:
    @pytest.fixture
    def file(self, ended, filled, tmp_path):
        (made,) = ended("backup", "create")
        return tmp_path / "data" / "backups" / made["name"]

    def test_a_byte_that_was_changed(self, claimlens, file):
        data = bytearray(file.read_bytes())
        data[len(data) // 2] ^= 1
        file.write_bytes(data)
        for what in (["verify"], ["drill"], ["restore", "--replace", "--yes"]):
            code, _, err = claimlens("backup", *what)
            assert code == 1
            assert "its SHA-256 is another one" in err

    def test_one_that_was_cut_when_it_was_made(self, claimlens, file):
        """Not by its checksum: pg_dump's last line and gzip's own end are looked for too."""
        described = file.with_name(file.name + ".json")
        data = file.read_bytes()[:-2000]
        file.write_bytes(data)
        said = json.loads(described.read_text())
        said["sha256"] = hashlib.sha256(data).hexdigest()
        described.write_text(json.dumps(said))
        code, _, err = claimlens("backup", "verify")
        assert code == 1
        assert "cannot be opened" in err

    def test_one_without_a_description_counts_as_none(self, claimlens, file):
        file.with_name(file.name + ".json").unlink()
        code, _, err = claimlens("backup", "verify")
        assert (code, "there is no backup at this place" in err) == (1, True)

    @pytest.mark.parametrize("name", ["../secret", "backup-20261124.sql.gz", "x"])
    def test_a_name_that_is_none(self, claimlens, file, name):
        if name == file.name:
            pytest.skip("this one is there")
        code, _, err = claimlens("backup", "verify", name)
        assert code == 1
        assert err.count("\n") == 1


class TestEncrypted:
    SECRET = "correct horse battery staple, thirty-two"

    def test_it_opens_with_its_key_only(self, claimlens, ended, filled, lose, monkeypatch, tmp_path):
        monkeypatch.setenv("CLAIMLENS_BACKUP_KEY", self.SECRET)
        (made,) = ended("backup", "create")
        assert made["name"].endswith(".gz.enc")
        data = (tmp_path / "data" / "backups" / made["name"]).read_bytes()
        assert b"PostgreSQL" not in data
        assert not data.startswith(b"\x1f\x8b")
        for key in (None, "another horse battery staple, thirty-two"):
            if key is None:
                monkeypatch.delenv("CLAIMLENS_BACKUP_KEY")
            else:
                monkeypatch.setenv("CLAIMLENS_BACKUP_KEY", key)
            assert claimlens("backup", "verify")[0] == 1
        monkeypatch.setenv("CLAIMLENS_BACKUP_KEY", self.SECRET)
        lose()
        assert ended("backup", "restore")["holds"]


class TestPrune:
    def test_old_ones_go_but_never_the_newest(self, ended, filled, tmp_path):
        folder = tmp_path / "data" / "backups"
        (made,) = ended("backup", "create")
        for days in (29, 31, 400):
            moment = datetime.now(UTC) - timedelta(days=days)
            name = f"backup-{moment:%Y%m%d}.{'db' if '.db.' in made['name'] else 'sql'}.gz"
            said = made | {"name": name, "created_at": moment.isoformat().replace("+00:00", "Z")}
            (folder / name).write_bytes(b"x")
            (folder / f"{name}.json").write_text(json.dumps(said))
        (folder / "notes.txt").write_text("somebody's own")
        assert len(ended("backup", "prune", "--dry-run")) == 2
        assert len(ended("backup", "list")) == 4
        assert len(ended("backup", "prune")) == 2
        assert len(ended("backup", "list")) == 2
        assert (folder / "notes.txt").exists()
        assert len(ended("backup", "prune", "--days", 1)) == 1
        assert [each["name"] for each in ended("backup", "list")] == [made["name"]]


@pytest.fixture(scope="module")
def s3():
    with s3_server() as environ:
        yield environ


class TestBucket:
    @pytest.fixture
    def bucket(self, s3, monkeypatch, tmp_path):
        for name, value in s3.items():
            monkeypatch.setenv(name, value)
        url = f"s3://backups/{tmp_path.name}"
        monkeypatch.setenv("CLAIMLENS_BACKUP_TO", url)
        return url

    def test_there_and_back(self, ended, filled, lose, bucket):
        (made,) = ended("backup", "create")
        assert [each["name"] for each in ended("backup", "list")] == [made["name"]]
        assert ended("backup", "verify")[0]["sha256"] == made["sha256"]
        lose()
        assert ended("backup", "restore")["holds"]
        ended("backup", "prune")
        assert len(ended("backup", "list")) == 1

    def test_audits_exported_to_it(self, claimlens, ended, filled, bucket, tmp_path):
        ended("tenants", "create", "tenant-001")
        assert claimlens("audits", "export", "--tenant", "tenant-001", "--to", f"{bucket}/audits.ndjson")[0] == 0
        open_place(read_settings(), bucket).get("audits.ndjson", tmp_path / "here")
        lines = (tmp_path / "here").read_text().splitlines()
        assert json.loads(lines[-1])["_summary"]["count"] == len(lines) - 1 == 14

    def test_a_bucket_that_is_not_there_is_one_line(self, claimlens, filled, bucket):
        code, _, err = claimlens("backup", "create", "--at", "s3://no-such-bucket/x")
        assert code == 1
        assert err.startswith("claimlens: s3://no-such-bucket/x")
        assert err.count("\n") == 1


class TestByHand:
    """The runbook's own lines, as they stand there, with the host of this test."""

    @pytest.fixture
    def database_url(self, postgres_url):
        return postgres_url

    def test_pg_dump_and_psql(self, ended, claimlens, filled, lose, database_url, tmp_path):
        parts = urlsplit(database_url)
        server = f"-h {parts.hostname} -p {parts.port} -U {parts.username}"
        name = parts.path.strip("/")

        def shell(line):
            done = subprocess.run(
                ["bash", "-c", f"set -o pipefail; {line}"], cwd=tmp_path, capture_output=True, text=True
            )
            assert done.returncode == 0, done.stderr
            return done.stdout

        shell(f"pg_dump {server} {name} | gzip > backup-$(date +%Y%m%d).sql.gz")
        lose()
        (file,) = tmp_path.glob("backup-*.sql.gz")
        shell(f"gunzip {file.name}")
        shell(f"psql {server} {name} < {file.stem}")
        assert shell(f'psql {server} -d {name} -At -c "SELECT count(*) FROM audits;"') == "28\n"
        assert claimlens("audits", "seal")[0] == 0
        ended("tenants", "create", "tenant-001")
        bundle = tmp_path / "b"
        assert claimlens("audits", "export", "--tenant", "tenant-001", "--bundle", bundle)[0] == 0
        assert claimlens("audits", "verify", bundle, "--public-key", KEY.public_key.hex())[0] == 0


def test_a_running_server_keeps_its_file(tmp_path, monkeypatch, capsys):
    """A store that is served cannot be replaced below its server."""
    from claimlens.adapters.disk import folder_lock

    for name in ("DATABASE_URL", "CLAIMLENS_BACKUP_TO"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CLAIMLENS_DATA_DIR", str(tmp_path))
    assert run(["db", "upgrade"]) == 0
    assert run(["backup", "create"]) == 0
    with folder_lock.held(tmp_path):
        assert run(["backup", "restore", "--replace", "--yes"]) == 1
    assert "another claimlens serve" in capsys.readouterr().err
    assert run(["backup", "restore", "--replace", "--yes"]) == 0
