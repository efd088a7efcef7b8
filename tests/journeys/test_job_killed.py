"""A worker's process is killed in the middle of a job, again and again: the next one goes on where it stopped."""

import asyncio
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

from claimlens.usecases.job_worker import LEASE
from tests.clock import HandClock
from tests.journeys.desk_world import SOUP, World
from tests.journeys.test_jobs import ndjson, pieces, results

ROOT = Path(__file__).parents[2]
COUNT = 3_000
WORKER = """
import asyncio, sys
from datetime import datetime
from claimlens.adapters.sql.engine import Database
from claimlens.adapters.system.clock import SystemClock
from claimlens.domain.jurisdiction import Jurisdiction
from tests.journeys.desk_world import World, checker

class Ahead(SystemClock):
    '''Its now begins at a moment of the test; ids are as the system makes them.'''
    def __init__(self, start):
        self._ahead = datetime.fromisoformat(start) - super().now()
    def now(self):
        return super().now() + self._ahead

async def main():
    world = World(Database(sys.argv[1]), clock=Ahead(sys.argv[2]))
    checker().examiner(Jurisdiction.GB)
    print("ready", flush=True)
    await world.worker().work_one()

asyncio.run(main())
"""


async def test_a_job_survives_kill_9_without_doubles(database, database_url):
    clock = HandClock()
    world = await World(database, clock=clock).opened()
    await world.endpoint("verdict.generated", "job.finished")
    data = ndjson(*[SOUP | {"id": f"i-{number}"} for number in range(COUNT)])
    job = await world.jobs.receive(world.who(), "", pieces(data))
    kills = 0
    while (await world.jobs.status(world.who(), job.id)).finished_at is None:
        done = (await world.jobs.status(world.who(), job.id)).chunks_done
        clock.forward(seconds=(LEASE + timedelta(seconds=30)).total_seconds())
        worker = subprocess.Popen(
            [sys.executable, "-c", WORKER, database_url, clock.now().isoformat()],
            cwd=ROOT,
            env={"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "PATH": "", "HOME": str(Path.home())},
            stdout=subprocess.PIPE,
        )
        assert worker.stdout
        await asyncio.to_thread(worker.stdout.readline)
        # Two kills in the middle of the work, then it may come to its end.
        while kills < 2 and worker.poll() is None:
            if (await world.jobs.status(world.who(), job.id)).chunks_done > done + 2:
                worker.send_signal(signal.SIGKILL)
                kills += 1
                break
            await asyncio.sleep(0.002)
        await asyncio.to_thread(worker.wait)
        worker.stdout.close()
        assert worker.returncode in (0, -signal.SIGKILL)
    assert kills == 2
    *lines, last = await results(world, job)
    assert [line["item_id"] for line in lines] == [f"i-{number}" for number in range(COUNT)]
    assert last["_summary"]["items"] == COUNT
    audits = {row.id: row.item_id for row in await world.rows("audits")}
    assert sorted(audits.values()) == sorted(line["item_id"] for line in lines)
    assert {line["audit_id"]: line["item_id"] for line in lines} == audits
    events = [row.type for row in await world.rows("outbox")]
    assert (events.count("verdict.generated"), events.count("job.finished")) == (COUNT, 1)
