"""The loop: duties that fail, wait, are woken, stop. Nobody waits for real time: the pause is handed in."""

import asyncio

from claimlens.domain.errors import OverloadedError
from claimlens.entry.worker.loop import MOST_REST_S, Duty, Worker


class Pauses:
    """Keeps what was waited for; goes on at once, or when the event comes."""

    def __init__(self, *, until_woken: bool = False) -> None:
        self.seconds: list[float] = []
        self.until_woken = until_woken

    async def __call__(self, event: asyncio.Event, seconds: float) -> None:
        self.seconds.append(seconds)
        await (event.wait() if self.until_woken else asyncio.sleep(0))


class Duties:
    """A duty's piece of work: what it answers or raises, one after the other; then it is done."""

    def __init__(self, *answers: bool | Exception) -> None:
        self.answers = list(answers)
        self.calls = 0
        self.done = asyncio.Event()

    async def __call__(self) -> bool:
        self.calls += 1
        if not self.answers:
            self.done.set()
            return False
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


async def until_done(worker: Worker, *duties: Duties) -> None:
    worker.start()
    for duty in duties:
        await duty.done.wait()
    await worker.stop()


async def test_while_there_is_more_nobody_waits():
    work, pauses = Duties(True, True, False), Pauses()
    await until_done(Worker([Duty(name="a", run=work, every_s=5)], pause=pauses), work)
    assert pauses.seconds[:1] == [5]
    assert work.calls >= 4


async def test_a_duty_that_fails_rests_longer_each_time_and_begins_anew_after_a_success():
    failures = [RuntimeError("no"), OverloadedError("out"), *[OverloadedError("no")] * 6]
    work, pauses = Duties(*failures, False, RuntimeError("again")), Pauses()
    await until_done(Worker([Duty(name="a", run=work, every_s=5)], pause=pauses), work)
    assert pauses.seconds[:10] == [1, 2, 4, 8, 16, 32, MOST_REST_S, MOST_REST_S, 5, 1]


async def test_one_that_fails_stops_no_other():
    bad, good = Duties(*[OverloadedError("no")] * 20), Duties(*[False] * 20)
    worker = Worker([Duty(name="bad", run=bad, every_s=1), Duty(name="good", run=good, every_s=1)], pause=Pauses())
    await until_done(worker, good, bad)
    assert good.calls > 20


async def test_the_bell_wakes_an_idle_duty_at_once():
    work, pauses = Duties(False), Pauses(until_woken=True)
    duty = Duty(name="a", run=work, every_s=3_600)
    worker = Worker([duty], pause=pauses)
    worker.start()
    while not pauses.seconds:
        await asyncio.sleep(0)
    assert work.calls == 1
    duty.bell.set()
    await work.done.wait()
    assert work.calls == 2
    await worker.stop()


async def test_a_bell_that_rang_during_the_work_is_heard():
    bell = asyncio.Event()
    calls = 0
    second = asyncio.Event()

    async def work() -> bool:
        nonlocal calls
        calls += 1
        if calls == 1:
            bell.set()
        else:
            second.set()
        return False

    worker = Worker([Duty(name="a", run=work, every_s=3_600, bell=bell)], pause=Pauses(until_woken=True))
    worker.start()
    await second.wait()
    await worker.stop()


async def test_a_stop_lets_end_what_was_begun_and_interrupts_what_may_be():
    begun, go_on = asyncio.Event(), asyncio.Event()
    ended, interrupted, left = [], [], []

    async def delivery() -> bool:
        begun.set()
        await go_on.wait()
        ended.append("delivery")
        return True

    async def job() -> bool:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            interrupted.append("job")
            go_on.set()
            raise
        return True

    async def last(seconds: float) -> None:
        left.append(seconds)

    duties = [Duty(name="d", run=delivery, every_s=1), Duty(name="j", run=job, every_s=1, interruptible=True)]
    worker = Worker(duties, last=last)
    worker.start()
    await begun.wait()
    await worker.stop(grace_s=30)
    assert (ended, interrupted) == (["delivery"], ["job"])
    assert 0 < left[0] <= 30


async def test_a_stop_does_not_wait_for_ever():
    begun = asyncio.Event()

    async def hangs() -> bool:
        begun.set()
        await asyncio.Event().wait()
        return False

    worker = Worker([Duty(name="a", run=hangs, every_s=1)])
    worker.start()
    await begun.wait()
    await worker.stop(grace_s=0)


async def test_an_idle_worker_stops_at_once():
    work = Duties()
    worker = Worker([Duty(name="a", run=work, every_s=3_600)])
    worker.start()
    await work.done.wait()
    await worker.stop()


async def test_an_end_that_fails_does_not_keep_the_process():
    async def last(_: float) -> None:
        raise OverloadedError("the database is out")

    await Worker([], last=last).stop()
