from datetime import timedelta

import msgspec
import pytest

from claimlens.domain.errors import ConflictError, InvalidError, NotFoundError, RefusedError, UnauthenticatedError
from claimlens.domain.tenant import Role
from claimlens.usecases.api_keys import KeyState, NewKey
from claimlens.usecases.tenants import NewTenant

HOUR = timedelta(hours=1)


class TestCreate:
    async def test_all_but_the_tenant_has_a_default(self, accounts, root):
        wanted = msgspec.json.decode(b'{"tenant_id": "kitchen-a"}', type=NewKey)
        made = await accounts.api_keys.create(root, wanted)
        assert (made.role, made.name, made.expires_at, made.test) == (Role.PUBLISHER, "", None, False)
        assert made.state is KeyState.ACTIVE
        assert made.key.startswith(made.shown)

    async def test_the_secret_is_shown_once(self, accounts, root, issue, log):
        key = await issue(Role.VIEWER, name="till")
        page = await accounts.api_keys.page(root, tenant_id="kitchen-a")
        lines = await log()
        shown = msgspec.json.encode([page, lines]).decode()
        assert "till" in shown
        assert key.secret not in shown
        assert key.secret[len(key.issued.shown) :] not in shown

    async def test_an_unknown_tenant_is_not_found_and_it_is_said_how_to_make_it(self, accounts, root):
        with pytest.raises(NotFoundError, match=r"'tenant-009'.*POST /v1/tenants.*claimlens tenants create"):
            await accounts.api_keys.create(root, NewKey(tenant_id="tenant-009"))

    @pytest.mark.parametrize("other", ["kitchen-b", "nobody"])
    async def test_an_administrator_makes_keys_for_its_own_tenant_only(self, accounts, issue, other):
        admin = await issue(Role.ADMIN)
        with pytest.raises(RefusedError, match="kitchen-a only"):
            await accounts.api_keys.create(admin.principal, NewKey(tenant_id=other))

    async def test_nobody_hands_on_more_than_they_have(self, accounts, issue):
        admin = await issue(Role.ADMIN)
        with pytest.raises(RefusedError, match="platform_admin is above yours, admin"):
            await accounts.api_keys.create(admin.principal, NewKey(tenant_id="kitchen-a", role=Role.PLATFORM_ADMIN))
        assert (await issue(Role.ADMIN, by=admin.principal)).principal.role is Role.ADMIN

    @pytest.mark.parametrize("role", [Role.EDITOR, Role.VIEWER, Role.PUBLISHER])
    async def test_others_make_none(self, accounts, issue, role):
        principal = (await issue(role)).principal
        with pytest.raises(RefusedError, match="needs the role platform_admin or admin"):
            await accounts.api_keys.create(principal, NewKey(tenant_id="kitchen-a"))

    async def test_a_key_expires_in_the_future(self, accounts, root, clock):
        with pytest.raises(InvalidError, match="in the future") as caught:
            await accounts.api_keys.create(root, NewKey(tenant_id="kitchen-a", expires_at=clock.now()))
        assert caught.value.pointer == "/expires_at"

    @pytest.mark.parametrize("name", ["a\nb", "\x1b[31m", "x" * 101, "\ud800", "a\u202eb"])
    async def test_a_name_is_one_line(self, accounts, root, name):
        with pytest.raises(InvalidError) as caught:
            await accounts.api_keys.create(root, NewKey(tenant_id="kitchen-a", name=name))
        assert caught.value.pointer == "/name"

    async def test_it_is_logged_by_whom_for_whom_and_what(self, accounts, issue, log):
        admin = await issue(Role.ADMIN)
        made = await issue(Role.VIEWER, by=admin.principal, name="dashboard")
        line = (await log("api_key:create", "kitchen-a"))[-1]
        assert (line.actor, line.target, line.ip) == (f"key:{admin.id}", made.id, "192.0.2.7")
        assert line.correlation_id == "c-1"
        assert line.delta == {"role": [None, "viewer"], "name": [None, "dashboard"], "expires_at": [None, None]}


class TestRevoke:
    async def test_it_opens_nothing_any_more(self, accounts, issue, root, log):
        key = await issue()
        await accounts.api_keys.revoke(root, key.id)
        await accounts.api_keys.revoke(root, key.id)
        with pytest.raises(UnauthenticatedError):
            await accounts.authentication.authenticate(key.secret)
        (shown,) = (await accounts.api_keys.page(root)).rows
        assert shown.state is KeyState.REVOKED
        assert len(await log("api_key:revoke", "kitchen-a")) == 1

    @pytest.mark.parametrize("name", ["constructor", "../../1", "0193b0e6-0000-7000-8000-000000000000", "\0"])
    async def test_what_is_not_there_is_not_found(self, accounts, root, name):
        with pytest.raises(NotFoundError):
            await accounts.api_keys.revoke(root, name)

    async def test_anothers_key_is_not_there(self, accounts, issue):
        admin, other = await issue(Role.ADMIN), await issue(Role.VIEWER, "kitchen-b")
        for act in (accounts.api_keys.revoke, accounts.api_keys.rotate):
            with pytest.raises(NotFoundError):
                await act(admin.principal, other.id)
        assert await accounts.authentication.authenticate(other.secret)

    async def test_a_key_above_ones_own_is_left_alone(self, accounts, issue):
        """Who could rotate a platform administrator's key would hold it."""
        admin, platform = await issue(Role.ADMIN), await issue(Role.PLATFORM_ADMIN)
        for act in (accounts.api_keys.revoke, accounts.api_keys.rotate):
            with pytest.raises(RefusedError):
                await act(admin.principal, platform.id)
        with pytest.raises(RefusedError):
            _ = [key async for key in accounts.api_keys.rotate_all(admin.principal)]


