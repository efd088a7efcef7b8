"""The review queue: items that need a person, and what people decide about them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from claimlens.domain.audit import Audit
from claimlens.domain.errors import ConflictError, InputError, InvalidError, NotFoundError
from claimlens.domain.finding import Change
from claimlens.domain.review import Decision, Review
from claimlens.domain.tenant import Principal
from claimlens.kit.json_text import JsonReader
from claimlens.kit.wellformed import is_wellformed
from claimlens.ports.accounts import AccessLog
from claimlens.ports.audits import AuditStore
from claimlens.ports.clock import Clock
from claimlens.ports.reviews import ReviewStore
from claimlens.usecases.access_log import access_line
from claimlens.usecases.asks import read_validate
from claimlens.usecases.authentication import reach
from claimlens.usecases.corrections import corrected_record
from claimlens.usecases.pages import USUAL_ROWS, Page, cut, moment_and_id_of
from claimlens.usecases.permissions import require
from claimlens.usecases.reports.recorded import recalled
from claimlens.usecases.verdicts import Desk

#: Letters of a reason, of an edited text, and audits decided in one go.
MOST_REASON, MOST_TEXT, MOST_AT_ONCE = 1_000, 100_000, 200
#: Beyond this nobody counts what is waiting.
MOST_COUNTED = 1_000


class NewDecision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is decided. An override needs a reason, an edit the texts of the fields that change."""

    decision: Decision
    reason: str = ""
    texts: dict[str, str] = {}


