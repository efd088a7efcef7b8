"""The one way to a recorded answer: judge, write down, and only then answer."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from itertools import islice
from time import perf_counter
from typing import Any, TypeVar

import msgspec

import claimlens
from claimlens.domain.audit import Audit, DecisionLog, Event, IdempotencyKey, JournalEntry, StoredReply
from claimlens.domain.errors import OverloadedError
from claimlens.domain.jurisdiction import jurisdiction_of
from claimlens.domain.profile import profile_for
from claimlens.domain.question import Answer, Outside, Question
from claimlens.domain.service import ALT_SUGGESTER, RECALL_LOOKUP
from claimlens.domain.suppression import Answered, Suppression
from claimlens.domain.tenant import Principal
from claimlens.domain.verdict import Outcome, Verdict
from claimlens.domain.webhook import wants
from claimlens.gate import STAGES, Examined, Steps
from claimlens.gate.judge.suppressions import answer as answered_for
from claimlens.gate.notify import VERDICT_GENERATED, verdict_generated
from claimlens.gate.record import Case, Law, Occasion, Recorded, record, times_line
from claimlens.kit.canonical_json import canonical_json
from claimlens.ports.clock import Clock
from claimlens.ports.journal import Journal
from claimlens.ports.secrets import SecretBox
from claimlens.ports.services import Services
from claimlens.ports.tracing import Span, Tracer
from claimlens.usecases.asks import Ask, Asked
from claimlens.usecases.badges import PROFILE as GO
from claimlens.usecases.badges import badges_of
from claimlens.usecases.checks import Checker
from claimlens.usecases.listeners import Listeners
from claimlens.usecases.meter import Meter, Times, TransformTimes
from claimlens.usecases.permissions import require
from claimlens.usecases.profiles import Gaps, no_gaps
from claimlens.usecases.untraced import Untraced

#: How long the event loop is kept before others get their turn, in seconds.
SLICE_S = 0.008
#: Bytes of JSON from which on an item is judged beside the event loop, and that are judged in one go on it.
LONG = 3 * 1024
#: Items judged in one go: so few that a slice ends about when it should.
_TOGETHER = 8
_DIGEST_PURPOSE = "item"
#: Transforms whose time is that of a service.
_ASKING = {RECALL_LOOKUP: "detect.recalls", ALT_SUGGESTER: "suggest.alternatives"}
#: Walking an enumeration costs more than counting.
_OUTCOMES = tuple(Outcome)
JSON = "application/json"

Made = TypeVar("Made")
_encoder = msgspec.json.Encoder()


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """An answer as it is sent, and what logs and metrics want to know of it."""

    body: bytes
    status: int = 200
    media_type: str = JSON
    outcomes: dict[Outcome, int] = {}
    profile: str = ""
    degraded: tuple[str, ...] = ()


class Judgement(msgspec.Struct, frozen=True):
    """What came of items: everything that is to be written, and each verdict as it is sent, in the order asked."""

    verdicts: tuple[bytes, ...]
    audits: tuple[Audit, ...]
    events: tuple[Event, ...]
    decisions: DecisionLog | None
    degraded: tuple[str, ...] = ()


class _Batch:
    """Items judged in one go, all of one locale, and where the gate is with them."""

    def __init__(self, asked: Sequence[Asked], is_long: bool) -> None:
        self.asked = asked
        self.is_long = is_long
        self.steps: Steps | None = None
        self.questions: tuple[Question, ...] = ()
        self.answers: tuple[Answer, ...] | None = None

    def advance(self) -> list[Examined] | None:
        """On to the gate's next questions; its verdicts when there are no more."""
        assert self.steps is not None
        try:
            # What starts a generator is None.
            self.questions = self.steps.send(self.answers)  # type: ignore[arg-type]
        except StopIteration as done:
            examined: list[Examined] = done.value
            return examined
        self.answers = (None,) * len(self.questions)
        return None


