"""What a client's own name for a request promises, on both stores."""

import asyncio
from collections import Counter

import msgspec
import pytest
import sqlalchemy as sa

from claimlens.adapters.sql.engine import Database
from claimlens.adapters.sql.idempotency import SqlIdempotency
from claimlens.adapters.sql.tables import idempotency_keys
from claimlens.domain.errors import ConflictError
from tests.clock import HandClock
from tests.contract.rows import OURS, THEIRS, a_key, a_reply


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
def idempotency(database, clock):
    return SqlIdempotency(database, clock)


async def refused(claim):
    """The status and the words of a claim that is refused."""
    with pytest.raises(ConflictError) as caught:
        await claim
    return caught.value.status, caught.value.detail


class TestClaim:
    async def test_the_first_goes_on_and_the_next_waits(self, idempotency):
        assert await idempotency.claim(OURS, a_key(), b"body") is None
        status, words = await refused(idempotency.claim(OURS, a_key(), b"body"))
        assert (status, "being answered" in words) == (409, True)

    async def test_of_many_at_once_in_two_processes_exactly_one_goes_on(self, database_url, clock):
        replicas = [Database(database_url), Database(database_url)]
        both = [SqlIdempotency(replica, clock) for replica in replicas]
        told = await asyncio.gather(
            *(both[number % 2].claim(OURS, a_key(), b"body") for number in range(20)), return_exceptions=True
        )
        for replica in replicas:
            await replica.close()
        assert Counter(type(one).__name__ for one in told) == {"NoneType": 1, "ConflictError": 19}

    @pytest.mark.parametrize(("field", "value"), [("key", "k-2"), ("method", "PUT"), ("route", "/v1/menu/validate")])
    async def test_another_key_method_or_route_is_another_claim(self, idempotency, field, value):
        await idempotency.claim(OURS, a_key(), b"body")
        assert await idempotency.claim(OURS, msgspec.structs.replace(a_key(), **{field: value}), b"body") is None

    async def test_another_tenant_has_names_of_its_own(self, idempotency):
        await idempotency.claim(OURS, a_key(), b"body")
        await idempotency.keep(OURS, a_key(), a_reply())
        assert await idempotency.claim(THEIRS, a_key(scope=THEIRS), b"body") is None

    async def test_after_a_minute_the_same_request_may_take_over_and_another_may_not(self, idempotency, clock):
        await idempotency.claim(OURS, a_key(), b"body")
        clock.forward(seconds=59)
        assert (await refused(idempotency.claim(OURS, a_key(), b"body")))[0] == 409
        clock.forward(seconds=1)
        assert (await refused(idempotency.claim(OURS, a_key(), b"other body")))[0] == 422
        assert await idempotency.claim(OURS, a_key(), b"body") is None
        assert (await refused(idempotency.claim(OURS, a_key(), b"body")))[0] == 409

    async def test_released_it_is_free_for_any_body(self, idempotency):
        await idempotency.claim(OURS, a_key(), b"body")
        await idempotency.release(OURS, a_key())
        assert await idempotency.claim(OURS, a_key(), b"other body") is None


class TestReply:
    async def test_it_comes_again_byte_for_byte(self, idempotency):
        await idempotency.claim(OURS, a_key(), b"body")
        await idempotency.keep(OURS, a_key(), a_reply(b'{"\x00\xff"}'))
        for _ in range(2):
            assert await idempotency.claim(OURS, a_key(), b"body") == a_reply(b'{"\x00\xff"}')

    async def test_another_body_gets_422(self, idempotency):
        await idempotency.claim(OURS, a_key(), b"body")
        assert (await refused(idempotency.claim(OURS, a_key(), b"other body")))[0] == 422
        await idempotency.keep(OURS, a_key(), a_reply())
        assert (await refused(idempotency.claim(OURS, a_key(), b"other body")))[0] == 422

    async def test_one_that_held_a_secret_is_not_kept(self, idempotency, database):
        await idempotency.claim(OURS, a_key(), b"body")
        await idempotency.keep(OURS, a_key(), None)
        status, words = await refused(idempotency.claim(OURS, a_key(), b"body"))
        assert (status, "secret" in words) == (409, True)
        async with database.read(fresh=True) as connection:
            assert (await connection.execute(sa.select(idempotency_keys.c.body))).scalar_one() is None

    async def test_a_settled_claim_is_neither_released_nor_overwritten(self, idempotency):
        await idempotency.claim(OURS, a_key(), b"body")
        await idempotency.keep(OURS, a_key(), a_reply(b"first"))
        await idempotency.release(OURS, a_key())
        await idempotency.keep(OURS, a_key(), a_reply(b"second"))
        assert await idempotency.claim(OURS, a_key(), b"body") == a_reply(b"first")

    async def test_another_tenant_settles_nothing_of_ours(self, idempotency):
        await idempotency.claim(OURS, a_key(), b"body")
        await idempotency.keep(THEIRS, a_key(scope=THEIRS), a_reply())
        await idempotency.release(THEIRS, a_key(scope=THEIRS))
        assert (await refused(idempotency.claim(OURS, a_key(), b"body")))[0] == 409


class TestADay:
    async def test_it_is_kept_for_24_hours(self, idempotency, clock):
        await idempotency.claim(OURS, a_key(), b"body")
        await idempotency.keep(OURS, a_key(), a_reply())
        clock.forward(hours=24)
        assert await idempotency.claim(OURS, a_key(), b"body") == a_reply()
        clock.forward(seconds=1)
        assert await idempotency.claim(OURS, a_key(), b"other body") is None
