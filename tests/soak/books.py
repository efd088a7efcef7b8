"""What the clients hold against what the store holds."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence

import asyncpg
import msgspec

from tests.soak.asks import Done


class Books(msgspec.Struct):
    """The audits of the store: how often each id, and how many for each request and each job."""

    ids: Counter[str]
    names: Counter[str]
    jobs: Counter[str]


def read_books(url: str) -> Books:
    """Everything that the store holds."""
    return asyncio.run(_read(url))


async def _read(url: str) -> Books:
    books = Books(Counter(), Counter(), Counter())
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            query = "SELECT id::text, correlation_id, job_id::text FROM audits"
            async for audit_id, name, job in connection.cursor(query, prefetch=20_000):
                books.ids[audit_id] += 1
                if job:
                    books.jobs[job] += 1
                else:
                    books.names[name] += 1
    finally:
        await connection.close()
    return books


class Compared(msgspec.Struct):
    """How often each promise was broken; all 0 is what is wanted."""

    #: Audits of answered verdicts.
    held: int
    lost: int
    doubled: int
    #: Requests of which some items have an audit and some have none.
    torn: int
    #: Audits of requests that nobody sent.
    unknown: int
    #: Audits of bulk jobs that are too many or too few.
    jobs: int
    examples: list[str]


def compare(done: Iterable[Done], books: Books, jobs: Sequence[str], job_lines: int) -> Compared:
    """Hold the answers against the store."""
    found = Compared(0, 0, 0, 0, 0, 0, [])
    known = set()
    for one in done:
        known.add(one.name)
        kept = books.names[one.name]
        found.held += len(one.audits)
        lost = [audit for audit in one.audits if not books.ids[audit]]
        found.lost += len(lost)
        found.doubled += max(0, kept - one.items)
        # One that was not answered may have been done: whole and once, or not at all.
        is_torn = 0 < kept < one.items
        found.torn += is_torn
        if lost or is_torn or kept > one.items:
            found.examples.append(
                f"{one.name} ({one.kind}, {one.status}, before it {one.saw}): {kept} audits for {one.items} items, "
                f"{len(lost)} of those answered are not there"
            )
    found.unknown = sum(count for name, count in books.names.items() if name not in known)
    found.jobs = sum(abs(books.jobs[job] - job_lines) for job in jobs)
    if found.unknown:
        some = [name for name in books.names if name not in known][:5]
        found.examples.append(f"audits of requests that nobody sent: {some}")
    return found
