"""Signing in to the console: passwords, codes, sessions; over a real SQLite."""

from base64 import b32decode
from datetime import timedelta

import pytest

from claimlens.domain.errors import (
    ConflictError,
    NotFoundError,
    RefusedError,
    TooManyError,
    UnauthenticatedError,
)
from claimlens.domain.session import Stage
from claimlens.domain.tenant import Role
from claimlens.kit.totp import code_at, step_at
from claimlens.ports.accounts import AccessFilter
from claimlens.usecases.sessions import LONGEST, TRIES_PER_PERSON
from claimlens.usecases.users import NewUser, UserChange

PASSWORD = "correct horse battery"


@pytest.fixture
async def enter(accounts, root):
    """Make a person and sign them in; the token."""

    async def enter(role=Role.EDITOR, email="a.rao@kitchen.example", tenant_id="kitchen-a"):
        await accounts.users.create(root, NewUser(tenant_id=tenant_id, email=email, role=role, password=PASSWORD))
        token, _ = await accounts.sessions.begin(email, PASSWORD, ip="192.0.2.1")
        return token

    return enter


@pytest.fixture
async def with_code(accounts, enter, clock):
    """An administrator with a second factor: the entered session, a way to the present code, the recovery codes."""
    token = await enter(Role.ADMIN)
    entered = await accounts.sessions.find(token)
    letters = (await accounts.second_factors.begin(entered)).letters

    def code():
        clock.forward(seconds=30)
        return code_at(b32decode(letters), step_at(clock.now().timestamp()))

    recovery = await accounts.second_factors.confirm(entered, code())
    return entered, code, recovery


async def actions(accounts, root, action):
    page = await accounts.access_log.page(root, AccessFilter(action=action), tenant_id="kitchen-a", cursor="", limit=9)
    return page.rows


class TestSessions:
    async def test_an_editor_is_in_by_the_password(self, accounts, enter):
        entered = await accounts.sessions.find(await enter(), ip="192.0.2.7")
        assert entered.session.stage is Stage.FULL
        assert (entered.principal.role, entered.principal.scope.tenant_id) == (Role.EDITOR, "kitchen-a")
        assert entered.principal.ip == "192.0.2.7"

    async def test_a_made_up_token_opens_nothing(self, accounts, enter):
        await enter()
        for token in ("", "x" * 43, "\ud800"):
            assert await accounts.sessions.find(token) is None

    async def test_it_ends_when_nobody_uses_it(self, accounts, enter, clock):
        token = await enter()
        for _ in range(3):
            clock.forward(hours=7, minutes=59)
            assert await accounts.sessions.find(token)
        clock.forward(hours=8)
        assert await accounts.sessions.find(token) is None

    async def test_it_ends_in_any_case(self, accounts, enter, clock):
        token = await enter()
        for _ in range(int(LONGEST / timedelta(hours=7)) - 1):
            clock.forward(hours=7)
            assert await accounts.sessions.find(token)
        clock.forward(hours=7)
        assert await accounts.sessions.find(token) is None

    async def test_signing_out_ends_it_and_is_logged(self, accounts, root, enter):
        token = await enter()
        await accounts.sessions.end(await accounts.sessions.find(token))
        assert await accounts.sessions.find(token) is None
        assert len(await actions(accounts, root, "user:sign_out")) == 1

    async def test_the_others_can_be_ended(self, accounts, enter):
        first = await enter()
        second, _ = await accounts.sessions.begin("a.rao@kitchen.example", PASSWORD)
        here = await accounts.sessions.find(second)
        assert len(await accounts.sessions.mine(here)) == 2
        assert await accounts.sessions.end_others(here) == 1
        assert await accounts.sessions.find(first) is None
        assert await accounts.sessions.find(second)
        with pytest.raises(NotFoundError):
            await accounts.sessions.end_mine(here, "0192f3a4-5b6c-7d8e-9f01-23456789abcd")

    @pytest.mark.parametrize("change", [UserChange(disabled=True), UserChange(password="another long password")])
    async def test_who_is_shut_out_is_out_at_once(self, accounts, root, enter, change):
        token = await enter()
        user = (await accounts.sessions.find(token)).user
        await accounts.users.update(root, user.id, change)
        assert await accounts.sessions.find(token) is None

    async def test_a_new_role_holds_at_once(self, accounts, root, enter):
        token = await enter()
        user = (await accounts.sessions.find(token)).user
        await accounts.users.update(root, user.id, UserChange(role=Role.VIEWER))
        assert (await accounts.sessions.find(token)).principal.role is Role.VIEWER
        await accounts.users.update(root, user.id, UserChange(role=Role.ADMIN))
        assert (await accounts.sessions.find(token)).session.stage is Stage.SETUP

    async def test_a_removed_person_is_out(self, accounts, root, enter):
        token = await enter()
        await accounts.users.delete(root, (await accounts.sessions.find(token)).user.id)
        assert await accounts.sessions.find(token) is None

    async def test_an_isolated_tenants_people_are_out(self, accounts, root, enter):
        token = await enter()
        await accounts.tenants.isolate(root, "kitchen-a", isolated=True)
        assert await accounts.sessions.find(token) is None

    async def test_guessing_is_slowed_down(self, accounts, enter):
        await enter()
        for _ in range(TRIES_PER_PERSON - 1):
            with pytest.raises(UnauthenticatedError):
                await accounts.sessions.begin("a.rao@kitchen.example", "wrong password", ip="192.0.2.9")
        with pytest.raises(TooManyError, match="wait"):
            await accounts.sessions.begin("A.RAO@kitchen.example", PASSWORD, ip="192.0.2.10")

    async def test_idle_ones_are_dropped(self, accounts, root, enter, clock):
        await enter()
        clock.forward(hours=8, seconds=1)
        assert await accounts.sessions.forget_idle(root.platform, limit=10) == 1

    async def test_a_form_token_is_the_sessions_own(self, accounts):
        assert accounts.sessions.form_token("a") == accounts.sessions.form_token("a")
        assert accounts.sessions.form_token("a") != accounts.sessions.form_token("b")


