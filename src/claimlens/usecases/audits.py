"""Stored audits: lists, one of them, exports. Every look leaves its line in the access log before anything is shown."""

from collections.abc import AsyncIterator, Mapping
from typing import Any, NamedTuple

import msgspec

from claimlens.domain.audit import Audit
from claimlens.domain.errors import InvalidError, NotFoundError
from claimlens.domain.tenant import Principal
from claimlens.domain.verdict import Outcome
from claimlens.gate.record import moment_text
from claimlens.ports.accounts import AccessLog
from claimlens.ports.audits import AuditFilter, AuditStore
from claimlens.ports.clock import Clock
from claimlens.usecases.access_log import access_line
from claimlens.usecases.authentication import reach, scope_within
from claimlens.usecases.pages import LEAST_ROWS, MOST_ROWS, USUAL_ROWS, Page, cut, moment_and_id_of
from claimlens.usecases.periods import period_of
from claimlens.usecases.permissions import require
from claimlens.usecases.reports.markdown import audit_markdown

_FLAGS = {"true": True, "1": True, "false": False, "0": False}
_encoder = msgspec.json.Encoder()


class Excuse(msgspec.Struct, frozen=True):
    """A match that was forgiven: by which rule, where, and because of what."""

    rule_id: str
    field: str
    because: str


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What a transform did to one item, as the decision log has it."""

    transform: str
    findings: tuple[str, ...] = ()
    excused: tuple[Excuse, ...] = ()
    changes: tuple[str, ...] = ()
    values: int = 0


class Times(msgspec.Struct, frozen=True, kw_only=True):
    """How long the transforms took for all the items of a request, in microseconds."""

    items: int
    took_us: dict[str, int]


class Decisions(NamedTuple):
    """What is known of how a verdict came about. `times` is None for a request whose transforms were not timed."""

    done: list[Done]
    times: Times | None


class AuditDesk:
    """Reads of a tenant's audits."""

    def __init__(self, audits: AuditStore, access: AccessLog, clock: Clock) -> None:
        self._audits = audits
        self._access = access
        self._clock = clock

    async def page(self, principal: Principal, query: Mapping[str, str]) -> bytes:
        """A page of the list, newest first: `{"audits": [...], "next_cursor"}`.

        Filters are those of `audit_filter`. Raises InvalidError for a filter, cursor or limit that cannot be read.
        """
        page = await self.rows(principal, query)
        return _encoder.encode({"audits": [audit_wire(row) for row in page.rows], "next_cursor": page.next_cursor})

    async def rows(self, principal: Principal, query: Mapping[str, str], *, everywhere: bool = False) -> Page[Audit]:
        """As `page`, the audits themselves; `everywhere`: of all tenants, for a platform administrator."""
        require(principal, "audits.read")
        chosen, limit = audit_filter(query), limit_of(query, MOST_ROWS, USUAL_ROWS)
        after = moment_and_id_of(query.get("cursor", ""))
        covered = reach(principal) if everywhere else principal.scope
        found = await self._audits.page(covered, chosen, after=after, limit=limit + 1)
        page = cut(found, limit, lambda row: (row.ts.isoformat(), row.id))
        await self._note(principal, "audit:read", "", len(page.rows), chosen)
        return page

    async def one(self, principal: Principal, audit_id: str) -> bytes:
        """The record of one audit, byte for byte as it was hashed. Raises NotFoundError."""
        return (await self._read(principal, audit_id, "audits.read")).record

    async def decisions(self, principal: Principal, audit: Audit) -> Decisions:
        """What each transform did to the item of an audit that was just read; nothing when the log is a day old."""
        require(principal, "audits.read")
        lines = await self._audits.decisions(scope_within(principal, audit.tenant_id), audit)
        timed = [line for line in lines if line.startswith(b'{"items":')]
        return Decisions(
            [msgspec.json.decode(line, type=Done) for line in lines if line not in timed],
            msgspec.json.decode(timed[0], type=Times) if timed else None,
        )

    async def find(self, principal: Principal, audit_id: str) -> Audit:
        """One audit with the columns people search. Raises NotFoundError."""
        return await self._read(principal, audit_id, "audits.read")

    async def markdown(self, principal: Principal, audit_id: str) -> str:
        """One audit for people to read. Raises NotFoundError."""
        return audit_markdown((await self._read(principal, audit_id, "audits.read")).record)

    async def export(self, principal: Principal, query: Mapping[str, str]) -> AsyncIterator[bytes]:
        """The records of a period as NDJSON, oldest first, in constant memory.

        The last line is `{"_summary": ...}`; without it the stream was cut. Raises InvalidError before the first byte.
        """
        require(principal, "audits.export")
        chosen = audit_filter(query)
        due = await self._audits.count(principal.scope, chosen)
        await self._note(principal, "audit:export", "", due, chosen)
        return self._lines(principal, chosen)

    async def _lines(self, principal: Principal, chosen: AuditFilter) -> AsyncIterator[bytes]:
        count = 0
        async for batch in self._audits.export(principal.scope, chosen):
            count += len(batch)
            yield b"".join([record + b"\n" for record in batch])
        summary = {"count": count, "filter": _said(chosen), "exported_at": moment_text(self._clock.now())}
        yield _encoder.encode({"_summary": summary}) + b"\n"

    async def _read(self, principal: Principal, audit_id: str, action: str) -> Audit:
        require(principal, action)
        audit = await self._audits.find(principal.scope, audit_id)
        if audit is None:
            raise NotFoundError(f"there is no audit {audit_id!r:.80}")
        await self._note(principal, "audit:read", audit.id, 1, None)
        return audit

    async def _note(
        self, principal: Principal, action: str, target: str, count: int, chosen: AuditFilter | None
    ) -> None:
        seen = {"count": count} | ({"filter": _said(chosen)} if chosen is not None else {})
        await self._access.add(principal.scope, access_line(principal, self._clock, action, target, seen))


