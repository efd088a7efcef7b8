"""What the worker does, and how often."""

from claimlens.entry.worker.loop import Duty, Worker
from claimlens.wiring.background import Background

#: How often an idle worker looks for deliveries and jobs, in seconds; what happens in its own process wakes it.
IDLE_S = 0.2
HOUR_S, DAY_S = 3_600.0, 86_400.0
#: Bulk jobs at once: a long one does not keep every other tenant's waiting.
JOBS_AT_ONCE = 2


def worker_of(background: Background) -> Worker:
    """A worker for everything that is done in the background."""
    dispatcher = background.dispatcher
    return Worker(
        [
            Duty(name="webhooks", run=dispatcher.step, every_s=IDLE_S, bell=dispatcher.bell),
            *(
                Duty(name=f"jobs_{number}", run=background.jobs.work_one, every_s=IDLE_S, interruptible=True)
                for number in range(1, JOBS_AT_ONCE + 1)
            ),
            Duty(name="partitions", run=background.make_partitions, every_s=DAY_S),
            Duty(name="idempotency_keys", run=background.forget_idempotency_keys, every_s=HOUR_S),
            Duty(name="broken_uploads", run=background.drop_broken_uploads, every_s=HOUR_S),
        ],
        last=dispatcher.stop,
    )