class ManyDecisions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One decision about many audits; an edit is about one."""

    audit_ids: tuple[str, ...]
    decision: Decision
    reason: str = ""


class ReviewView(msgspec.Struct, frozen=True, kw_only=True):
    """A decision as it is shown."""

    audit_id: str
    item_id: str
    judged_at: datetime
    decision: Decision
    reason: str
    decided_by: str
    decided_at: datetime
    texts: dict[str, str]
    new_audit_id: str | None


class Outcomes(msgspec.Struct, frozen=True, kw_only=True):
    """What came of many decisions: the audits that were decided, and those that were not, with why."""

    decided: tuple[str, ...]
    left: dict[str, str]


class Reviews:
    """Reads the queue and decides. Every decision and every undo is in the access log."""

    def __init__(self, reviews: ReviewStore, audits: AuditStore, access: AccessLog, desk: Desk, clock: Clock) -> None:
        self._reviews = reviews
        self._audits = audits
        self._access = access
        self._desk = desk
        self._clock = clock

    async def waiting(
        self, principal: Principal, *, cursor: str = "", limit: int = USUAL_ROWS, everywhere: bool = False
    ) -> Page[Audit]:
        """Audits that wait for a person, newest first. Raises InvalidError for a cursor that is none of ours.

        `everywhere`: of all tenants, for a platform administrator.
        """
        require(principal, "reviews.read")
        covered = reach(principal) if everywhere else principal.scope
        rows = await self._reviews.waiting(covered, after=moment_and_id_of(cursor), limit=limit + 1)
        found = cut(rows, limit, lambda row: (row.ts.isoformat(), row.id))
        line = access_line(principal, self._clock, "audit:read", "", {"count": len(found.rows), "filter": "reviews"})
        await self._access.add(principal.scope, line)
        return found

    async def count_waiting(self, principal: Principal) -> int:
        """How many wait; MOST_COUNTED means that many or more."""
        require(principal, "reviews.read")
        return await self._reviews.count_waiting(principal.scope, most=MOST_COUNTED)

    async def decided(self, principal: Principal, *, cursor: str = "", limit: int = USUAL_ROWS) -> Page[ReviewView]:
        """Decisions, newest first. Raises InvalidError for a cursor that is none of ours."""
        require(principal, "reviews.read")
        rows = await self._reviews.decided(principal.scope, after=moment_and_id_of(cursor), limit=limit + 1)
        found = cut(rows, limit, lambda row: (row.decided_at.isoformat(), row.audit_id))
        return Page([_view(row) for row in found.rows], found.next_cursor)

    async def find(self, principal: Principal, audit_id: str) -> ReviewView | None:
        """The decision about an audit, if there is one."""
        require(principal, "reviews.read")
        review = await self._reviews.find(principal.scope, audit_id)
        return None if review is None else _view(review)

    async def decide(self, principal: Principal, audit_id: str, wanted: NewDecision) -> ReviewView:
        """Decide about one audit.

        An edit is judged first and leaves an audit of its own. Raises NotFoundError; ConflictError if somebody decided
        already or the audit needs nobody; InvalidError for an override without a reason and texts that fit nowhere.
        """
        require(principal, "reviews.decide")
        audit = await self._audits.find(principal.scope, audit_id)
        if audit is None:
            raise NotFoundError(f"there is no audit {audit_id!r:.80}")
        if not audit.needs_review:
            raise ConflictError("this audit needs nobody: its changes can be taken as they are")
        if await self._reviews.find(principal.scope, audit.id) is not None:
            raise ConflictError("somebody decided about this audit already; undo that first")
        reason = _reason(wanted)
        new_audit_id = None
        if wanted.decision is Decision.EDIT:
            new_audit_id = await self._judge_edited(principal, audit, wanted.texts)
        elif wanted.texts:
            raise InvalidError((("/texts", "texts belong to an edit"),))
        review = Review(
            audit_id=audit.id,
            tenant_id=audit.tenant_id,
            ts=audit.ts,
            item_id=audit.item_id,
            decision=wanted.decision,
            reason=reason,
            decided_by=principal.actor,
            decided_at=self._clock.now(),
            texts=wanted.texts,
            new_audit_id=new_audit_id,
        )
        delta: dict[str, Any] = {"decision": [None, review.decision], "item": audit.item_id, "reason": reason}
        if new_audit_id:
            delta |= {"texts": sorted(wanted.texts), "new_audit": new_audit_id}
        line = access_line(principal, self._clock, "review:decide", audit.id, delta)
        if not await self._reviews.decide(principal.scope, review, line):
            raise ConflictError("somebody decided about this audit at the same moment")
        return _view(review)

    async def decide_many(self, principal: Principal, wanted: ManyDecisions) -> Outcomes:
        """The same decision about many audits; those that cannot be decided are named with why.

        Raises InvalidError for too many, for an edit, and for an override without a reason.
        """
        require(principal, "reviews.decide")
        if not 1 <= len(wanted.audit_ids) <= MOST_AT_ONCE:
            raise InvalidError((("/audit_ids", f"1 to {MOST_AT_ONCE} audits are expected"),))
        if wanted.decision is Decision.EDIT:
            raise InvalidError((("/decision", "an edit is about one audit"),))
        one = NewDecision(decision=wanted.decision, reason=wanted.reason)
        _reason(one)
        decided: list[str] = []
        left: dict[str, str] = {}
        for audit_id in dict.fromkeys(wanted.audit_ids):
            try:
                await self.decide(principal, audit_id, one)
            except (NotFoundError, ConflictError) as error:
                left[audit_id] = error.detail
            else:
                decided.append(audit_id)
        return Outcomes(decided=tuple(decided), left=left)

    async def undo(self, principal: Principal, audit_id: str) -> None:
        """Take a decision back: the audit waits again. Raises NotFoundError."""
        require(principal, "reviews.decide")
        review = await self._reviews.find(principal.scope, audit_id)
        delta = {"decision": [review.decision if review else None, None], "item": review.item_id if review else ""}
        line = access_line(principal, self._clock, "review:undo", audit_id, delta)
        if review is None or not await self._reviews.undo(principal.scope, audit_id, line):
            raise NotFoundError("nobody decided about this audit")

    async def _judge_edited(self, principal: Principal, audit: Audit, texts: dict[str, str]) -> str:
        """Judge the item with the texts in their fields; the audit that this leaves."""
        if not texts:
            raise InvalidError((("/texts", "an edit says which texts: {JSON Pointer: text}"),))
        found = recalled(audit.record)
        before = dict(found.item.texts())
        changes = []
        for pointer, text in texts.items():
            if pointer not in before:
                raise InvalidError((("/texts", f"the item has no text at {pointer!r:.80}"),))
            if len(text) > MOST_TEXT or not is_wellformed(text) or "\0" in text:
                raise InvalidError((("/texts", f"the text for {pointer} cannot be used"),))
            changes.append(Change(pointer, before[pointer], text))
        item = found.record["item"]
        source = msgspec.json.encode(item).decode()
        try:
            edited = JsonReader().value_at(corrected_record(source, item, changes), 0)[0]
            own = {"id": audit.item_id, "locale": audit.locale}
            ask = read_validate({"item": {"kind": found.item.kind, **edited, **own}}, principal.tenant)
        except InputError as error:
            raise InvalidError((("/texts", error.detail),)) from None
        reply = await self._desk.answer(principal, ask)
        return str(msgspec.json.decode(reply.body)["audit_id"])


def _reason(wanted: NewDecision) -> str:
    reason = wanted.reason.strip()
    if len(reason) > MOST_REASON or not is_wellformed(reason) or "\0" in reason:
        raise InvalidError((("/reason", f"a reason has at most {MOST_REASON:,} characters"),))
    if wanted.decision is Decision.OVERRIDE and not reason:
        raise InvalidError((("/reason", "an override needs a reason"),))
    return reason


def _view(review: Review) -> ReviewView:
    return ReviewView(
        audit_id=review.audit_id,
        item_id=review.item_id,
        judged_at=review.ts,
        decision=review.decision,
        reason=review.reason,
        decided_by=review.decided_by,
        decided_at=review.decided_at,
        texts=review.texts,
        new_audit_id=review.new_audit_id,
    )


def open_texts(audit: Audit) -> Sequence[tuple[str, str, str]]:
    """(JSON Pointer, text as submitted, text as the gate would have it) of each text that a finding speaks of."""
    found = recalled(audit.record)
    after = {change.field: change.after for change in found.answered.verdict.changes}
    spoken_of = {finding.field for finding in found.answered.verdict.reasons} | set(after)
    return [(at, text, after.get(at, text)) for at, text in found.item.texts() if at in spoken_of]
