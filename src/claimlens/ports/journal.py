"""Where answers become durable."""

from typing import Protocol

from claimlens.domain.audit import IdempotencyKey, JournalEntry, StoredReply
from claimlens.domain.tenant import TenantScope


class Journal(Protocol):
    """Writes what an answer leaves behind, many answers sharing one commit."""

    async def write(self, scope: TenantScope, entry: JournalEntry) -> None:
        """Return when everything of the entry is committed.

        Raises OverloadedError if it could not be written; ConflictError if it finishes a chunk of a job that is no
        longer ours, or not its next.
        """
        ...


class Idempotency(Protocol):
    """Claims on clients' own names for requests; kept 24 hours."""

    async def claim(self, scope: TenantScope, key: IdempotencyKey, fingerprint: bytes) -> StoredReply | None:
        """None: the claim is ours for 60 s, go on. A reply: it was answered before.

        Raises ConflictError: 409 while another request holds it, 422 (`status` set on the error) for another body,
        409 for a reply that was not kept because it held a secret.
        """
        ...

    async def keep(self, scope: TenantScope, key: IdempotencyKey, reply: StoredReply | None) -> None:
        """Settle a claim outside the journal; None keeps only that it was answered (the reply held a secret)."""
        ...

    async def release(self, scope: TenantScope, key: IdempotencyKey) -> None:
        """Give a claim back unanswered (429, 5xx)."""
        ...
