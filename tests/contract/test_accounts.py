"""Tenants, keys, users, the access log and switches, on both stores."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from claimlens.adapters.sql.access_log import SqlAccessLog
from claimlens.adapters.sql.api_keys import SqlApiKeys
from claimlens.adapters.sql.switches import SqlSwitches
from claimlens.adapters.sql.tenants import SqlTenants
from claimlens.adapters.sql.users import SqlUsers
from claimlens.domain.access import Access
from claimlens.domain.api_key import ApiKey
from claimlens.domain.errors import ConflictError
from claimlens.domain.suppression import Suppression
from claimlens.domain.tenant import PlatformScope, Role, Tenant, TenantScope, TenantSettings
from claimlens.domain.user import User
from claimlens.ports.accounts import AccessFilter
from tests.clock import NOON, HandClock

ALL = PlatformScope()
A, B = TenantScope("kitchen-a"), TenantScope("kitchen-b")
#: What comes out of a URL and no store can hold.
UNSTORABLE = ["\0", "a\0b", "\ud800", "../../etc/passwd", "constructor"]


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
def line(clock):
    def make(scope, action="api_key:create", **changed):
        entry = Access(
            id=clock.new_id(),
            ts=clock.now(),
            tenant_id=scope.tenant_id,
            actor="cli:test",
            action=action,
        )
        return msgspec.structs.replace(entry, **changed)

    return make


async def logged(database, reach=ALL, **chosen):
    lines = await SqlAccessLog(database).page(reach, AccessFilter(**chosen), after=None, limit=100)
    return [line.action for line in lines]


class TestTenants:
    SETTINGS = TenantSettings(
        default_locale="en-IN",
        allowed_locales=("en-IN", "hi-IN"),
        retention_days=90,
        requests_per_minute=7,
        brand_names=("Slim & Trim", "देसी घी"),
        suppressions=(
            Suppression(
                rule="IN-*", item="a", reason="r", author="a.rao", expires=datetime(2027, 3, 31, tzinfo=UTC).date()
            ),
        ),
        contact_email="q@kitchen.example",
        legal_hold=True,
    )

    def tenant(self, tenant_id, **changed):
        return Tenant(**{"id": tenant_id, "name": tenant_id, "settings": self.SETTINGS, "created_at": NOON, **changed})

    async def test_what_was_kept_comes_back(self, database, line):
        store = SqlTenants(database)
        kept = self.tenant("kitchen-a", name="Kitchen A", isolated=True)
        await store.create(ALL, kept, line(A, "tenant:create"))
        assert await store.find("kitchen-a") == kept
        assert await logged(database, A) == ["tenant:create"]

    async def test_an_id_is_taken_once(self, database, line):
        store = SqlTenants(database)
        await store.create(ALL, self.tenant("kitchen-a"), line(A))
        with pytest.raises(ConflictError, match="kitchen-a"):
            await store.create(ALL, self.tenant("kitchen-a", name="Other"), line(A))
        assert await store.find("kitchen-a") == self.tenant("kitchen-a")
        assert len(await logged(database)) == 1

    async def test_pages_go_by_id(self, database, line):
        store = SqlTenants(database)
        for name in ("b-2", "a", "b", "b1", "0z"):
            await store.create(ALL, self.tenant(name), line(A))
        first = await store.page(ALL, after="", limit=3)
        rest = await store.page(ALL, after=first[-1].id, limit=3)
        assert [t.id for t in [*first, *rest]] == ["0z", "a", "b", "b-2", "b1"]

    async def test_changes_are_kept_with_their_line(self, database, line):
        store = SqlTenants(database)
        await store.create(ALL, self.tenant("kitchen-a"), line(A))
        changed = self.tenant("kitchen-a", name="New", settings=TenantSettings(), isolated=True)
        assert await store.update(A, changed, line(A, "tenant:update"))
        assert await store.find("kitchen-a") == changed
        assert await logged(database) == ["tenant:update", "api_key:create"]

    async def test_of_an_unknown_tenant_nothing_is_changed_or_logged(self, database, line):
        assert not await SqlTenants(database).update(B, self.tenant("kitchen-b"), line(B))
        assert await logged(database) == []

    @pytest.mark.parametrize("name", UNSTORABLE)
    async def test_hostile_ids_are_unknown(self, database, name):
        assert await SqlTenants(database).find(name) is None


class TestKeys:
    @pytest.fixture
    def store(self, database):
        return SqlApiKeys(database)

    @pytest.fixture
    def make(self, clock):
        def make(scope, digest=b"d", **changed):
            key = ApiKey(
                id=clock.new_id(),
                tenant_id=scope.tenant_id,
                name="till",
                role=Role.PUBLISHER,
                shown="cl_live_4fQ8",
                digest=digest,
                test=False,
                created_at=clock.now(),
                created_by="cli:test",
            )
            return msgspec.structs.replace(key, **changed)

        return make

    async def test_what_was_kept_comes_back(self, store, database, make, line):
        key = make(
            A,
            bytes(range(32)),
            role=Role.ADMIN,
            test=True,
            expires_at=NOON + timedelta(days=1, microseconds=1),
            last_used_at=NOON,
        )
        await store.create(A, key, line(A))
        assert await store.find(A, key.id) == key
        assert await store.find_by_digest(key.digest) == key
        assert await store.find_by_digest(b"other") is None
        assert await logged(database, A) == ["api_key:create"]

    async def test_one_tenant_does_not_reach_anothers(self, store, make, line, clock):
        key = make(A)
        await store.create(A, key, line(A))
        assert await store.find(B, key.id) is None
        assert await store.page(B, after="", limit=10) == []
        assert not await store.revoke(B, key.id, clock.now(), line(B))
        assert not await store.replace(B, key.id, until=clock.now(), by=make(B, b"e"), access=line(B))
        assert await store.find(A, key.id) == key
        assert await store.find(ALL, key.id) == key

    async def test_the_scope_says_whose_a_new_key_is(self, store, make, line):
        key = make(B)
        await store.create(A, key, line(A))
        assert (await store.find_by_digest(b"d")).tenant_id == "kitchen-a"

    async def test_pages_are_oldest_first(self, store, make, line):
        keys = [make(scope, bytes([n])) for n, scope in enumerate([A, B, A, A])]
        for key in keys:
            await store.create(TenantScope(key.tenant_id), key, line(A))
        mine = [keys[0], keys[2], keys[3]]
        first = await store.page(A, after="", limit=2)
        assert [*first, *await store.page(A, after=first[-1].id, limit=2)] == mine
        assert await store.page(ALL, after="", limit=10) == keys

    async def test_a_revoked_key_stays_as_it_is(self, store, database, make, line, clock):
        key = make(A)
        await store.create(A, key, line(A))
        at = clock.forward(seconds=1)
        assert await store.revoke(A, key.id, at, line(A, "api_key:revoke"))
        clock.forward(seconds=1)
        assert await store.revoke(A, key.id, clock.now(), line(A, "api_key:revoke"))
        assert (await store.find(A, key.id)).revoked_at == at
        assert await logged(database) == ["api_key:revoke", "api_key:create"]

    async def test_one_takes_over_from_another(self, store, database, make, line, clock):
        old, new = make(A), make(A, b"new")
        await store.create(A, old, line(A))
        until = clock.now() + timedelta(hours=24)
        assert await store.replace(A, old.id, until=until, by=new, access=line(A, "api_key:rotate"))
        ended = await store.find(A, old.id)
        assert (ended.expires_at, ended.replaced_by) == (until, new.id)
        assert await store.find(A, new.id) == new
        assert await logged(database) == ["api_key:rotate", "api_key:create"]

    async def test_a_key_is_taken_over_from_once(self, store, database, make, line, clock):
        old = make(A)
        await store.create(A, old, line(A))
        assert await store.replace(A, old.id, until=clock.now(), by=make(A, b"1"), access=line(A))
        assert not await store.replace(A, old.id, until=clock.now(), by=make(A, b"2"), access=line(A))
        assert await store.find_by_digest(b"2") is None
        assert len(await logged(database)) == 2

    async def test_a_revoked_key_has_no_heir(self, store, make, line, clock):
        old = make(A)
        await store.create(A, old, line(A))
        await store.revoke(A, old.id, clock.now(), line(A))
        assert not await store.replace(A, old.id, until=clock.now(), by=make(A, b"1"), access=line(A))

    async def test_last_used_moves_forward_only(self, store, make, line, clock):
        one, two = make(A), make(A, b"e")
        for key in (one, two):
            await store.create(A, key, line(A))
        await store.used({one.id: NOON + timedelta(seconds=5), two.id: NOON})
        await store.used({one.id: NOON, clock.new_id(): NOON})
        await store.used({})
        assert (await store.find(A, one.id)).last_used_at == NOON + timedelta(seconds=5)
        assert (await store.find(A, two.id)).last_used_at == NOON

    @pytest.mark.parametrize("name", UNSTORABLE)
    async def test_hostile_ids_are_unknown(self, store, name):
        assert await store.find(ALL, name) is None
        assert await store.page(ALL, after=name, limit=1) == []
        assert await store.page(TenantScope(name), after="", limit=1) == []


class TestUsers:
    @pytest.fixture
    def store(self, database):
        return SqlUsers(database)

    @pytest.fixture
    def make(self, clock):
        def make(scope, email="a@kitchen.example", **changed):
            user = User(
                id=clock.new_id(), tenant_id=scope.tenant_id, email=email, role=Role.VIEWER, created_at=clock.now()
            )
            return msgspec.structs.replace(user, **changed)

        return make

    async def test_what_was_kept_comes_back(self, store, database, make, line):
        user = make(A, password_hash="$argon2id$…", disabled=True, last_sign_in_at=NOON, role=Role.EDITOR)
        await store.create(A, user, line(A, "user:create"))
        assert await store.find(A, user.id) == user
        assert await store.find_by_email(user.email) == user
        assert await logged(database, A) == ["user:create"]

    async def test_an_address_is_one_user_in_the_installation(self, store, database, make, line):
        await store.create(A, make(A), line(A))
        with pytest.raises(ConflictError, match=r"a@kitchen\.example"):
            await store.create(B, make(B), line(B))
        assert len(await logged(database)) == 1

    async def test_one_tenant_does_not_reach_anothers(self, store, make, line):
        user = make(A)
        await store.create(A, user, line(A))
        assert await store.find(B, user.id) is None
        assert await store.page(B, after="", limit=9) == []
        assert not await store.update(B, msgspec.structs.replace(user, role=Role.ADMIN), line(B))
        assert not await store.delete(B, user.id, line(B))
        assert await store.find(ALL, user.id) == user

    async def test_changes_and_removal_are_kept_with_their_lines(self, store, database, make, line):
        user = make(A)
        await store.create(A, user, line(A, "user:create"))
        changed = msgspec.structs.replace(
            user, role=Role.ADMIN, password_hash="h", disabled=True, last_sign_in_at=NOON + timedelta(microseconds=3)
        )
        assert await store.update(A, changed, line(A, "user:update"))
        assert await store.find(A, user.id) == changed
        assert await store.delete(A, user.id, line(A, "user:delete"))
        assert not await store.delete(A, user.id, line(A, "user:delete"))
        assert await store.find_by_email(user.email) is None
        assert await logged(database) == ["user:delete", "user:update", "user:create"]

    async def test_pages_are_oldest_first(self, store, make, line):
        users = [make(scope, f"{n}@kitchen.example") for n, scope in enumerate([A, B, A])]
        for user in users:
            await store.create(TenantScope(user.tenant_id), user, line(A))
        assert await store.page(A, after=users[0].id, limit=9) == [users[2]]
        assert await store.page(ALL, after="", limit=2) == users[:2]

    @pytest.mark.parametrize("name", UNSTORABLE)
    async def test_hostile_names_are_unknown(self, store, line, name):
        assert await store.find(ALL, name) is None
        assert await store.find_by_email(name) is None
        assert await store.page(ALL, after=name, limit=1) == []
        assert not await store.delete(A, name, line(A))


class TestAccessLog:
    @pytest.fixture
    def store(self, database):
        return SqlAccessLog(database)

    @pytest.fixture
    async def lines(self, store, clock, line):
        kept = []
        for n in range(5):
            clock.forward(minutes=1)
            scope = A if n != 3 else B
            kept.append(
                line(
                    scope,
                    "audit:read" if n % 2 else "user:sign_in",
                    delta={"count": n, "filter": {"verdict": "block"}},
                    ip="192.0.2.1",
                    correlation_id=f"c-{n}",
                    target="t",
                    outcome="refused" if n == 4 else "ok",
                    actor=f"key:{n}",
                )
            )
            await store.add(scope, kept[-1])
        return kept

    async def test_pages_are_newest_first(self, store, lines):
        mine = [lines[4], lines[2], lines[1], lines[0]]
        first = await store.page(A, AccessFilter(), after=None, limit=3)
        rest = await store.page(A, AccessFilter(), after=(first[-1].ts, first[-1].id), limit=3)
        assert [*first, *rest] == mine
        assert await store.page(ALL, AccessFilter(), after=None, limit=9) == lines[::-1]

    async def test_lines_of_one_moment_are_told_apart_by_their_ids(self, store, line):
        kept = [line(A) for _ in range(4)]
        for each in kept:
            await store.add(A, each)
        seen, after = [], None
        while batch := await store.page(A, AccessFilter(), after=after, limit=1):
            seen += batch
            after = (batch[-1].ts, batch[-1].id)
        assert seen == kept[::-1]

    @pytest.mark.parametrize(
        ("chosen", "numbers"),
        [
            (AccessFilter(start=NOON + timedelta(minutes=2)), [1, 2, 4]),
            (AccessFilter(end=NOON + timedelta(minutes=2)), [0]),
            (AccessFilter(actor="key:2"), [2]),
            (AccessFilter(action="audit:read"), [1]),
            (AccessFilter(action="audit:read", actor="key:2"), []),
            (AccessFilter(actor="a\0b"), []),
        ],
    )
    async def test_all_given_parts_hold(self, store, lines, chosen, numbers):
        exported = [line async for batch in store.export(A, chosen) for line in batch]
        assert exported == [lines[n] for n in numbers]
        assert await store.page(A, chosen, after=None, limit=9) == exported[::-1]

    async def test_an_export_crosses_batches(self, store, line, monkeypatch):
        monkeypatch.setattr("claimlens.adapters.sql.access_log._BATCH", 2)
        kept = [line(A) for _ in range(5)]
        for each in kept:
            await store.add(A, each)
        batches = [list(batch) async for batch in store.export(A, AccessFilter())]
        assert batches == [kept[:2], kept[2:4], kept[4:]]

    async def test_the_scope_says_whose_a_line_is(self, store, line):
        await store.add(A, line(B))
        assert await store.page(B, AccessFilter(), after=None, limit=1) == []


async def test_a_switch_is_read_as_it_was_last_set(database, line):
    store = SqlSwitches(database)
    assert await store.read("maintenance") is None
    installation = TenantScope("")
    for value in ({"enabled": True, "message": "बंद"}, {"enabled": False}):
        await store.write(ALL, "maintenance", value, line(installation, "maintenance:switch"))
        assert await store.read("maintenance") == value
    assert await logged(database, installation) == ["maintenance:switch"] * 2
