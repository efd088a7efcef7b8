"""The index of recalls."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from claimlens.domain.recall import Recall, RecallMatch, RecallQuery, SourceState


class RecallIndex(Protocol):
    """Recalls to be searched. A reader sees a source before an import or after it, never half of it."""

    def load(self, recalls: Iterable[Recall], state: SourceState, *, keep: bool) -> SourceState:
        """Take in recalls of `state.source`; what the index then holds of it.

        With `keep` they join what is there, by id, the new one going before the old, and the day of the data is never
        earlier than the one held; without, they are the source's whole. The rows of `state` are counted anew. A
        starting set is not kept beside anything, and takes the place of nothing. Raises ClaimLensError when the index
        cannot be written; then everything is as it was.
        """
        ...

    def note_failure(self, source: str, at: datetime, reason: str) -> None:
        """Remember that the newest import of a source failed, until one succeeds. Unknown sources are left out."""
        ...

    def search(self, queries: Sequence[RecallQuery], *, least: float, limit: int) -> list[list[RecallMatch]]:
        """For each query the matches of at least that score, best first, at most `limit` open and `limit` closed.

        Raises ClaimLensError when there is no index that can be read.
        """
        ...

    def status(self) -> list[SourceState]:
        """Each source, in order of name; empty before the first import. Raises ClaimLensError as `search` does."""
        ...
