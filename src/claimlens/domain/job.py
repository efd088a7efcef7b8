"""Bulk jobs: up to 100 MB of NDJSON, judged by the worker."""

from datetime import datetime
from enum import StrEnum

import msgspec


class JobState(StrEnum):
    """Where a job stands. `receiving`: the upload has not ended; an upload that broke off never gets further."""

    RECEIVING = "receiving"
    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A bulk job. The upload is kept as numbered chunks of whole lines; `chunks_done` of `chunks` are judged.

    `items` and `unread` count the lines judged and those that could not be read so far; `lines` those received.
    """

    id: str
    tenant_id: str
    state: JobState
    locale: str
    created_at: datetime
    created_by: str
    test: bool = False
    correlation_id: str = ""
    chunks: int = 0
    chunks_done: int = 0
    lines: int = 0
    items: int = 0
    unread: int = 0
    started_at: datetime | None = None
    finished_at: datetime | None = None
    error: str = ""
