"""For whoever writes: may I say this here, what does that rule want, what may I say instead.

The verdicts are the gate's own (usecases/checks.py). What could not be judged is told as an abstention, never left out.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any

import msgspec

from claimlens.domain.errors import InputError, PackError, UnknownLocaleError
from claimlens.domain.finding import Change, Citation, Finding, Resolution, Severity
from claimlens.domain.item import Item
from claimlens.domain.jurisdiction import LOCALES, Jurisdiction, jurisdiction_of
from claimlens.domain.profile import profile_for
from claimlens.domain.service import SERVICES
from claimlens.domain.verdict import Outcome, Verdict
from claimlens.gate.ingest.entry import Defaults
from claimlens.gate.ingest.record import id_of, item_of
from claimlens.packs.source import Example, PackSource, RuleSource
from claimlens.ports.clock import Clock
from claimlens.usecases.checks import Checker
from claimlens.usecases.rule_pages import rule_page
from claimlens.usecases.rules import RuleLibrary
from claimlens.usecases.writing_wire import (
    Abstention,
    CheckArguments,
    Checked,
    CheckReply,
    ExplainArguments,
    ExplainReply,
    JurisdictionsReply,
    Option,
    SuggestArguments,
    SuggestReply,
    ToldChange,
    ToldFinding,
    ToldJurisdiction,
    ToldSuggestion,
)

_GAPS = {
    "ingredients": "no ingredients were given: an allergen that the text does not name is unknown, not absent",
    "recall.lookup": "whether the product was called back is not known",
    "unit.convert": "some figures could not be converted, and what depends on them was not verified",
    "alt.suggester": "alternatives were not looked for",
}


class WritingDesk:
    """Answers over one installation's packs."""

    def __init__(self, checker: Checker, library: RuleLibrary, clock: Clock) -> None:
        self._checker = checker
        self._library = library
        self._clock = clock
        self._sources: dict[str, PackSource] = {}

    def check(self, asked: CheckArguments) -> CheckReply:
        """A verdict for the text or each item. Raises InputError when neither is there, or both."""
        if (asked.text is None) == (asked.items is None):
            raise InputError("give `text`, or `items`")
        records: list[Any] = asked.items if asked.items is not None else [{"id": "text", "name": asked.text}]
        why_not = self._why_not(asked.locale, asked.profile)
        if why_not is not None:
            unjudged = [Checked(item_id=id_of(record, at), verdict=None) for at, record in enumerate(records)]
            return CheckReply(items=unjudged, abstained_because=[why_not])
        checked = []
        versions: dict[str, str] = {}
        for at, record in enumerate(records):
            try:
                item = item_of(record, at, Defaults(asked.kind, asked.locale))
                verdict = self._judge(item, asked.locale, asked.profile, asked.on)
            except InputError as error:
                because = _unreadable(error, asked.locale)
                checked.append(Checked(item_id=id_of(record, at), verdict=None, abstained_because=[because]))
                continue
            versions |= verdict.pack_versions
            checked.append(_checked(verdict, jurisdiction_of(item.locale or asked.locale)))
        return CheckReply(items=checked, abstained_because=[], pack_versions=versions)

    def explain(self, asked: ExplainArguments) -> ExplainReply:
        """What a rule finds, why, and what to write instead."""
        try:
            rule = self._rule(asked.rule_id)
        except PackError as error:
            unknown = Abstention("unknown_rule", asked.rule_id, str(error))
            return ExplainReply(rule_id=asked.rule_id, abstained_because=[unknown])
        cited = rule.citation
        words = [rule.rewrite.text] if rule.rewrite.text else []
        return ExplainReply(
            rule_id=rule.id,
            title=rule.title,
            jurisdiction=self._jurisdiction_of(rule),
            category=rule.category.value,
            severity=rule.severity.value,
            confidence=rule.confidence.value,
            why=rule.why.replace("{matched}", "…"),
            citation=Citation(cited.instrument, cited.section, cited.url),
            in_force_from=cited.effective_from,
            in_force_to=cited.effective_to,
            must_hold=rule.condition,
            write_instead=[*words, *rule.suggestions],
            found=[_shown(example) for example in rule.examples.match],
            not_found=[_shown(example) for example in rule.examples.passes],
            page=rule_page(rule),
        )

    def suggest(self, asked: SuggestArguments) -> SuggestReply:
        """What may be said instead of a text. Every option was judged, as the name of the same item, and is allowed."""
        why_not = self._why_not(asked.locale, None)
        if why_not is not None:
            return SuggestReply(jurisdiction=None, verdict=None, abstained_because=[why_not])
        record = {**(asked.item or {}), "id": "text", "name": asked.text}
        try:
            item = item_of(record, 0, Defaults(asked.kind, asked.locale))
            verdict = self._judge(item, asked.locale, None, asked.on)
        except InputError as error:
            return SuggestReply(jurisdiction=None, verdict=None, abstained_because=[_unreadable(error, asked.locale)])
        told = _checked(verdict, jurisdiction_of(item.locale or asked.locale))
        return SuggestReply(
            jurisdiction=told.jurisdiction,
            verdict=told.verdict,
            wording=self._wording(item, verdict, asked),
            options=list(self._options(item, verdict, asked)),
            abstained_because=told.abstained_because,
        )

    def jurisdictions(self) -> JurisdictionsReply:
        """Every market there is."""
        told = []
        for name in self._library.names():
            source = self._source(name)
            jurisdiction = source.header.jurisdiction
            if jurisdiction is not None:
                told.append(
                    ToldJurisdiction(
                        jurisdiction=jurisdiction.value,
                        locales=[locale for locale, market in LOCALES.items() if market is jurisdiction],
                        profile=profile_for(None, jurisdiction).id,
                        languages=list(source.header.languages),
                        rules=len(source.rules),
                        pack_versions=source.header.versions,
                    )
                )
        return JurisdictionsReply(told)

    def _judge(self, item: Item, locale: str, profile: str | None, on: date | None) -> Verdict:
        day = on or self._clock.now().date()
        return self._checker.check([item], locale=locale, profile=profile, on_date=day)[0]

    def _wording(self, item: Item, verdict: Verdict, asked: SuggestArguments) -> str | None:
        if verdict.verdict is Outcome.ALLOW:
            return item.name
        after = next((change.after for change in verdict.changes if change.field == "/name"), "")
        return after if after.strip() and self._may_be_said(item, after, asked) else None

    def _options(self, item: Item, verdict: Verdict, asked: SuggestArguments) -> Iterable[Option]:
        for finding in verdict.reasons:
            if finding.severity is Severity.INFO or finding.field != "/name":
                continue
            for suggestion in finding.suggestions:
                if self._may_be_said(item, suggestion.text, asked):
                    yield Option(
                        instead_of=finding.matched_text,
                        rule_id=finding.rule_id,
                        text=suggestion.text,
                        because=suggestion.because,
                        citation=suggestion.citation or finding.citation,
                    )

    def _may_be_said(self, item: Item, text: str, asked: SuggestArguments) -> bool:
        said = msgspec.structs.replace(item, name=text)
        return self._judge(said, asked.locale, None, asked.on).verdict is Outcome.ALLOW

    def _why_not(self, locale: str, profile: str | None) -> Abstention | None:
        try:
            profile_for(profile, jurisdiction_of(locale))
        except UnknownLocaleError as error:
            return Abstention("unknown_locale", locale, str(error))
        except InputError as error:
            return Abstention("unknown_profile", profile or "", str(error))
        return None

    def _rule(self, rule_id: str) -> RuleSource:
        wanted = rule_id.strip().upper()
        for name in self._library.names():
            for rule in self._source(name).rules:
                if rule.id.upper() == wanted:
                    return rule
        return self._library.rule(rule_id)  # which says what is close

    def _jurisdiction_of(self, rule: RuleSource) -> str | None:
        for source in self._sources.values():
            if source.header.jurisdiction is not None and rule in source.rules:
                return source.header.jurisdiction.value
        return None

    def _source(self, name: str) -> PackSource:
        if name not in self._sources:
            self._sources[name] = self._library.source(name)
        return self._sources[name]