class TestSecondFactor:
    @pytest.mark.parametrize("role", [Role.ADMIN, Role.PLATFORM_ADMIN])
    async def test_an_administrator_has_to_set_it_up(self, accounts, enter, role):
        entered = await accounts.sessions.find(await enter(role))
        assert entered.session.stage is Stage.SETUP

    async def test_the_same_is_shown_until_it_is_confirmed(self, accounts, enter):
        entered = await accounts.sessions.find(await enter())
        told = await accounts.second_factors.begin(entered)
        assert told.uri.startswith("otpauth://totp/ClaimLens:a.rao%40kitchen.example?secret=")
        assert await accounts.second_factors.begin(entered) == told
        with pytest.raises(UnauthenticatedError, match="clock"):
            await accounts.second_factors.confirm(entered, "000000")
        assert not await accounts.second_factors.is_set_up(entered)

    async def test_then_a_code_is_asked_for(self, accounts, with_code):
        entered, code, _ = with_code
        token, stage = await accounts.sessions.begin("a.rao@kitchen.example", PASSWORD)
        assert stage is Stage.CODE
        half = await accounts.sessions.find(token)
        with pytest.raises(UnauthenticatedError):
            await accounts.second_factors.check(half, "000000")
        await accounts.second_factors.check(half, code())
        whole = await accounts.sessions.promote(half)
        assert (await accounts.sessions.find(whole)).session.stage is Stage.FULL
        assert await accounts.sessions.find(token) is None
        with pytest.raises(ConflictError):
            await accounts.second_factors.begin(entered)

    async def test_a_code_opens_once(self, accounts, with_code, clock):
        entered, code, _ = with_code
        present = code()
        await accounts.second_factors.check(entered, present)
        with pytest.raises(UnauthenticatedError):
            await accounts.second_factors.check(entered, present)

    async def test_a_recovery_code_opens_once_however_it_is_typed(self, accounts, with_code):
        entered, _, recovery = with_code
        assert len(set(recovery)) == 10
        await accounts.second_factors.check(entered, f" {recovery[3].upper().replace('-', ' ')} ")
        assert await accounts.second_factors.codes_left(entered) == 9
        with pytest.raises(UnauthenticatedError):
            await accounts.second_factors.check(entered, recovery[3])

    async def test_codes_cannot_be_tried_through(self, accounts, with_code):
        entered, _, _ = with_code
        for _ in range(TRIES_PER_PERSON - 1):
            with pytest.raises(UnauthenticatedError):
                await accounts.second_factors.check(entered, "000000")
        with pytest.raises(TooManyError):
            await accounts.second_factors.check(entered, "000000")

    async def test_an_administrator_keeps_it_an_editor_need_not(self, accounts, root, with_code):
        entered, code, _ = with_code
        with pytest.raises(ConflictError, match="another administrator"):
            await accounts.second_factors.remove_mine(entered, code())
        await accounts.users.update(root, entered.user.id, UserChange(role=Role.EDITOR))
        token, _ = await accounts.sessions.begin("a.rao@kitchen.example", PASSWORD)
        await accounts.second_factors.remove_mine(await accounts.sessions.find(token), code())
        assert (await accounts.sessions.begin("a.rao@kitchen.example", PASSWORD))[1] is Stage.FULL

    async def test_another_administrator_resets_it(self, accounts, root, issue, with_code):
        entered, _, _ = with_code
        token, _ = await accounts.sessions.begin("a.rao@kitchen.example", PASSWORD)
        assert await accounts.second_factors.holders(root) == {entered.user.id}
        with pytest.raises(RefusedError):
            await accounts.second_factors.reset((await issue(Role.EDITOR)).principal, entered.user.id)
        with pytest.raises(NotFoundError):
            await accounts.second_factors.reset((await issue(Role.ADMIN, "kitchen-b")).principal, entered.user.id)
        await accounts.second_factors.reset((await issue(Role.ADMIN)).principal, entered.user.id)
        assert await accounts.sessions.find(token) is None
        assert len(await actions(accounts, root, "user:second_factor_reset")) == 1
        assert (await accounts.sessions.begin("a.rao@kitchen.example", PASSWORD))[1] is Stage.SETUP