class Desk:
    """Judges for a tenant, within bounds, and sends nothing that is not durable.

    `services` answer what the gate asks; without them nothing is asked. `items_waiting` is how many items may be judged
    or waiting to be written at once; more are refused at the door. `written` is called when events were written, for a
    worker that lives in the same process. `gaps` tells what an operator switched off.
    """

    def __init__(
        self,
        checker: Checker,
        journal: Journal,
        clock: Clock,
        secrets: SecretBox,
        listeners: Listeners,
        *,
        services: Services | None = None,
        items_waiting: int,
        engine: str = claimlens.__version__,
        written: Callable[[], None] = lambda: None,
        meter: Meter | None = None,
        gaps: Callable[[], Awaitable[Gaps]] | None = None,
        tracer: Tracer | None = None,
    ) -> None:
        self._checker = checker
        self._journal = journal
        self._clock = clock
        self._secrets = secrets
        self._listeners = listeners
        self._services = services
        self._items_waiting = items_waiting
        self._engine = engine
        self._written = written
        self._meter = meter or Meter()
        self._gaps = gaps or no_gaps
        self._tracer = tracer or Untraced()
        self._laws: dict[tuple[str, str], Law] = {}
        # One thread: judging holds the interpreter, a second one would only take turns with the first and the loop.
        self._aside = ThreadPoolExecutor(1, thread_name_prefix="desk")
        self.items_in_flight = 0

    async def answer(self, principal: Principal, ask: Ask, *, idempotency: IdempotencyKey | None = None) -> Reply:
        """The answer to a request, once its audits are durable.

        With `idempotency` the reply is kept under that key in the same transaction. Raises OverloadedError if there is
        no room to judge, or if the audits could not be written: there is no verdict then.
        """
        require(principal, "gate.judge")
        with self._admitted(ask.size):
            judgement = await self.judge(principal, ask)
            reply = _reply(ask, judgement, principal.correlation_id)
            kept = None
            if idempotency is not None:
                kept = idempotency, StoredReply(status=reply.status, media_type=reply.media_type, body=reply.body)
            entry = JournalEntry(
                audits=judgement.audits, events=judgement.events, decisions=judgement.decisions, reply=kept
            )
            with self._tracer.span("store.commit"):
                await self._journal.write(principal.scope, entry)
        if judgement.events:
            self._written()
        return reply

    async def badges(self, principal: Principal, ask: Ask) -> Reply:
        """Badges for the items of a web page. Nothing is stored."""
        require(principal, "gate.judge")
        on = self._clock.now().date()
        suppressions = principal.tenant.settings.suppressions

        def badge(batch: _Batch) -> list[tuple[Outcome, list[bytes]]]:
            duties = self._checker.examiner(jurisdiction_of(batch.asked[0].locale)).pack.allergens.duties
            found = []
            for examined in self._examined(batch):
                answered = _answered(examined.verdict, suppressions, on)
                found.append((answered.verdict.verdict, badges_of(answered, duties)))
            return found

        with self._admitted(ask.size):
            gaps = await self._gaps()
            with self._tracer.span("gate") as span:
                times: Times | None = None if span is None else {}
                batches = self._batches(ask.asked, on, GO, Outside.UNASKED, gaps, times)
                found = await self._in_slices(batches, badge)
                _tell(span, ask.size, times)
        badges = b",".join([one for _, badges in found for one in badges])
        correlation_id = _encoder.encode(principal.correlation_id)
        return Reply(
            body=b'{"badges":[%b],"correlation_id":%b}' % (badges, correlation_id),
            outcomes=_counted([outcome for outcome, _ in found]),
            profile=GO,
        )

    async def judge(self, principal: Principal, ask: Ask, *, job_id: str | None = None) -> Judgement:
        """Judge without writing: for `answer`, and for jobs, whose chunks are written with the job's own progress."""
        listening: frozenset[str] = frozenset()
        if not principal.test:
            listening = await self._listeners.wants(principal.scope)
        now = self._clock.now()
        settings = principal.tenant.settings
        occasion = Occasion(
            ts=now,
            tenant_id=principal.scope.tenant_id,
            correlation_id=principal.correlation_id,
            on=now.date(),
            engine=self._engine,
            brand_names=settings.brand_names,
            test=principal.test,
            job_id=job_id,
        )

        degraded = dict.fromkeys(ask.missing)

        def recorded(batch: _Batch) -> list[Recorded]:
            made = []
            for one, examined in zip(batch.asked, self._examined(batch), strict=True):
                verdict, services = examined.verdict, examined.services
                if ask.gaps:
                    verdict = msgspec.structs.replace(verdict, not_checked=verdict.not_checked + ask.gaps)
                if ask.missing:
                    verdict = msgspec.structs.replace(
                        verdict,
                        not_checked=verdict.not_checked + ask.missing,
                        degraded_services=ask.missing + verdict.degraded_services,
                    )
                    services = {**dict.fromkeys(ask.missing), **(services or {})}
                if verdict.degraded_services:
                    degraded.update(dict.fromkeys(verdict.degraded_services))
                answered = _answered(verdict, settings.suppressions, occasion.on)
                original = canonical_json(one.record)
                digest = self._secrets.digest(_DIGEST_PURPOSE, original).hex()
                case = Case(
                    one.record, one.item, self._law(one.locale), answered, examined.excused, one.image, services
                )
                made.append(record(case, occasion, self._clock.new_id(), original, digest))
            return made

        asks = self._services is not None and ask.services_ms > 0
        gaps = await self._gaps()
        outside = Outside.ASKED if asks else Outside.UNASKED
        with self._tracer.span("gate") as span:
            # A few microseconds for one item; of many it would be a few for each.
            times: Times | None = {} if span is not None or ask.size == 1 else None
            batches = self._batches(ask.asked, occasion.on, None, outside, gaps, times)
            if asks:
                await self._ask_services(batches, ask, gaps)
            made = await self._in_slices(batches, recorded)
            _tell(span, ask.size, times)
        self._count(made, gaps)
        lines = b"".join([one.decisions for one in made])
        if lines and times:
            lines += times_line({name: total for name, (_, total, _) in times.items()}, ask.size)
        return Judgement(
            verdicts=tuple([one.verdict for one in made]),
            audits=tuple([one.audit for one in made]),
            events=self._events(made, listening) if listening else (),
            decisions=DecisionLog(
                id=self._clock.new_id(),
                ts=now,
                tenant_id=occasion.tenant_id,
                correlation_id=occasion.correlation_id,
                lines=lines,
            )
            if lines
            else None,
            degraded=tuple(degraded),
        )

    def _count(self, made: Sequence[Recorded], gaps: Gaps) -> None:
        """Count the verdicts, and those in which a required check did not run."""
        counts: dict[str, list[int]] = {}
        for one in made:
            count = counts.setdefault(one.audit.profile, [0, 0])
            count[0] += 1
            count[1] += one.audit.degraded or bool(gaps.off(one.audit.profile))
        for profile, (verdicts, incomplete) in counts.items():
            self._meter.verdicts(profile, verdicts, incomplete)

    def _batches(
        self,
        asked: Sequence[Asked],
        on: date,
        profile: str | None,
        outside: Outside,
        gaps: Gaps,
        times: Times | None,
    ) -> list[_Batch]:
        """The items as the gate takes them; `times` gathers what the transforms take, for a trace."""
        batches = [_Batch(batch, is_long) for batch, is_long in _cut(asked)]
        for batch in batches:
            mark = self._meter.stopwatch()
            batch.steps = self._checker.steps(
                [one.item for one in batch.asked],
                locale=batch.asked[0].locale,
                profile=profile,
                on_date=on,
                outside=outside,
                without=gaps.off(_profile_of(profile, batch)),
                mark=mark if times is None else TransformTimes(times, mark),
            )
        return batches

    @staticmethod
    def _examined(batch: _Batch) -> list[Examined]:
        """What is left of the gate's steps; what is still asked goes unanswered."""
        while True:
            examined = batch.advance()
            if examined is not None:
                return examined

    async def _ask_services(self, batches: list[_Batch], ask: Ask, gaps: Gaps) -> None:
        """Through the gate's questions: one call a service and stage for the whole request, within its budget."""

        def advance(batch: _Batch) -> list[None]:
            batch.advance()
            return []

        left_ms = min([gaps.services_ms(_profile_of(None, batch), ask.services_ms) for batch in batches])
        for _ in range(STAGES):
            await self._in_slices(batches, advance)
            if any(batch.questions for batch in batches):
                began = perf_counter()
                await self._answer(batches, left_ms, ask.services_retries)
                left_ms -= (perf_counter() - began) * 1000

    async def _answer(self, batches: list[_Batch], within_ms: float, retries: int) -> None:
        services = self._services
        assert services is not None
        wanted: dict[str, list[dict[str, Any]]] = {}
        for batch in batches:
            for question in batch.questions:
                wanted.setdefault(question.service, []).extend(question.payload)
        answers = await asyncio.gather(
            *[
                self._timed(
                    service,
                    services.ask(Question(service, tuple(payload)), within_ms=max(within_ms, 0.0), retries=retries),
                )
                for service, payload in wanted.items()
            ]
        )
        given = {service: iter(answer) for service, answer in zip(wanted, answers, strict=True) if answer is not None}
        for batch in batches:
            batch.answers = tuple(
                [
                    tuple(islice(given[question.service], len(question.payload))) if question.service in given else None
                    for question in batch.questions
                ]
            )

    async def _timed(self, service: str, asking: Awaitable[Answer]) -> Answer:
        began = perf_counter()
        answer = await asking
        if transform := _ASKING.get(service):
            self._meter.transform(transform, (perf_counter() - began) * 1000)
        return answer

    def _law(self, locale: str) -> Law:
        jurisdiction = jurisdiction_of(locale)
        pack = self._checker.examiner(jurisdiction).pack
        law = self._laws.get((locale, pack.digest))
        if law is None:
            digests = canonical_json({jurisdiction.lower(): pack.digest})
            law = Law(locale, str(jurisdiction), profile_for(None, jurisdiction).id, digests)
            self._laws[locale, pack.digest] = law
        return law

    def _events(self, made: Sequence[Recorded], listening: frozenset[str]) -> tuple[Event, ...]:
        return tuple(
            [
                Event(
                    id=self._clock.new_id(),
                    ts=audit.ts,
                    tenant_id=audit.tenant_id,
                    type=VERDICT_GENERATED,
                    payload=verdict_generated(one, audit.ts),
                    subject=str(audit.verdict),
                )
                for one in made
                if wants(listening, VERDICT_GENERATED, str((audit := one.audit).verdict))
            ]
        )

    @contextmanager
    def _admitted(self, items: int) -> Iterator[None]:
        if self.items_in_flight and self.items_in_flight + items > self._items_waiting:
            raise OverloadedError("too many items are waiting to be judged; try again in a second", retry_after_s=1)
        self.items_in_flight += items
        try:
            yield
        finally:
            self.items_in_flight -= items

    async def _in_slices(self, batches: Sequence[_Batch], work: Callable[[_Batch], list[Made]]) -> list[Made]:
        """`work` done to all, in order; long items beside the event loop, and nobody waits long for it."""
        made: list[Made] = []
        began = perf_counter()
        for batch in batches:
            if batch.is_long:
                made += await asyncio.get_running_loop().run_in_executor(self._aside, work, batch)
                began = perf_counter()
                continue
            if perf_counter() - began > SLICE_S:
                await asyncio.sleep(0)
                began = perf_counter()
            made += work(batch)
        return made


