"""daft spreads the pieces of a scan over processes: on this machine, or over the nodes of a Ray cluster.

One plan for both: a table with a row for each task, and a class that daft opens once in each process and hands one row
at a time. Python holds one core a process, so processes it is, and never threads.
"""

import asyncio
import atexit
import logging
import os
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

# Before daft is imported: it reports each import to its makers otherwise, and draws progress of its own.
os.environ.update(DO_NOT_TRACK="1", DAFT_ANALYTICS_ENABLED="0", DAFT_PROGRESS_BAR="0", RAY_USAGE_STATS_ENABLED="0")

import daft
from daft.event_loop import set_event_loop
from daft.functions import list_join

from claimlens.domain.errors import ClaimLensError
from claimlens.domain.scan import Transition, Transitions
from claimlens.ports.scans import Work

#: Shared memory of a Ray that is started for one scan: what goes through it are a few lines for each piece.
_RAY_MEMORY = 100 << 20
_KNOCK_S = 10
_KEY = ["item_id", "locale"]


class _Worker:
    """What daft opens in each process."""

    def __init__(self, opener: Callable[[bytes], Work], setup: bytes) -> None:
        self._work = opener(setup)

    @daft.method.batch(return_dtype=daft.DataType.string(), batch_size=1)
    def done(self, tasks: daft.Series) -> list[str]:
        return [self._work(task) for task in tasks.to_pylist()]


class DaftEngine:
    """A ScanEngine (`ports/scans.py`). `processes`: at once, in all; 0: as many as there are cores."""

    def __init__(self, *, processes: int = 0) -> None:
        self._processes = processes or len(os.sched_getaffinity(0))
        _start_loop()
        daft.set_runner_native()

    def run(self, opener: Callable[[bytes], Work], setup: bytes, tasks: Sequence[str]) -> Iterator[str]:
        """What came of each task, in whatever order they end."""
        if not tasks:
            return
        processes = min(self._processes, len(tasks))
        worker = daft.cls(_Worker, use_process=True, max_concurrency=processes)(opener, setup)
        table = self._parted(daft.from_pydict({"task": list(tasks)}), len(tasks))
        try:
            for row in table.select(worker.done(table["task"]).alias("done")).iter_rows(results_buffer_size=None):
                yield row["done"]
        except (daft.exceptions.DaftCoreException, RuntimeError) as error:
            raise ClaimLensError(f"the engine stopped: {_told(error)}; go on with --resume") from error

    def transitions(self, before: str, now: str) -> Transitions:
        """The results below one folder beside those below another; of items of one id and locale the first counts."""
        old, new = (_results(folder, suffix) for folder, suffix in ((before, "before"), (now, "now")))
        both = old.join(new, on=_KEY, how="outer")
        same = (both["digest_before"] == both["digest_now"]).fill_null(False)
        changed = both.with_column("same", same).groupby(
            "verdict_before", "verdict_now", "rules_before", "rules_now", "same"
        )
        verdicts: Counter[tuple[str, str, bool]] = Counter()
        appeared: Counter[str] = Counter()
        vanished: Counter[str] = Counter()
        only_before = only_now = 0
        for row in changed.agg(daft.col("item_id").count("all").alias("items")).iter_rows():
            was, is_now, items = row["verdict_before"], row["verdict_now"], row["items"]
            if was is None or is_now is None:
                only_before, only_now = only_before + items * (is_now is None), only_now + items * (was is None)
                continue
            verdicts[was, is_now, row["same"]] += items
            rules_before, rules_now = set(row["rules_before"].split()), set(row["rules_now"].split())
            appeared.update(dict.fromkeys(rules_now - rules_before, items))
            vanished.update(dict.fromkeys(rules_before - rules_now, items))
        return Transitions(
            compared=sum(verdicts.values()),
            only_before=only_before,
            only_now=only_now,
            verdicts=tuple(
                Transition(before=was, after=is_now, items=items, same_item=same)
                for (was, is_now, same), items in sorted(verdicts.items())
            ),
            appeared=dict(sorted(appeared.items())),
            vanished=dict(sorted(vanished.items())),
        )

    def _parted(self, table: Any, tasks: int) -> Any:
        return table.into_batches(1)


class RayEngine(DaftEngine):
    """The same plan on a Ray cluster; without an address on one that is started here for the scan."""

    def __init__(self, address: str = "", *, processes: int = 0) -> None:
        import ray

        if address:
            _knock(address)
        options: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": False}
        if not address:
            cores = processes or len(os.sched_getaffinity(0))
            options |= {"num_cpus": cores, "include_dashboard": False, "object_store_memory": _RAY_MEMORY}
        try:
            if not ray.is_initialized():
                ray.init(address or "local", **options)
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise ClaimLensError(f"there is no Ray cluster at {address or 'this machine'}: {_told(error)}") from error
        daft.set_runner_ray()
        self._processes = processes or int(ray.cluster_resources().get("CPU", 1))

    def _parted(self, table: Any, tasks: int) -> Any:
        # A part is what goes to a node: one for each task, or all of them would go to one.
        return table.into_partitions(tasks)


def _knock(address: str) -> None:
    """Raises ClaimLensError if nobody listens there: Ray itself would go on asking for ten minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdigit():
        raise ClaimLensError(f"--address {address!r:.80} is not HOST:PORT of a Ray cluster")
    try:
        socket.create_connection((host, int(port)), timeout=_KNOCK_S).close()
    except OSError as error:
        raise ClaimLensError(f"there is no Ray cluster at {address}: {error.strerror or error}") from None


_loop: asyncio.AbstractEventLoop | None = None


def _start_loop() -> None:
    """Give daft an event loop that ends before the interpreter does.

    Its own lives in a daemon thread: what still runs there while Python shuts down brings the process down (seen with
    daft 0.7.26, one run in three on a busy machine).
    """
    global _loop
    if _loop is not None:
        return
    loop = _loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="scan-engine", daemon=True)
    thread.start()
    set_event_loop(loop)

    def stop() -> None:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()

    atexit.register(stop)


def _results(folder: str, suffix: str) -> Any:
    table = daft.read_parquet(f"{folder}/results/*.parquet")
    table = table.select(
        *_KEY,
        daft.col("verdict").alias(f"verdict_{suffix}"),
        list_join(daft.col("rules"), " ").alias(f"rules_{suffix}"),
        daft.col("item_digest").alias(f"digest_{suffix}"),
    )
    columns = [f"{name}_{suffix}" for name in ("verdict", "rules", "digest")]
    return table.groupby(*_KEY).agg(*[daft.col(name).any_value() for name in columns])


def _told(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines or [type(error).__name__])[-1][:300]
