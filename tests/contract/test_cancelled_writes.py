"""A request that is cancelled in the middle of a transaction leaves nothing behind: no row, no lock."""

import asyncio
from collections import Counter

import sqlalchemy as sa

from claimlens.adapters.sql.tables import switches
from tests.clock import NOON


async def test_a_cancelled_write_holds_up_nobody(database):
    def rows(name):
        return [{"name": f"{name}-{number}", "value": "{}", "updated_at": NOON} for number in range(3)]

    async def write(name):
        async with database.write() as connection:
            await connection.execute(sa.insert(switches), rows(name))
            await connection.execute(sa.select(switches))
            await connection.execute(sa.insert(switches), rows(f"{name}-again"))

    cancelled = []  # kept: what a task that failed refers to stays alive with it
    for turns in range(60):
        task = asyncio.create_task(write(f"cancelled-{turns}"))
        cancelled.append(task)
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await write(f"whole-{turns}")
    await asyncio.gather(*cancelled, return_exceptions=True)
    async with database.read(fresh=True) as connection:
        names = (await connection.execute(sa.select(switches.c.name))).scalars().all()
    # Cancelled at the very commit a transaction may have gone through; never half of one.
    written = Counter(name.replace("-again", "").rsplit("-", 1)[0] for name in names)
    assert set(written.values()) == {6}
    assert written.keys() >= {f"whole-{turns}" for turns in range(60)}
