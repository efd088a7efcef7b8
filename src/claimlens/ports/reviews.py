"""Decisions of people about audits, kept."""

from collections.abc import Sequence
from typing import Protocol

from claimlens.domain.access import Access
from claimlens.domain.audit import Audit
from claimlens.domain.review import Review
from claimlens.domain.tenant import Reach, TenantScope
from claimlens.ports.audits import Position


class ReviewStore(Protocol):
    """A tenant's review queue: audits that need a person, and what people decided about them."""

    async def waiting(self, reach: Reach, *, after: Position | None, limit: int) -> Sequence[Audit]:
        """Audits that need a person and have no decision, newest first; of an item only its newest one, no tests."""
        ...

    async def count_waiting(self, scope: TenantScope, *, most: int) -> int:
        """How many are waiting; counted up to `most`."""
        ...

    async def decided(self, scope: TenantScope, *, after: Position | None, limit: int) -> Sequence[Review]:
        """Decisions, newest first; a position is the moment of the decision and the audit."""
        ...

    async def find(self, scope: TenantScope, audit_id: str) -> Review | None:
        """The decision about an audit."""
        ...

    async def among(self, scope: TenantScope, audit_ids: Sequence[str]) -> dict[str, Review]:
        """The decisions about some audits, by audit."""
        ...

    async def decide(self, scope: TenantScope, review: Review, access: Access) -> bool:
        """Keep a decision with its line in the access log; False, and nothing kept, if there is one already."""
        ...

    async def undo(self, scope: TenantScope, audit_id: str, access: Access) -> bool:
        """Take a decision back; whether there was one."""
        ...
