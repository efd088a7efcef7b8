import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimlens.adapters.memory.cache import MemoryCache
from claimlens.domain.errors import OverloadedError, UnauthenticatedError
from claimlens.domain.key_format import RANDOM_BYTES, write_key
from claimlens.domain.tenant import Role
from claimlens.usecases.authentication import LIFETIME, Authentication, operator, reach, scope_within
from claimlens.usecases.tenants import TenantChange

MADE_UP = write_key(b"\1" * RANDOM_BYTES, test=False)


async def refusal(accounts, key):
    with pytest.raises(UnauthenticatedError) as caught:
        await accounts.authentication.authenticate(key)
    return str(caught.value)


class TestPrincipal:
    async def test_a_key_speaks_for_its_tenant(self, accounts, issue):
        admin = await issue(Role.ADMIN, "kitchen-b")
        who = admin.principal
        assert (who.actor, who.role, who.scope.tenant_id) == (f"key:{admin.id}", Role.ADMIN, "kitchen-b")
        assert (who.tenant.id, who.platform, who.test) == ("kitchen-b", None, False)
        assert (who.ip, who.correlation_id) == ("192.0.2.7", "c-1")

    async def test_a_platform_administrators_key_reaches_every_tenant(self, issue):
        assert (await issue(Role.PLATFORM_ADMIN)).principal.platform is not None

    async def test_a_test_key_says_so(self, issue):
        tester = await issue(Role.PUBLISHER, test=True)
        assert tester.principal.test
        assert tester.secret.startswith("cl_test_")


class TestRefusals:
    async def test_all_are_told_the_same(self, accounts, issue, root, clock):
        revoked, expired, isolated = (
            await issue(),
            await issue(expires_at=clock.now() + LIFETIME),
            await issue(tenant_id="kitchen-b"),
        )
        await accounts.api_keys.revoke(root, revoked.id)
        await accounts.tenants.isolate(root, "kitchen-b", isolated=True)
        clock.forward(seconds=1)
        keys = ["", "constructor", MADE_UP, revoked.secret, expired.secret, isolated.secret, isolated.secret[:-1] + "!"]
        assert len({await refusal(accounts, key) for key in keys}) == 1

    @given(st.text(max_size=60))
    def test_what_is_no_key_never_reaches_the_store(self, text):
        authentication = Authentication(None, None, None, None, MemoryCache())  # type: ignore[arg-type]
        with pytest.raises(UnauthenticatedError):
            asyncio.run(authentication.authenticate(text))
        assert not authentication.remembers(text)

    async def test_a_released_tenant_is_let_in_again(self, accounts, issue, root):
        key = await issue()
        await accounts.tenants.isolate(root, "kitchen-a", isolated=True)
        await refusal(accounts, key.secret)
        await accounts.tenants.isolate(root, "kitchen-a", isolated=False)
        assert await accounts.authentication.authenticate(key.secret)

    async def test_a_key_ends_at_its_moment_though_it_is_remembered(self, accounts, issue, clock):
        key = await issue(expires_at=clock.now() + LIFETIME / 2)
        clock.forward(seconds=LIFETIME.total_seconds() / 2)
        await refusal(accounts, key.secret)


