"""From what the simulation measured to other rates: plain multiplication, printed with what it assumes."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from bench.rounds import Spread, shown, spread
from claimlens.usecases.sealing import INTERVAL, MOST_MEMBERS

_DAY_S, _MONTH_DAYS = 86_400, 30.4
_RATES = (1, 100, 10_000)
#: US dollars, the middle of what the big clouds ask without a contract in 2026; put in your own.
_CORE_HOUR, _GB_MONTH = 0.045, 0.12


@dataclass
class Measured:
    """What the simulation came to. Seconds are sums; bytes are of one."""

    tenants: int
    written: int = 0
    write_s: float = 0.0
    logged_bytes: float = 0.0
    write_cpu_s: float = 0.0
    write_database_cpu_s: float = 0.0
    sealed: int = 0
    seals: int = 0
    seal_s: float = 0.0
    seal_cpu_s: float = 0.0
    full_seal_s: list[float] = field(default_factory=list)
    drops: list[tuple[int, float]] = field(default_factory=list)
    deletes: list[tuple[int, float]] = field(default_factory=list)
    log_drops: list[tuple[int, float]] = field(default_factory=list)
    big_drop: tuple[int, float] = (0, 0.0)
    big_delete: tuple[int, float] = (0, 0.0)
    reads: dict[str, list[float]] = field(default_factory=dict)
    index_bytes: dict[str, float] = field(default_factory=dict)
    audit_bytes: float = 0.0
    record_bytes: float = 0.0
    log_bytes: float = 0.0
    logs_share: float = 0.0
    seal_bytes: float = 0.0
    member_bytes: float = 0.0
    partitions_left: int = 0
    rows_left: int = 0
    judge_s: float = 0.0

    @property
    def row_bytes(self) -> float:
        """An audit with its places in the indexes."""
        return self.audit_bytes + sum(self.index_bytes.values())

    def figures(self) -> Iterator[tuple[str, Spread | float, str]]:
        """Everything, to be printed."""
        yield "judged and recorded, processor time of an item", 1e6 * self.judge_s, "µs"
        yield "durable, audits a second (256 at once, one process)", self.written / self.write_s, "audits/s"
        yield "durable, processor time of an audit, here", 1e6 * self.write_cpu_s / self.written, "µs"
        yield "durable, processor time of an audit, PostgreSQL", 1e6 * self.write_database_cpu_s / self.written, "µs"
        yield "an audit with its log, in PostgreSQL's write-ahead log", self.logged_bytes / self.written, "bytes"
        yield "an audit's record, compressed", self.record_bytes, "bytes"
        yield "an audit's row", self.audit_bytes, "bytes"
        for name, size in self.index_bytes.items():
            yield f"an audit in the index {name}", size, "bytes"
        yield "an audit, row and indexes", self.row_bytes, "bytes"
        yield "a decision log (kept 24 hours), row and indexes", self.log_bytes, "bytes"
        yield "a seal without its members", self.seal_bytes, "bytes"
        yield "an audit in its seal's list of members", self.member_bytes, "bytes"
        yield "audits under a seal, mean of the simulation", self.sealed / self.seals, "audits"
        yield "sealing, time of a seal at that size", 1e3 * self.seal_s / self.seals, "ms"
        yield f"sealing, time of a seal of {MOST_MEMBERS:,}", spread([1e3 * one for one in self.full_seal_s]), "ms"
        yield "sealing, processor time of an audit, both sides", 1e6 * self.seal_cpu_s / self.sealed, "µs"
        for name, (rows, seconds) in (("as a partition", self.big_drop), ("row by row", self.big_delete)):
            yield f"an old month purged {name}, rows", rows, "rows"
            yield f"an old month purged {name}, time", 1e3 * seconds, "ms"
        for name, found in (
            ("dropped partitions", self.drops),
            ("deletes", self.deletes),
            ("dropped logs", self.log_drops),
        ):
            if rows := sum(rows for rows, _ in found):
                yield f"purge by {name}, rows", rows, "rows"
                yield f"purge by {name}, one month's", spread([1e3 * seconds for _, seconds in found]), "ms"
        yield "partitions of audits at the end", self.partitions_left, ""
        yield "audits at the end", self.rows_left, "rows"


def rate_table(measured: Measured) -> list[dict[str, Any]]:
    """What a day and a month come to at each rate, printed as a table."""
    interval = INTERVAL.total_seconds()
    one_seal = measured.seal_s / measured.seals
    member_s = max(0.0, (spread(measured.full_seal_s).median - one_seal) / MOST_MEMBERS)
    dropped_s = measured.big_drop[1] / measured.big_drop[0]  # its rows are counted first, tenant by tenant
    deleted_s = measured.big_delete[1] / measured.big_delete[0]
    rows = []
    for rate in _RATES:
        month = rate * _DAY_S * _MONTH_DAYS
        in_interval = rate * interval
        seals = max(min(measured.tenants, in_interval), in_interval / MOST_MEMBERS)
        rows.append(
            {
                "verdicts a second": rate,
                "audits a day": rate * _DAY_S,
                "rows of a month's partition": month,
                "GB of it": month * measured.row_bytes / 1e9,
                "GB of a day's decision logs": rate * _DAY_S * measured.logs_share * measured.log_bytes / 1e9,
                "GB kept with 90 days": rate * _DAY_S * (90 + _MONTH_DAYS) * measured.row_bytes / 1e9,
                "GB kept with a year": rate * _DAY_S * (365 + _MONTH_DAYS) * measured.row_bytes / 1e9,
                "MB of write-ahead log a second": rate * measured.logged_bytes / measured.written / 1e6,
                "seals a day": seals * _DAY_S / interval,
                "audits under a seal": in_interval / seals,
                "GB of a month's seals": (
                    month * measured.member_bytes + seals * _MONTH_DAYS * _DAY_S / interval * measured.seal_bytes
                )
                / 1e9,
                "seconds to seal five minutes": seals * one_seal + in_interval * member_s,
                "hours to drop a month, at most": month * dropped_s / 3600,
                "hours to delete a month": month * deleted_s / 3600,
                "cores that judge": rate * measured.judge_s,
                "cores of the journal": rate * measured.write_cpu_s / measured.written,
                "cores of PostgreSQL for inserts": rate * measured.write_database_cpu_s / measured.written,
            }
        )
    print(f"\n  by multiplication, {measured.tenants} tenants, one item a request\n")
    print("| |" + "".join(f" {rate:,}/s |" for rate in _RATES) + "\n|---|" + "---|" * len(_RATES))
    for name in rows[0]:
        print(f"| {name} |" + "".join(f" {shown(row[name])} |" for row in rows))
    return rows


def cost_table(measured: Measured) -> dict[str, float]:
    """Dollars for a million items, printed."""
    cpu_s = {
        "judging and recording": 1e6 * measured.judge_s,
        "journal": 1e6 * measured.write_cpu_s / measured.written,
        "PostgreSQL, inserts": 1e6 * measured.write_database_cpu_s / measured.written,
        "sealing": 1e6 * measured.seal_cpu_s / measured.sealed,
    }
    gigabytes = (measured.row_bytes + measured.member_bytes) * 1e6 / 1e9
    cost = {f"processor, {name}": seconds / 3600 * _CORE_HOUR for name, seconds in cpu_s.items()}
    cost["storage for 90 days"] = gigabytes * 3 * _GB_MONTH
    cost["storage for a year"] = gigabytes * 12 * _GB_MONTH
    print(f"\n  a million items at {_CORE_HOUR} $ a core hour and {_GB_MONTH} $ a GB month\n")
    print("| | core seconds | $ |\n|---|---|---|")
    for name, seconds in cpu_s.items():
        print(f"| {name} | {shown(seconds)} | {shown(cost[f'processor, {name}'])} |")
    for name in ("storage for 90 days", "storage for a year"):
        print(f"| {name}, {shown(gigabytes)} GB | | {shown(cost[name])} |")
    print()
    return cost
