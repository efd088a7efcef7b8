"""Recalls: taking them in, saying how fresh they are, and the answers of `recall.lookup`.

An answer is `found`, `none` or `unknown`. Stale, failed or missing data is `unknown` and never `none`: that nothing was
found in it means nothing.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Literal

import msgspec

from claimlens.domain.errors import ClaimLensError, InputError
from claimlens.domain.jurisdiction import Jurisdiction
from claimlens.domain.recall import RecallMatch, RecallQuery, RecallStatus, SourceState
from claimlens.domain.recall_source import SOURCES
from claimlens.gate.ingest.recalls import BadRow, read_recalls
from claimlens.ports.clock import Clock
from claimlens.ports.recalls import RecallIndex
from claimlens.usecases.recall_wire import FailedSource, RecallReply, SourceReply, match_reply, query_of

#: A match of less is not worth a person's time.
LEAST_SCORE = 0.5
MOST_MATCHES = 10
STALE_AFTER_DAYS = 14
#: A source that never says when a recall ends: after so many days its recalls are listed with the closed ones.
OPEN_FOR_DAYS = 730


class Import(msgspec.Struct, frozen=True, kw_only=True):
    """What an import did: rows of the files, and what the index holds of the source since."""

    source: str
    format: str
    read: int
    joined: int
    bad: tuple[BadRow, ...]
    rows: int
    open: int
    data_as_of: date


class SourceStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A source as an operator reads it. `state` is fresh | stale | failed | starting."""

    source: str
    state: str
    detail: str
    rows: int
    open: int
    markets: tuple[str, ...]
    data_as_of: date
    age_days: int
    imported_at: str
    failure: str
    attribution: str


