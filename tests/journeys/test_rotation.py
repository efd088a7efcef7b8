"""Every secret of the installation is rotated: what is killed on the way can be finished, everything goes on."""

import asyncio
import json
import stat
from base64 import b32decode
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from click.exceptions import Abort
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from claimlens.adapters.disk import folder_lock, secret_key
from claimlens.adapters.sql.api_keys import SqlApiKeys
from claimlens.adapters.sql.engine import Database
from claimlens.adapters.sql.installation_keys import SEALED_COLUMNS, SqlSealed
from claimlens.adapters.sql.tables import metadata
from claimlens.adapters.sql.tenants import SECRET
from claimlens.adapters.sql.webhooks import SqlWebhooks
from claimlens.config import read_settings
from claimlens.domain.errors import SecretError, UnauthenticatedError
from claimlens.domain.tenant import Role
from claimlens.entry.cli import run
from claimlens.kit import totp
from claimlens.usecases.api_keys import NewKey
from claimlens.usecases.authentication import operator
from claimlens.usecases.users import NewUser
from claimlens.wiring.accounts import operating
from claimlens.wiring.rotation import open_secrets
from tests.clock import HandClock
from tests.contract.rows import ALL
from tests.contract.sealed import World as SealedWorld
from tests.journeys.webhook_world import SECRET as WEBHOOK_SECRET
from tests.journeys.webhook_world import world as webhook_world
from tests.serving import serving

ONE, TWO = "the first secret of this installation", "the second secret of this installation"
ME = operator("test")


