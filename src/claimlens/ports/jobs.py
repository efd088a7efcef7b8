"""Bulk jobs."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Protocol

from claimlens.domain.access import Access
from claimlens.domain.audit import Event
from claimlens.domain.job import Job
from claimlens.domain.tenant import PlatformScope, TenantScope


class JobStore(Protocol):
    """Jobs with their uploads and results, both kept as numbered chunks so that any replica can go on with them.

    Chunks are numbered from 0. A finished one is written through the journal (`JournalEntry.job_chunk`), in one
    transaction with its audits; the journal raises ConflictError and writes nothing if the lease is no longer ours or
    the chunk is not the next one.
    """

    async def create(self, scope: TenantScope, job: Job) -> None:
        """A job in state `receiving`."""
        ...

    async def add_chunk(self, scope: TenantScope, job_id: str, number: int, lines: bytes) -> None:
        """Keep a part of the upload: whole NDJSON lines."""
        ...

    async def queue(self, scope: TenantScope, job_id: str, *, chunks: int, lines: int) -> None:
        """The upload is whole."""
        ...

    async def find(self, scope: TenantScope, job_id: str) -> Job | None:
        """One job."""
        ...

    async def page(self, scope: TenantScope, *, after: str, limit: int, created_by: str = "") -> Sequence[Job]:
        """Newest first, those that come after an id; `created_by`: those that one actor sent."""
        ...

    async def cancel(self, scope: TenantScope, job_id: str, *, at: datetime, error: str, access: Access) -> bool:
        """End a job that is queued or running as failed; the upload is dropped, results stay. False if it ended."""
        ...

    def results(self, scope: TenantScope, job_id: str) -> AsyncIterator[bytes]:
        """The results so far, chunk by chunk in order: NDJSON."""
        ...

    async def lease(self, scope: PlatformScope, now: datetime, *, lease: str, until: datetime) -> Job | None:
        """A job to go on with: queued, or running under a lease that ran out; oldest first. Marked running."""
        ...

    async def extend(self, scope: PlatformScope, job_id: str, *, lease: str, until: datetime) -> bool:
        """Hold it longer; False if it is no longer ours."""
        ...

    async def chunk(self, scope: PlatformScope, job_id: str, number: int) -> bytes:
        """A part of the upload."""
        ...

    async def finish(
        self,
        scope: PlatformScope,
        job_id: str,
        *,
        lease: str,
        at: datetime,
        error: str = "",
        event: Event | None = None,
    ) -> bool:
        """Finished, or failed with one line why; the upload is dropped and `event` put into the outbox with it.

        False if the job is no longer ours: nothing is written then.
        """
        ...

    async def drop_broken_uploads(self, scope: PlatformScope, before: datetime) -> int:
        """Remove jobs whose upload broke off before a moment; how many."""
        ...