class TestRotate:
    async def test_both_open_until_the_overlap_ends(self, accounts, issue, root, clock):
        old = await issue(Role.EDITOR, name="till", test=True)
        new = await accounts.api_keys.rotate(root, old.id, 2 * HOUR)
        assert (new.role, new.name, new.test, new.replaces) == (Role.EDITOR, "till", True, old.id)
        for key in (old.secret, new.key):
            assert await accounts.authentication.authenticate(key)
        states = {key.id: key.state for key in (await accounts.api_keys.page(root)).rows}
        assert states == {old.id: KeyState.REPLACED, new.id: KeyState.ACTIVE}
        clock.forward(hours=2)
        with pytest.raises(UnauthenticatedError):
            await accounts.authentication.authenticate(old.secret)
        assert await accounts.authentication.authenticate(new.key)

    async def test_no_overlap_ends_it_at_once(self, accounts, issue, root):
        old = await issue()
        await accounts.api_keys.rotate(root, old.id, timedelta(0))
        with pytest.raises(UnauthenticatedError):
            await accounts.authentication.authenticate(old.secret)

    async def test_a_key_lives_as_long_as_the_one_before_and_no_old_one_longer(self, accounts, issue, root, clock):
        old = await issue(expires_at=clock.now() + 30 * HOUR)
        clock.forward(hours=20)
        new = await accounts.api_keys.rotate(root, old.id, 24 * HOUR)
        assert new.expires_at == clock.now() + 30 * HOUR
        clock.forward(hours=10)
        with pytest.raises(UnauthenticatedError):
            await accounts.authentication.authenticate(old.secret)

    async def test_revoked_expired_and_replaced_keys_have_no_heir(self, accounts, issue, root, clock):
        revoked, replaced = await issue(), await issue()
        expired = await issue(expires_at=clock.now() + HOUR)
        await accounts.api_keys.revoke(root, revoked.id)
        await accounts.api_keys.rotate(root, replaced.id)
        clock.forward(hours=1)
        for key, state in ((revoked, "revoked"), (replaced, "replaced"), (expired, "expired")):
            with pytest.raises(ConflictError, match=f"is {state}"):
                await accounts.api_keys.rotate(root, key.id)

    @pytest.mark.parametrize("overlap", [-HOUR, timedelta(days=31)])
    async def test_the_overlap_is_bounded(self, accounts, issue, root, overlap):
        key = await issue()
        with pytest.raises(InvalidError, match="0 to 720 hours"):
            await accounts.api_keys.rotate(root, key.id, overlap)

    async def test_it_is_logged(self, accounts, issue, root, clock, log):
        old = await issue()
        new = await accounts.api_keys.rotate(root, old.id, HOUR)
        (line,) = await log("api_key:rotate", "kitchen-a")
        assert line.target == old.id
        assert line.delta["replaced_by"] == [None, new.id]


class TestRotateAll:
    async def test_every_key_that_opens_something_has_an_heir(self, accounts, issue, root, clock):
        a, b = await issue(), await issue(Role.PLATFORM_ADMIN, "kitchen-b")
        gone = await issue()
        await accounts.api_keys.revoke(root, gone.id)
        made = [key async for key in accounts.api_keys.rotate_all(root)]
        assert [key.replaces for key in made] == [a.id, b.id]
        for key in made:
            assert await accounts.authentication.authenticate(key.key)

    async def test_without_an_overlap_nothing_old_is_left(self, accounts, issue, root, clock):
        old = await issue()
        new = await accounts.api_keys.rotate(root, old.id)
        (newest,) = [key async for key in accounts.api_keys.rotate_all(root, overlap=timedelta(0))]
        for key in (old.secret, new.key):
            with pytest.raises(UnauthenticatedError):
                await accounts.authentication.authenticate(key)
        assert await accounts.authentication.authenticate(newest.key)

    async def test_of_one_tenant_only(self, accounts, issue, root, clock):
        a, _ = await issue(), await issue(tenant_id="kitchen-b")
        made = [key async for key in accounts.api_keys.rotate_all(root, tenant_id="kitchen-a")]
        assert [key.replaces for key in made] == [a.id]

    async def test_many(self, accounts, issue, root, clock, monkeypatch):
        monkeypatch.setattr("claimlens.usecases.api_keys.MOST_ROWS", 2)
        old = [(await issue()).id for _ in range(5)]
        assert [key.replaces async for key in accounts.api_keys.rotate_all(root)] == old


class TestPage:
    async def test_pages_go_on_where_the_last_ended(self, accounts, issue, root):
        await accounts.tenants.create(root, NewTenant(id="kitchen-c"))
        made = [(await issue(tenant_id=f"kitchen-{name}")).id for name in "abcab"]
        seen, cursor = [], ""
        while True:
            page = await accounts.api_keys.page(root, cursor=cursor, limit=2)
            seen += [key.id for key in page.rows]
            if page.next_cursor is None:
                break
            cursor = page.next_cursor
        assert seen == made

    async def test_an_administrator_sees_its_own(self, accounts, issue):
        admin, _ = await issue(Role.ADMIN), await issue(tenant_id="kitchen-b")
        assert [key.id for key in (await accounts.api_keys.page(admin.principal)).rows] == [admin.id]
        with pytest.raises(RefusedError):
            await accounts.api_keys.page(admin.principal, tenant_id="kitchen-b")

    @pytest.mark.parametrize("cursor", ["x", "W10", "WyJhIiwiYiJd", "é", "eyJhIjoxfQ", "WyJcdTAwMDAiXQ"])
    async def test_a_cursor_of_ones_own_making_is_refused(self, accounts, root, cursor):
        with pytest.raises(InvalidError, match="cursor"):
            await accounts.api_keys.page(root, cursor=cursor)