class TestWithinASecond:
    async def test_a_word_ends_a_key_at_once_elsewhere(self, accounts, replica, cache, issue, root):
        other = replica(cache)
        key = await issue()
        await other.authentication.authenticate(key.secret)
        await accounts.api_keys.revoke(root, key.id)
        await refusal(other, key.secret)

    async def test_without_a_word_it_ends_within_a_second(self, accounts, replica, issue, root, clock):
        deaf = replica(MemoryCache())
        key = await issue()
        await deaf.authentication.authenticate(key.secret)
        await accounts.api_keys.revoke(root, key.id)
        assert await deaf.authentication.authenticate(key.secret)
        clock.forward(seconds=1)
        await refusal(deaf, key.secret)

    async def test_so_do_changes_of_the_tenant(self, accounts, replica, issue, root, clock):
        deaf = replica(MemoryCache())
        key = await issue()
        await deaf.authentication.authenticate(key.secret)
        await accounts.tenants.update(root, "kitchen-a", TenantChange(retention_days=90))
        clock.forward(seconds=1)
        assert (await deaf.authentication.authenticate(key.secret)).tenant.settings.retention_days == 90

    async def test_a_clock_set_back_makes_no_answer_immortal(self, accounts, replica, issue, root, clock):
        deaf = replica(MemoryCache())
        key = await issue()
        await deaf.authentication.authenticate(key.secret)
        await accounts.api_keys.revoke(root, key.id)
        clock.forward(hours=-1)
        await refusal(deaf, key.secret)

    async def test_a_made_up_key_is_remembered_too_and_knows_when_it_is_made(self, accounts, clock):
        await refusal(accounts, MADE_UP)
        assert not accounts.authentication.remembers(MADE_UP)


class TestMemory:
    async def test_a_remembered_key_asks_nobody(self, accounts, issue, store, clock):
        key = await issue()
        await accounts.authentication.authenticate(key.secret)
        assert accounts.authentication.remembers(key.secret)
        await store.close()
        clock.forward(seconds=LIFETIME.total_seconds() * 0.9)
        assert await accounts.authentication.authenticate(key.secret)

    async def test_many_made_up_keys_push_no_good_one_out(self, accounts, issue, monkeypatch):
        monkeypatch.setattr("claimlens.usecases.authentication._MOST_UNKNOWN", 3)
        key = await issue()
        for number in range(6):
            await refusal(accounts, write_key(bytes([number]) * RANDOM_BYTES, test=False))
        assert accounts.authentication.remembers(key.secret)

    async def test_requests_at_once_are_all_answered(self, accounts, issue, clock):
        key = await issue()
        clock.forward(seconds=1)
        answers = await asyncio.gather(*[accounts.authentication.authenticate(key.secret) for _ in range(20)])
        assert {answer.actor for answer in answers} == {f"key:{key.id}"}

    async def test_one_that_hangs_up_does_not_take_the_others_along(self, accounts, issue, clock):
        key = await issue()
        clock.forward(seconds=1)
        first, second = [asyncio.create_task(accounts.authentication.authenticate(key.secret)) for _ in range(2)]
        await asyncio.sleep(0)
        first.cancel()
        assert (await second).actor == f"key:{key.id}"


class TestLastUsed:
    async def test_it_is_written_when_flushed(self, accounts, issue, root, clock):
        key = await issue()
        at = clock.forward(seconds=5)
        await accounts.authentication.authenticate(key.secret)
        await accounts.authentication.flush()
        (shown,) = (await accounts.api_keys.page(root, tenant_id="kitchen-a")).rows
        assert shown.last_used_at == at

    async def test_what_cannot_be_written_is_kept_for_the_next_time(self, accounts, issue, root, monkeypatch):
        key = await issue()
        store = accounts._keys
        kept = store.used

        async def out(_):
            raise OverloadedError("the database cannot be reached")

        monkeypatch.setattr(store, "used", out)
        with pytest.raises(OverloadedError):
            await accounts.authentication.flush()
        monkeypatch.setattr(store, "used", kept)
        await accounts.authentication.flush()
        (shown,) = (await accounts.api_keys.page(root)).rows
        assert shown.id == key.id
        assert shown.last_used_at is not None


class TestReach:
    async def test_others_reach_their_own_only(self, issue):
        admin = (await issue()).principal
        assert reach(admin) is admin.scope
        assert scope_within(admin, "kitchen-a") is admin.scope
        for tenant_id in ("kitchen-b", "nobody", ""):
            with pytest.raises(Exception, match="for the tenant kitchen-a only"):
                reach(admin, tenant_id)

    def test_the_operator_reaches_everything(self):
        anybody = operator("anna")
        assert anybody.actor == "cli:anna"
        assert reach(anybody) is anybody.platform
        assert scope_within(anybody, "kitchen-b").tenant_id == "kitchen-b"
