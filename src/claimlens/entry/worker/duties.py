"""What the worker does, and how often."""

from collections.abc import Callable, Mapping

from claimlens.domain.incident import Component
from claimlens.entry.worker.loop import Duty, Worker
from claimlens.wiring.background import Background

#: How often an idle worker looks for deliveries and jobs, in seconds; what happens in its own process wakes it.
IDLE_S = 0.2
#: How often it is looked whether an interval of audits is over.
SEAL_LOOK_S = 10.0
#: How often it is looked whether a purge is due.
PURGE_LOOK_S = 300.0
QUARTER_S, HOUR_S, DAY_S = 900.0, 3_600.0, 86_400.0


def worker_of(background: Background) -> Worker:
    """A worker for everything that is done in the background."""
    dispatcher = background.dispatcher
    return Worker(
        [
            Duty(name="webhooks", run=dispatcher.step, every_s=IDLE_S, bell=dispatcher.bell),
            # Two at once, so that a long one does not keep every other tenant's waiting.
            Duty(name="jobs", run=background.jobs.work_one, every_s=IDLE_S, interruptible=True),
            Duty(name="jobs_beside", run=background.jobs.work_one, every_s=1.0, interruptible=True),
            Duty(name="seals", run=background.seal_audits, every_s=SEAL_LOOK_S),
            Duty(name="partitions", run=background.make_partitions, every_s=DAY_S),
            Duty(name="purge", run=background.purge, every_s=PURGE_LOOK_S),
            Duty(name="audit_counts", run=background.settle_counts, every_s=QUARTER_S),
            Duty(name="sessions", run=background.forget_sessions, every_s=HOUR_S),
            Duty(name="broken_uploads", run=background.drop_broken_uploads, every_s=HOUR_S),
        ],
        last=dispatcher.stop,
    )


def parts_of(worker: Worker) -> Callable[[], Mapping[Component, bool]]:
    """Says of the parts that a worker keeps whether each is in order."""
    return lambda: {each: str(each) not in worker.failing for each in (Component.WEBHOOKS, Component.JOBS)}