def audit_filter(query: Mapping[str, str]) -> AuditFilter:
    """The filter that a query asks for.

    `start_date`, `end_date`, `verdict`, `item_id`, `rule_id`, `correlation_id`, `job_id`, `needs_review`; what is left
    out or empty filters nothing. Raises InvalidError.
    """
    start, end = period_of(query)
    verdict, review = query.get("verdict", ""), query.get("needs_review", "")
    if verdict and verdict not in list(Outcome):
        raise _invalid(f"verdict is {verdict!r:.40}; it is one of {', '.join(Outcome)}")
    if review and review not in _FLAGS:
        raise _invalid(f"needs_review is {review!r:.40}; it is true or false")
    return AuditFilter(
        start=start,
        end=end,
        verdict=Outcome(verdict) if verdict else None,
        item_id=query.get("item_id", ""),
        rule_id=query.get("rule_id", ""),
        correlation_id=query.get("correlation_id", ""),
        job_id=query.get("job_id", ""),
        needs_review=_FLAGS[review] if review else None,
    )


def limit_of(query: Mapping[str, str], most: int, usual: int) -> int:
    """How many rows a query asks for. Raises InvalidError for none, too many, and what is no number."""
    text = query.get("limit", "")
    if not text:
        return usual
    if not (text.isascii() and text.isdigit() and len(text) < 10 and LEAST_ROWS <= int(text) <= most):
        raise _invalid(f"limit is {text!r:.40}; it is a whole number from {LEAST_ROWS} to {most}")
    return int(text)


def audit_wire(audit: Audit) -> dict[str, Any]:
    """An audit as it stands in a list; the whole record is read one by one."""
    return {
        "id": audit.id,
        "ts": moment_text(audit.ts),
        "item_id": audit.item_id,
        "verdict": audit.verdict,
        "needs_review": audit.needs_review,
        "locale": audit.locale,
        "profile": audit.profile,
        "rules": audit.rules,
        "degraded": audit.degraded,
        "test": audit.test,
        "correlation_id": audit.correlation_id,
        "job_id": audit.job_id,
    }


def _said(chosen: AuditFilter) -> dict[str, Any]:
    return {name: value for name, value in msgspec.to_builtins(chosen).items() if value not in (None, "")}


def _invalid(detail: str) -> InvalidError:
    return InvalidError((("", detail),))