@pytest.fixture
def environ(tmp_path, monkeypatch):
    """Set a variable for commands and for `read_settings`."""
    for name in ("CLAIMLENS_ENV", "CLAIMLENS_SEAL_KEY", "CLAIMLENS_SECRET_KEYS_ALSO", "DATABASE_READ_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CLAIMLENS_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("CLAIMLENS_SECRET_KEY", ONE)
    return monkeypatch.setenv


@pytest.fixture
def store(environ, database_url):
    """A store of which the service has kept the installation's keys, as it does at its start."""
    environ("DATABASE_URL", database_url)
    asyncio.run(started())
    return database_url


@pytest.fixture
def claimlens(environ, capsys):
    def call(*arguments):
        code = run([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return code, out, err

    return call


async def started():
    """What the service does with keys at its start."""
    async with open_secrets(read_settings(), serving=True):
        pass


def rows_of(folder, kind):
    """Every line of the files that are handed out."""
    found = []
    for path in sorted(folder.glob(f"*.{kind}.tsv")):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        head, *lines = [line.split("\t") for line in path.read_text().splitlines()]
        found += [dict(zip(head, line, strict=True)) for line in lines]
    return found


def killed_after(monkeypatch, owner, name, times):
    """Let the process be stopped when it calls this for the next time after so many; gives a way to undo it."""
    real, calls = getattr(owner, name), []

    async def counted(*arguments, **options):
        calls.append(1)
        if len(calls) > times:
            raise Abort
        return await real(*arguments, **options)

    monkeypatch.setattr(owner, name, counted)
    return lambda: monkeypatch.setattr(owner, name, real)


class TestApiKeys:
    def keys(self, claimlens):
        found = []
        for tenant in ("kitchen-a", "kitchen-b"):
            assert claimlens("tenants", "create", tenant)[0] == 0
            found += [claimlens("keys", "create", "--tenant", tenant, "--name", f"n{n}")[1].strip() for n in range(2)]
        return found

    async def opens(self, key, *, hours=0):
        """Whether a key opens something so many hours from now."""
        async with operating(read_settings()) as accounts:
            accounts.clock = HandClock(datetime.now(UTC) + timedelta(hours=hours))
            try:
                await accounts.authentication.authenticate(key)
            except UnauthenticatedError:
                return False
            return True

    def opened(self, keys, **when):
        return [asyncio.run(self.opens(key, **when)) for key in keys]

    def test_old_ones_open_during_the_overlap_and_new_ones_from_now_on(self, claimlens, store, tmp_path):
        old, folder = self.keys(claimlens), tmp_path / "new"
        code, out, err = claimlens("secrets", "rotate", "api", "--into", folder, "--overlap", 2, "--yes")
        assert (code, out) == (0, "")
        assert err.startswith("API keys replaced: 4;")
        new = [row["key"] for row in rows_of(folder, "api")]
        assert {path.name for path in folder.glob("*.tsv")} == {"kitchen-a.api.tsv", "kitchen-b.api.tsv"}
        assert self.opened([*old, *new]) == [True] * 8
        assert self.opened([*old, *new], hours=3) == [False] * 4 + [True] * 4

    def test_one_that_is_killed_goes_on_and_loses_no_key(self, claimlens, store, tmp_path, monkeypatch):
        old, folder = self.keys(claimlens), tmp_path / "new"
        command = ("secrets", "rotate", "api", "--into", folder, "--overlap", 0, "--yes")
        undo = killed_after(monkeypatch, SqlApiKeys, "replace", 2)
        assert claimlens(*command)[0] == 130
        assert len(rows_of(folder, "api")) == 3  # one of them was never put in force
        undo()
        code, _, err = claimlens(*command)
        assert (code, err[:20]) == (0, "API keys replaced: 2")
        rows = rows_of(folder, "api")
        assert len({row["old_key"] for row in rows}) == len(rows) == 4
        assert self.opened([row["key"] for row in rows]) == [True] * 4
        assert self.opened(old) == [False] * 4

    def test_a_folder_that_is_done_or_open_to_others_is_refused(self, claimlens, store, tmp_path):
        self.keys(claimlens)
        command = ("secrets", "rotate", "api", "--yes", "--into")
        assert claimlens(*command, tmp_path / "new")[0] == 0
        code, _, err = claimlens(*command, tmp_path / "new")
        assert (code, err.count("\n")) == (1, 1)
        assert "holds a rotation that is done" in err
        (tmp_path / "open").mkdir(mode=0o755)
        code, _, err = claimlens(*command, tmp_path / "open")
        assert "others may look into" in err
        assert code == 1


class TestWebhooks:
    async def test_receivers_verify_by_both_for_the_overlap_then_by_the_new_one(
        self, claimlens, environ, database_url, tmp_path
    ):
        environ("DATABASE_URL", database_url)
        environ("CLAIMLENS_SECRET_KEY", WEBHOOK_SECRET.decode())
        database = Database(database_url)
        async with webhook_world(database, "a.example.com", clock=HandClock(datetime.now(UTC))) as (world, receiver):
            made = await world.endpoint("a.example.com")
            command = ("secrets", "rotate", "webhooks", "--into", tmp_path / "new", "--overlap", "2", "--yes")
            code, _, err = await asyncio.to_thread(claimlens, *command)
            assert (code, err[:27]) == (0, "signing secrets replaced: 1")
            (row,) = rows_of(tmp_path / "new", "webhooks")
            verified = []
            for hours in (0, 3):
                world.clock.forward(hours=hours)
                await world.event()
                await world.work()
                request = receiver.received[-1]
                verified.append([verifies(secret, request) for secret in (made.secret, row["secret"])])
            assert verified == [[True, True], [False, True]]
        await database.close()

    async def test_one_that_is_killed_goes_on(self, claimlens, environ, database_url, tmp_path, monkeypatch):
        environ("DATABASE_URL", database_url)
        environ("CLAIMLENS_SECRET_KEY", WEBHOOK_SECRET.decode())
        database = Database(database_url)
        async with webhook_world(database, "a.example.com", "b.example.com") as (world, *_):
            made = [await world.endpoint(name) for name in ("a.example.com", "b.example.com", "a.example.com")]
            command = ("secrets", "rotate", "webhooks", "--into", tmp_path / "new", "--overlap", "0", "--yes")
            undo = killed_after(monkeypatch, SqlWebhooks, "update", 1)
            assert (await asyncio.to_thread(claimlens, *command))[0] == 130
            undo()
            code, _, err = await asyncio.to_thread(claimlens, *command)
            assert (code, err[:27]) == (0, "signing secrets replaced: 2")
            rows = {row["webhook"]: row["secret"] for row in rows_of(tmp_path / "new", "webhooks")}
            kept = {webhook.id: webhook.secrets for webhook in await world.store.all_of(world.scope)}
            assert kept == {each.id: (rows[each.id],) for each in made}
        await database.close()


def verifies(secret, request):
    """What a receiver does, with the library of the specification. The clock of the world is not ours: its age is."""
    headers = dict(request.headers)
    signed = Webhook(secret)
    moment = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
    expected = signed.sign(headers["webhook-id"], moment, request.body.decode())
    if expected not in headers["webhook-signature"].split():
        return False
    if abs(datetime.now(UTC) - moment) < timedelta(minutes=4):
        try:
            signed.verify(request.body, headers)
        except WebhookVerificationError:
            return False
    return True


class TestSeals:
    async def some(self, url):
        database = Database(url)
        world = SealedWorld(database, HandClock(datetime.now(UTC) - timedelta(minutes=5)))
        await world.some(3)
        await world.close()
        await database.close()

    def test_the_chain_goes_on_and_verifies_over_the_rotation(self, claimlens, store, tmp_path):
        assert claimlens("tenants", "create", "tenant-001")[0] == 0
        printed = []
        for _ in range(2):
            asyncio.run(self.some(store))
            assert claimlens("audits", "seal")[0] == 0
            code, out, err = claimlens("secrets", "rotate", "seal", "--yes")
            assert (code, len(out)) == (0, 65)
            assert err.startswith("seals are signed with the key ")
            printed.append(out)
        asyncio.run(self.some(store))
        bundle, keys = tmp_path / "bundle", tmp_path / "keys"
        assert claimlens("audits", "export", "--tenant", "tenant-001", "--bundle", bundle)[0] == 0
        code, out, _ = claimlens("audits", "public-key")
        keys.write_text(out)
        first, second, third = reversed(out.split())
        assert [second, third] == [line.strip() for line in printed]
        code, out, _ = claimlens("audits", "verify", bundle, "--public-key", keys, "--json")
        assert (code, json.loads(out)["records"], json.loads(out)["last_seal"]) == (0, 9, 3)
        each = [claimlens("audits", "verify", bundle, "--public-key", key)[0] for key in (first, second, third)]
        assert each == [2, 2, 2]
        lines = json.loads(claimlens("audits", "public-key", "--json")[1])
        assert [line["until"] is None for line in lines] == [True, False, False]

    def test_a_drill_verifies_seals_of_former_keys_too(self, claimlens, environ, sqlite_url, tmp_path):
        environ("DATABASE_URL", sqlite_url)
        environ("CLAIMLENS_BACKUP_TO", str(tmp_path / "backups"))
        asyncio.run(started())
        asyncio.run(self.some(sqlite_url))
        assert claimlens("audits", "seal")[0] == claimlens("secrets", "rotate", "seal", "--yes")[0] == 0
        asyncio.run(self.some(sqlite_url))
        assert claimlens("audits", "seal")[0] == claimlens("backup", "create")[0] == 0
        code, out, _ = claimlens("backup", "drill", "--json")
        drill = json.loads(out)["drill"]
        assert (code, drill["audits"], drill["broken"]) == (0, 6, [])

    def test_a_key_that_is_configured_is_changed_where_it_stands(self, claimlens, environ, store):
        environ("CLAIMLENS_SEAL_KEY", "07" * 32)
        code, out, err = claimlens("secrets", "rotate", "seal", "--yes")
        assert (code, out) == (1, "")
        assert "CLAIMLENS_SEAL_KEY is set: put a new key there" in err
        before = claimlens("secrets", "status", "--json")[1]
        asyncio.run(started())
        after = claimlens("secrets", "status", "--json")[1]
        names = [[line["key"] for line in json.loads(text)["state"]["seal_keys"]] for text in (before, after)]
        assert len(names[0]) == 1
        assert names[1][1:] == names[0]


class TestEncryption:
    """Everything that hangs on the installation's secret, before, in the middle of its change, and after."""

    @asynccontextmanager
    async def accounts(self):
        async with operating(read_settings()) as accounts:
            yield accounts

    async def fill(self, claimlens):
        """An API key, a session and a second factor with recovery codes."""
        async with self.accounts() as accounts:
            key = await accounts.api_keys.create(ME, NewKey(tenant_id="kitchen-a", role=Role.ADMIN))
            wanted = NewUser(
                tenant_id="kitchen-a", email="a@example.com", role=Role.EDITOR, password="a long enough one, 7 words"
            )
            await accounts.users.create(ME, wanted)
            token, _ = await accounts.sessions.begin("a@example.com", "a long enough one, 7 words")
            entered = await accounts.sessions.find(token)
            uri = (await accounts.second_factors.begin(entered)).uri
            letters = parse_qs(urlsplit(uri).query)["secret"][0]
            secret = b32decode(letters + "=" * (-len(letters) % 8))
            codes = await accounts.second_factors.confirm(entered, code_of(secret, accounts.clock))
            return {"key": key.key, "token": token, "secret": secret, "code": codes[0], "spare": codes[1]}

    async def holds(self, made, *, recovery):
        """API key, session, code of the authenticator app and a recovery code."""
        async with self.accounts() as accounts:
            assert (await accounts.authentication.authenticate(made["key"])).role is Role.ADMIN
            entered = await accounts.sessions.find(made["token"])
            assert entered is not None
            accounts.clock = accounts.second_factors._clock = HandClock(
                datetime.now(UTC) + timedelta(minutes=2 + recovery)
            )
            await accounts.second_factors.check(entered, code_of(made["secret"], accounts.clock))
            await accounts.second_factors.check(entered, made["spare" if recovery else "code"])

    def test_three_steps_with_the_service_going_on(self, claimlens, environ, store, monkeypatch):
        assert claimlens("tenants", "create", "kitchen-a")[0] == 0
        made = asyncio.run(self.fill(claimlens))
        refused = claimlens("secrets", "rotate", "encryption", "--yes")
        assert (refused[0], refused[2].count("\n")) == (1, 1)
        assert "to change it set the new one there" in refused[2]

        environ("CLAIMLENS_SECRET_KEYS_ALSO", TWO)
        asyncio.run(started())
        environ("CLAIMLENS_SECRET_KEY", TWO)
        environ("CLAIMLENS_SECRET_KEYS_ALSO", ONE)
        asyncio.run(started())
        assert claimlens("secrets", "status")[0] == 3
        undo = killed_after(monkeypatch, SqlSealed, "replace", 1)
        assert claimlens("secrets", "rotate", "encryption", "--yes")[0] == 130
        undo()
        asyncio.run(self.holds(made, recovery=0))
        code, out, _ = claimlens("secrets", "rotate", "encryption", "--yes", "--json")
        assert (code, json.loads(out)["whole"]) == (0, True)
        assert claimlens("secrets", "status")[0] == 0

        environ("CLAIMLENS_SECRET_KEYS_ALSO", "")
        asyncio.run(started())
        asyncio.run(self.holds(made, recovery=1))
        environ("CLAIMLENS_SECRET_KEY", ONE)
        with pytest.raises(SecretError, match="were sealed under another secret"):
            asyncio.run(started())

    @pytest.mark.parametrize("writes", [0, 1, 2])
    def test_a_file_of_the_data_folder_killed_anywhere(
        self, claimlens, environ, sqlite_url, tmp_path, monkeypatch, writes
    ):
        environ("DATABASE_URL", sqlite_url)
        environ("CLAIMLENS_SECRET_KEY", "")
        claimlens("tenants", "create", "kitchen-a")
        made = asyncio.run(self.fill(claimlens))
        path = read_settings().data_dir / "secret.key"
        before, real = path.read_bytes(), secret_key._write
        calls: list[str] = []

        def write(target, content):
            if len(calls) == writes:
                raise Abort
            calls.append(target.name)
            real(target, content)

        with monkeypatch.context() as deadly:
            deadly.setattr(secret_key, "_write", write)
            if writes == 2:
                killed_after(deadly, SqlSealed, "replace", 0)
            assert claimlens("secrets", "rotate", "encryption", "--yes")[0] == 130
        asyncio.run(self.holds(made, recovery=0))
        code, _, err = claimlens("secrets", "rotate", "encryption", "--yes")
        assert (code, "everything is sealed under the present secret" in err) == (0, True)
        assert path.read_bytes() != before
        assert sorted(each.name for each in path.parent.glob("secret*")) == ["secret.key", "secret.key.retired"]
        assert (path.parent / "secret.key.retired").read_bytes() == before
        asyncio.run(self.holds(made, recovery=1))

    def test_not_while_the_service_runs_on_the_folder(self, claimlens, environ, sqlite_url):
        environ("DATABASE_URL", sqlite_url)
        environ("CLAIMLENS_SECRET_KEY", "")
        asyncio.run(started())
        with folder_lock.held(read_settings().data_dir):
            code, _, err = claimlens("secrets", "rotate", "encryption", "--yes")
        assert code == 1
        assert "stop it, or name another folder" in err

    def test_what_was_sealed_by_nobody_knows_what_is_told(self, claimlens, environ, store):
        assert claimlens("tenants", "create", "kitchen-a")[0] == 0
        asyncio.run(self.fill(claimlens))

        async def foreign():
            database = Database(store)
            sealed = SqlSealed(database)
            for row_id, value in await sealed.page(ALL, "second_factors", after="", limit=9):
                await sealed.replace(ALL, "second_factors", row_id, value, b"\1" + bytes(60))
            await database.close()

        asyncio.run(foreign())
        code, out, _ = claimlens("secrets", "status", "--json")
        assert (code, [each["lost"] for each in json.loads(out)["state"]["sealed"]]) == (3, [0, 1, 0])

    def test_every_sealed_column_is_sealed_anew(self):
        """A new column of bytes that no export may show is a digest, or it is sealed and on the list."""
        digests = {"digest", "fingerprint"}
        secret = {column for column in SECRET if str(column.type) == "BLOB" and column.name not in digests}
        owned = {column for _, column in SEALED_COLUMNS.values() if column.table.name != "installation_keys"}
        assert secret == owned
        sealed = {t.name for t in metadata.sorted_tables for c in t.c if c.name == "sealed"}
        assert sealed <= set(SEALED_COLUMNS)


def code_of(secret, clock):
    return totp.code_at(secret, totp.step_at(clock.now().timestamp()))


def test_a_service_that_runs_takes_new_keys_and_comes_back_under_a_new_secret(tmp_path, claimlens, monkeypatch):
    """As a process: API keys and the key for seals while it serves, the secret between a stop and a start."""
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.delenv("CLAIMLENS_SECRET_KEY")
    monkeypatch.delenv("DATABASE_URL", raising=False)
    with serving(folder) as server:
        old = server.key
        assert claimlens("secrets", "rotate", "api", "--into", tmp_path / "new", "--yes")[0] == 0
        (row,) = rows_of(tmp_path / "new", "api")
        assert [server.ask("GET", "/v1/tenants", key=key).status for key in (old, row["key"])] == [200, 200]
        before = server.ask("GET", "/v1/seals/head", key=old).json()
        public_key = claimlens("secrets", "rotate", "seal", "--yes")[1].strip()
        after = server.ask("GET", "/v1/seals/head", key=old).json()
        assert after["public_keys"] == [public_key, before["public_key"]]
        server.stop()
        assert claimlens("secrets", "rotate", "encryption", "--yes")[0] == 0
        server.start()
        assert server.ask("GET", "/v1/tenants", key=row["key"]).status == 200
        assert server.ask("GET", "/v1/seals/head", key=old).json() == after