def _tell(span: Span | None, items: int, times: Times | None) -> None:
    """What the gate did, for a trace: an event for each transform."""
    if span is None or times is None:
        return
    span.note({"claimlens.items": items})
    for transform, (count, total, longest) in times.items():
        facts = {"items": count, "total_ms": round(total, 3), "longest_ms": round(longest, 3)}
        span.event(transform, facts)


def _profile_of(name: str | None, batch: _Batch) -> str:
    return profile_for(name, jurisdiction_of(batch.asked[0].locale)).id


def _answered(verdict: Verdict, suppressions: Sequence[Suppression], on: date) -> Answered:
    return answered_for(verdict, suppressions, on) if suppressions else Answered(verdict)


def _cut(asked: Sequence[Asked]) -> Iterator[tuple[list[Asked], bool]]:
    """Neighbours of one locale, few and short enough to be judged in one go; a long item comes alone, marked."""
    batch: list[Asked] = []
    size = 0
    for one in asked:
        length = len(_encoder.encode(one.record))
        if batch and (one.locale != batch[0].locale or size + length > LONG or len(batch) == _TOGETHER):
            yield batch, False
            batch, size = [], 0
        if length > LONG:
            yield [one], True
        else:
            batch.append(one)
            size += length
    if batch:
        yield batch, False


def _reply(ask: Ask, judgement: Judgement, correlation_id: str) -> Reply:
    degraded = judgement.degraded
    if ask.single:
        (body,) = judgement.verdicts
        if ask.label:
            body = b'%b,"label":%b}' % (body[:-1], ask.label)
    else:
        beside = _encoder.encode({"correlation_id": correlation_id, "degraded_services": degraded})
        body = b'{"verdicts":[%b],%b' % (b",".join(judgement.verdicts), beside[1:])
    profiles = {audit.profile for audit in judgement.audits}
    return Reply(
        body=body,
        outcomes=_counted([audit.verdict for audit in judgement.audits]),
        profile=",".join(sorted(profiles)),
        degraded=degraded,
    )


def _counted(outcomes: Sequence[Outcome]) -> dict[Outcome, int]:
    return {outcome: count for outcome in _OUTCOMES if (count := outcomes.count(outcome))}
