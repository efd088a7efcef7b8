"""From a verdict to a proof: the API's proof reckoned by hand, bundles by the command line, a sealer killed at work."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from claimlens.adapters.sql.engine import Database
from claimlens.adapters.sql.seals import SqlSeals
from claimlens.config import read_settings
from claimlens.entry.cli import run
from claimlens.kit.canonical_json import canonical_json
from claimlens.usecases.bundle_check import check_bundle
from claimlens.usecases.sealing import OneSealKey, Sealer
from claimlens.wiring.background import Background
from claimlens.wiring.service import Service
from tests.clock import HandClock
from tests.contract.rows import ALL, OURS
from tests.contract.sealed import KEY, World
from tests.journeys.desk_world import JUICE, SEAL_KEY, SOUP
from tests.journeys.desk_world import World as DeskWorld


def node(left, right):
    return sha256(b"\x01" + left + right).digest()


def root_from(proof):
    """The root by RFC 9162 section 2.1.3.2, written here once more."""
    reached, index, last = bytes.fromhex(proof["leaf"]), proof["index"], proof["seal"]["count"] - 1
    for text in proof["path"]:
        neighbour = bytes.fromhex(text)
        if index % 2 or index == last:
            reached = node(neighbour, reached)
            while index % 2 == 0 and index:
                index, last = index // 2, last // 2
        else:
            reached = node(reached, neighbour)
        index, last = index // 2, last // 2
    assert last == 0
    return reached.hex()


class TestProof:
    async def test_it_proves_the_record_as_the_api_gives_it(self, database):
        world = await DeskWorld(database).opened()
        ids = []
        for _ in range(5):
            answer = await world.feed(SOUP, JUICE)
            ids += [verdict["audit_id"] for verdict in answer["verdicts"]]
            world.clock.forward(seconds=1)
        world.clock.forward(minutes=6)
        await Sealer(SqlSeals(database), OneSealKey(SEAL_KEY), world.clock).step(ALL)
        head = json.loads(await world.proofs.head(world.who()))
        public_key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(head["public_key"]))
        for place, audit_id in enumerate(ids):
            record = await world.audits.one(world.who(), audit_id)
            proof = json.loads(await world.proofs.one(world.who(), audit_id))
            assert (proof["sealed"], proof["seq"], proof["index"]) == (True, place + 1, place)
            assert proof["leaf"] == sha256(b"\0" + record).hexdigest()
            assert root_from(proof) == proof["seal"]["root"]
            statement = canonical_json(proof["seal"])
            public_key.verify(bytes.fromhex(proof["signature"]), b"claimlens seal 1\n" + statement)
            assert head["head"] == sha256(statement).hexdigest()


@pytest.fixture
def claimlens(tmp_path, sqlite_url, monkeypatch, capsys):
    """Run `claimlens` on a store of this test's own; gives exit code, output, errors."""
    for name in ("CLAIMLENS_ENV", "CLAIMLENS_SECRET_KEY", "CLAIMLENS_SEAL_KEY", "DATABASE_READ_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CLAIMLENS_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("DATABASE_URL", sqlite_url)

    def call(*arguments):
        code = run([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return code, out, err

    return call


async def filled(url, number=7):
    """A store with audits of an hour ago."""
    database = Database(url)
    world = World(database, HandClock(datetime.now(UTC) - timedelta(hours=1)))
    await world.some(number)
    await world.close()
    await database.close()


class TestCommands:
    @pytest.fixture
    def bundle(self, claimlens, sqlite_url, tmp_path):
        asyncio.run(filled(sqlite_url))
        assert claimlens("tenants", "create", "tenant-001")[0] == 0
        file = tmp_path / "audits.bundle"
        assert claimlens("audits", "export", "--tenant", "tenant-001", "--bundle", file)[0] == 0
        return file

    @pytest.fixture
    def public_key(self, claimlens):
        return claimlens("audits", "public-key")[1].strip()

    def test_a_bundle_verifies_without_the_store(self, claimlens, bundle, public_key, sqlite_url, monkeypatch):
        monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
        code, out, _ = claimlens("audits", "verify", bundle, "--public-key", public_key, "--tenant", "tenant-001")
        assert code == 0
        assert out.startswith("verified: tenant tenant-001, seals 1 to 1, 7 audits, 0 purged by retention")

    def test_an_edit_is_named_and_the_exit_code_is_2(self, claimlens, bundle, public_key):
        bundle.write_bytes(bundle.read_bytes().replace(b'"Dal 3"', b'"Dal 4"'))
        code, out, err = claimlens("audits", "verify", bundle, "--public-key", public_key)
        assert code == 2
        assert "edited\tline 5: audit" in out
        assert "NOT as it was sealed" in err

    def test_as_json(self, claimlens, bundle, public_key):
        code, out, _ = claimlens("audits", "verify", bundle, "--public-key", public_key, "--json")
        said = json.loads(out)
        assert (code, said["holds"], said["records"], said["counts"]) == (0, True, 7, {})

    def test_another_key_is_not_believed(self, claimlens, bundle):
        assert claimlens("audits", "verify", bundle, "--public-key", "ab" * 32)[0] == 2

    def test_the_tail_cut_shows_by_a_head_from_elsewhere(self, claimlens, bundle, public_key):
        head = json.loads(claimlens("audits", "verify", bundle, "--public-key", public_key, "--json")[1])["head"]
        assert claimlens("audits", "verify", bundle, "--public-key", public_key, "--head", head)[0] == 0
        assert claimlens("audits", "verify", bundle, "--public-key", public_key, "--head", "0" * 64)[0] == 2

    def test_a_key_that_is_none(self, claimlens, bundle):
        code, _, err = claimlens("audits", "verify", bundle, "--public-key", "nonsense")
        assert (code, err) == (
            1,
            "claimlens: --public-key must be 64 hex digits (an Ed25519 public key) or a file that holds them\n",
        )

    def test_the_plain_export_is_that_of_the_api(self, claimlens, bundle):
        code, out, _ = claimlens("audits", "export", "--tenant", "tenant-001")
        lines = [json.loads(line) for line in out.splitlines()]
        assert code == 0
        assert [line["item"]["name"] for line in lines[:-1]] == [f"Dal {number}" for number in range(7)]
        assert lines[-1]["_summary"]["count"] == 7

    def test_an_unknown_tenant(self, claimlens, bundle, tmp_path):
        code, _, err = claimlens("audits", "export", "--tenant", "nobody", "--bundle", tmp_path / "x")
        assert code == 1
        assert "there is no tenant 'nobody'" in err

    def test_who_has_not_the_key_adds_no_seal_of_another_one(
        self, claimlens, bundle, sqlite_url, monkeypatch, tmp_path
    ):
        asyncio.run(filled(sqlite_url))
        monkeypatch.setenv("CLAIMLENS_DATA_DIR", str(tmp_path / "elsewhere"))
        for command in (["seal"], ["export", "--tenant", "tenant-001", "--bundle", tmp_path / "x"]):
            code, _, err = claimlens("audits", *command)
            assert code == 1
            assert "the keys in the store were sealed under another secret" in err

    def test_sealing_by_hand_has_nothing_left_to_do(self, claimlens, bundle):
        assert claimlens("audits", "seal") == (0, "0 audits sealed\n", "")


SEALER = """
import asyncio, sys
from tests.contract.sealed import *
from claimlens.adapters.system.clock import SystemClock
from claimlens.usecases import sealing
sealing.MOST_MEMBERS = 3

async def main():
    world = World(Database(sys.argv[1]), SystemClock())
    print("begins", flush=True)
    await world.sealer.step(ALL)

asyncio.run(main())
"""


class TestKilled:
    async def test_a_sealer_that_is_killed_leaves_whole_seals_and_the_next_one_goes_on(self, database_url):
        await filled(database_url, 300)
        source = os.pathsep.join([os.getcwd(), os.path.join(os.getcwd(), "src")])
        database = Database(database_url)
        store, kills = SqlSeals(database), 0
        while await store.unsealed(OURS) and kills < 4:
            before = await store.unsealed(OURS)
            child = subprocess.Popen(
                [sys.executable, "-c", SEALER, database_url],
                env=os.environ | {"PYTHONPATH": source},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            end = time.monotonic() + 30
            while await store.unsealed(OURS) == before and child.poll() is None and time.monotonic() < end:
                await asyncio.sleep(0)
            child.send_signal(signal.SIGKILL)
            child.wait()
            kills += 1
        assert kills > 1
        world = World(database, HandClock(datetime.now(UTC)))
        await world.sealer.step(ALL)
        checked = check_bundle(await world.bundle(), [KEY.public_key])
        await world.close()
        await database.close()
        assert checked.holds, checked.broken
        assert (checked.records, checked.unsealed) == (300, 0)


async def test_the_worker_seals_and_purges(sqlite_url, tmp_path):
    """What the background does with the service's own store, key and clock."""
    environ = {
        "CLAIMLENS_DATA_DIR": str(tmp_path / "data"),
        "DATABASE_URL": sqlite_url,
        "CLAIMLENS_SEAL_KEY": "07" * 32,
        "HOME": str(tmp_path),
    }
    clock = HandClock()
    service = Service(read_settings(environ), clock=clock)
    background = Background(service)
    world = World(service.database, clock)
    await world.some(3)
    clock.forward(minutes=6)
    assert not await background.seal_audits()
    assert await service.seals.store.unsealed(OURS) == 0
    clock.forward(days=366)
    assert not await background.purge()
    checked = check_bundle(await world.bundle(), [(await service.keys.in_force()).public_key])
    await world.close()
    await service.stop()
    assert (checked.holds, checked.records, checked.purged) == (True, 0, 3)