def _checked(verdict: Verdict, jurisdiction: Jurisdiction) -> Checked:
    return Checked(
        jurisdiction=jurisdiction.value,
        item_id=verdict.item_id,
        verdict=verdict.verdict.value,
        needs_review=verdict.needs_review,
        findings=[_finding(finding) for finding in verdict.reasons],
        changes=[_change(change) for change in verdict.changes],
        abstained_because=[*_evidence(verdict.reasons), *(_gap(name) for name in verdict.not_checked)],
    )


def _finding(finding: Finding) -> ToldFinding:
    return ToldFinding(
        rule_id=finding.rule_id,
        severity=finding.severity.value,
        resolution=finding.resolution.value,
        field=finding.field,
        span=finding.span,
        matched_text=finding.matched_text,
        why=finding.why,
        citation=finding.citation,
        suggestions=[
            ToldSuggestion(one.text, one.because, one.citation or finding.citation) for one in finding.suggestions
        ],
    )


def _change(change: Change) -> ToldChange:
    return ToldChange(change.field, change.before, change.after)


def _evidence(findings: Iterable[Finding]) -> Iterable[Abstention]:
    for finding in findings:
        if finding.resolution is Resolution.EVIDENCE:
            yield Abstention("missing_evidence", finding.rule_id, f"{finding.matched_text!r}: {finding.why}")


def _gap(name: str) -> Abstention:
    detail = _GAPS.get(name)
    if detail is None:
        detail = f"{name} gave no answer" if name in SERVICES else "it could not be read"
    return Abstention("not_checked", name, detail)


def _unreadable(error: InputError, locale: str) -> Abstention:
    if isinstance(error, UnknownLocaleError):
        return Abstention("unknown_locale", locale, str(error))
    return Abstention("unreadable", error.pointer, error.detail)


def _shown(example: Example) -> str:
    if isinstance(example, str):
        return example
    return msgspec.json.encode({key: value for key, value in example.items() if key != "line"}).decode()