class Recalls:
    """The use cases over one index. `stale_after_days`: from when on a source's silence means nothing."""

    def __init__(self, index: RecallIndex, clock: Clock, *, stale_after_days: int = STALE_AFTER_DAYS) -> None:
        self._index = index
        self._clock = clock
        self._stale_after = stale_after_days

    def take_in(
        self,
        files: Sequence[bytes],
        *,
        form: str = "",
        source: str = "",
        market: Jurisdiction | None = None,
        replace: bool = False,
        as_of: date | None = None,
        live: bool = False,
        starting: bool = False,
    ) -> Import:
        """Import the files of one source (pages of one feed) in one step: all of them or none.

        They join what is there unless `replace`; a starting set always goes. `live`: they were fetched from the
        publisher a moment ago, so that the day of the data is today, unless a publisher that we know has been silent
        for longer than it ever is. Raises InputError for files that cannot be read, ClaimLensError when the index
        cannot be written; the source then counts as failed until an import succeeds.
        """
        known = form if form in SOURCES else source
        try:
            return self._take_in(files, form, source, market, replace, as_of, live, starting)
        except ClaimLensError as error:
            if known:
                self.note_failure(known, str(error))
            raise

    def note_failure(self, source: str, reason: str) -> None:
        """Remember that a source could not be taken in, until it is; its silence means nothing meanwhile."""
        try:
            self._index.note_failure(source, self._clock.now(), reason)
        except ClaimLensError:
            return  # the reader of the index will say so

    def _take_in(
        self,
        files: Sequence[bytes],
        form: str,
        source: str,
        market: Jurisdiction | None,
        replace: bool,
        as_of: date | None,
        live: bool,
        starting: bool,
    ) -> Import:
        pages = []
        for data in files:
            found, page = read_recalls(data, form, source=source, market=market)
            form = form or found
            pages.append(page)
        name = form if form in SOURCES else source
        if source and source != name:
            raise InputError(f"{form} files are of the source {name}, not of {source}")
        if name in SOURCES and form == "csv":
            raise InputError(f"{name} has a format of its own; give a table another name with --source")
        recalls = [recall for page in pages for recall in page.recalls]
        now = self._clock.now()
        day = as_of or max((page.data_as_of for page in pages if page.data_as_of), default=None)
        if day is None:
            raise InputError("no row of it is a recall, and nothing says of which day it is")
        if live and (name not in SOURCES or (now.date() - day).days <= self._stale_after):
            day = now.date()
        if day > now.date() + timedelta(days=1):
            raise InputError(f"it says that it is of {day}, which is still to come")
        state = self._index.load(
            recalls,
            SourceState(
                source=name,
                rows=0,
                open_rows=0,
                markets=(market,) if market else (),
                data_as_of=day,
                imported_at=now,
                starting=starting,
            ),
            keep=not replace,
        )
        return Import(
            source=name,
            format=form,
            read=sum(page.rows for page in pages),
            joined=sum(page.joined for page in pages),
            bad=tuple(bad for page in pages for bad in page.bad),
            rows=state.rows,
            open=state.open_rows,
            data_as_of=state.data_as_of,
        )

    def status(self) -> list[SourceStatus]:
        """Every source. Raises ClaimLensError when the index cannot be read."""
        return [self._status(state) for state in self._index.status()]

    def search(
        self, query: RecallQuery, *, least: float = LEAST_SCORE, limit: int = MOST_MATCHES
    ) -> tuple[list[RecallMatch], list[RecallMatch]]:
        """(open matches, closed matches), best first. Raises ClaimLensError when the index cannot be read."""
        return self._parted(self._index.search([query], least=least, limit=limit)[0])

    def answer(self, payloads: Sequence[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
        """The answers of `recall.lookup`, one a payload. Never raises; `{"cannot": reason}` for a payload that is none.

        See RecallPayload and RecallReply.
        """
        read = [query_of(payload) for payload in payloads]
        queries = [query for query in read if isinstance(query, RecallQuery)]
        try:
            states = self._index.status()
            found = self._index.search(queries, least=LEAST_SCORE, limit=MOST_MATCHES) if states else None
        except ClaimLensError as error:
            replies = iter([_unreadable(error)] * len(queries))
        else:
            statuses = [self._status(state) for state in states]
            matches = found if found is not None else [[] for _ in queries]
            replies = iter([self._reply(query, m, statuses) for query, m in zip(queries, matches, strict=True)])
        return tuple(
            {"cannot": query} if isinstance(query, str) else msgspec.to_builtins(next(replies)) for query in read
        )

    def _reply(self, query: RecallQuery, matches: list[RecallMatch], statuses: list[SourceStatus]) -> RecallReply:
        asked = [status for status in statuses if query.market is None or query.market in status.markets]
        failed = [
            FailedSource(status.source, status.state, status.detail) for status in asked if status.state != "fresh"
        ]
        if not asked:
            where = f" for {query.market}" if query.market else ""
            failed = [FailedSource("", "missing", f"no source of recalls{where} was imported")]
        still_open, closed = self._parted(matches)
        fresh = {status.source for status in asked if status.state == "fresh"}
        outcome: Literal["found", "none", "unknown"] = "unknown" if failed else "none"
        if any(match.recall.source in fresh for match in still_open):
            outcome = "found"
        return RecallReply(
            outcome=outcome,
            matches=[match_reply(match) for match in still_open],
            closed=[match_reply(match) for match in closed],
            data_as_of=min(status.data_as_of for status in asked).isoformat() if asked else None,
            sources=[
                SourceReply(status.source, status.state, status.data_as_of.isoformat(), status.attribution)
                for status in asked
            ],
            failed_sources=failed,
        )

    def _status(self, state: SourceState) -> SourceStatus:
        age = max(0, (self._clock.now().date() - state.data_as_of).days)
        if state.failure:
            kind, detail = "failed", f"the last import failed: {state.failure}"
        elif state.starting:
            kind, detail = "starting", "only the small set that came with the program; import the source"
        elif age > self._stale_after:
            kind, detail = "stale", f"data of {state.data_as_of}, {age} days old; stale after {self._stale_after}"
        else:
            kind, detail = "fresh", f"data of {state.data_as_of}"
        known = SOURCES.get(state.source)
        return SourceStatus(
            source=state.source,
            state=kind,
            detail=detail,
            rows=state.rows,
            open=state.open_rows,
            markets=tuple(market.value for market in state.markets),
            data_as_of=state.data_as_of,
            age_days=age,
            imported_at=state.imported_at.isoformat(timespec="seconds"),
            failure=state.failure,
            attribution=known.attribution if known else "",
        )

    def _parted(self, matches: list[RecallMatch]) -> tuple[list[RecallMatch], list[RecallMatch]]:
        """(open, closed); a recall of long ago whose source never closes one is closed, and says why."""
        oldest = self._clock.now().date() - timedelta(days=OPEN_FOR_DAYS)
        still_open, closed = [], []
        for match in matches:
            recall = match.recall
            if recall.status is RecallStatus.CLOSED:
                closed.append(match)
            elif (recall.updated or recall.published) < oldest and not _closes(recall.source):
                why = f"older than {OPEN_FOR_DAYS} days; its source does not say when a recall ends"
                recall = msgspec.structs.replace(recall, status=RecallStatus.CLOSED, closed_as=why)
                closed.append(msgspec.structs.replace(match, recall=recall))
            else:
                still_open.append(match)
        return still_open, closed


def _closes(source: str) -> bool:
    known = SOURCES.get(source)
    return known.closes if known else True


def _unreadable(error: ClaimLensError) -> RecallReply:
    return RecallReply(outcome="unknown", failed_sources=[FailedSource("index", "failed", str(error))])
