"""Rules for people: find one, try its examples, hold the pack against its corpus of lawful texts."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import msgspec

from claimlens.domain.errors import InputError, PackError
from claimlens.domain.finding import Resolution, Severity
from claimlens.domain.item import Item
from claimlens.domain.jurisdiction import LOCALES
from claimlens.domain.profile import profile_for
from claimlens.domain.rule import Rule
from claimlens.gate import Examiner
from claimlens.gate.ingest.entry import Defaults
from claimlens.gate.ingest.record import item_of
from claimlens.packs.source import Example, PackSource, RuleSource, read_pack
from claimlens.ports.packs import PackFiles


class ExampleFailure(msgspec.Struct, frozen=True):
    """An example that does not do what its rule says.

    `expected` and `got` are allow | modify | block (info counts as allow).
    """

    rule_id: str
    file: str
    line: int
    example: str
    expected: str
    got: str


class LoudText(msgspec.Struct, frozen=True):
    """A lawful text of the corpus on which a rule is not silent."""

    file: str
    line: int
    text: str
    rule_id: str
    words: str


class TrialReport(msgspec.Struct, frozen=True):
    """What came of trying a pack: how much was tried, and what failed."""

    pack: str
    rules: int
    examples: int
    lawful_texts: int
    failures: tuple[ExampleFailure, ...]
    loud: tuple[LoudText, ...]


class RuleLibrary:
    """The rules of an installation, as their authors wrote them."""

    def __init__(self, packs: PackFiles) -> None:
        self._packs = packs

    def names(self) -> list[str]:
        """The packs there are."""
        return self._packs.names()

    def source(self, name: str) -> PackSource:
        """A pack as written. Raises PackError."""
        return read_pack(self._packs.files(name), self._packs.files("shared"))

    def rules(self, name: str = "") -> Iterator[RuleSource]:
        """The rules of one pack or of all."""
        for pack in [name] if name else self.names():
            yield from self.source(pack).rules

    def rule(self, rule_id: str) -> RuleSource:
        """One rule by its id, in any case. Raises PackError that names close ids."""
        from difflib import get_close_matches

        wanted = rule_id.upper()
        ids = []
        for rule in self.rules():
            if rule.id.upper() == wanted:
                return rule
            ids.append(rule.id)
        close = get_close_matches(wanted, ids, n=3, cutoff=0.5)
        raise PackError(f"no rule {rule_id!r}" + (f"; close: {', '.join(close)}" if close else ""))

    def try_pack(self, name: str, on: date) -> TrialReport:
        """Run every rule's examples, each against that rule alone, and the corpus against the whole pack."""
        source = self.source(name)
        if source.header.jurisdiction is None:
            raise PackError(f"pack {name}: pack.yaml names no jurisdiction")
        examiner = Examiner(self._packs.load(source.header.jurisdiction))
        locale = next(locale for locale, j in LOCALES.items() if j is source.header.jurisdiction)
        trial = _Trial(examiner, locale, on)
        failures = [failure for rule in source.rules if rule.status == "stable" for failure in trial.examples(rule)]
        loud: list[LoudText] = []
        lawful = 0
        for file, content in sorted(self._packs.files(name).items()):
            if file.startswith("corpus/") and file.endswith(".txt"):
                for number, text in _lines(content):
                    lawful += 1
                    loud += trial.lawful(f"{name}/{file}", number, text)
        return TrialReport(
            pack=name,
            rules=len(source.rules),
            examples=sum(len(r.examples.match) + len(r.examples.passes) for r in source.rules),
            lawful_texts=lawful,
            failures=tuple(failures),
            loud=tuple(loud),
        )


class _Trial:
    def __init__(self, examiner: Examiner, locale: str, on: date) -> None:
        self._examiner = examiner
        self._language = locale.partition("-")[0]
        self._profile = profile_for(None, examiner.pack.jurisdiction)
        self._number = {rule.id: i for i, rule in enumerate(examiner.pack.rules)}
        self._in_force = examiner.rules_in_force(on)

    def examples(self, source: RuleSource) -> Iterator[ExampleFailure]:
        number = self._number[source.id]
        rule = self._examiner.pack.rules[number]
        for must_fire, examples in ((True, source.examples.match), (False, source.examples.passes)):
            for example in examples:
                expected = _expected(example, must_fire, rule)
                try:
                    got = self._outcome(example_item(example), rule, number)
                except InputError as error:
                    got = f"not an item: {error.detail}"
                if got not in expected:
                    shown = example if isinstance(example, str) else msgspec.json.encode(example).decode()
                    yield ExampleFailure(source.id, source.file, source.line, shown, " or ".join(expected), got)

    def lawful(self, file: str, line: int, text: str) -> Iterator[LoudText]:
        item = Item(id=f"line-{line}", name=text)
        verdict = self._examiner.examine(item, self._profile, self._in_force, self._language).verdict
        for finding in verdict.reasons:
            if finding.severity is not Severity.INFO and finding.transform != "redact.pii":
                yield LoudText(file, line, text, finding.rule_id, finding.matched_text)

    def _outcome(self, item: Item, rule: Rule, number: int) -> str:
        verdict = self._examiner.examine(item, self._profile, frozenset({number}), self._language).verdict
        heaviest = "silent"
        for finding in verdict.reasons:
            if finding.rule_id == rule.id:
                word = "allow" if finding.severity is Severity.INFO else str(finding.severity)
                heaviest = max(heaviest, word, key=("silent", "allow", "modify", "block").index)
        return heaviest


def example_item(example: Example) -> Item:
    """The item of an example: a text is its name, a mapping may hold any field and `text`."""
    record: dict[str, Any] = {"name": example} if isinstance(example, str) else dict(example)
    record.pop("expect", None)
    record.pop("line", None)
    text = record.pop("text", None)
    if text is not None:
        if "name" in record:
            record["claims"] = [*(record.get("claims") or ()), text]
        else:
            record["name"] = text
    return item_of(record, 0, Defaults())


def _expected(example: Example, must_fire: bool, rule: Rule) -> tuple[str, ...]:
    stated = example.get("expect") if isinstance(example, dict) else None
    if stated:
        return ("allow", "silent") if stated == "allow" else (str(stated),)
    if not must_fire:
        return ("silent", "allow")
    if rule.severity is not Severity.INFO:
        return ("modify", "block")
    if rule.contradiction is None:
        return ("allow",)
    # What contradicts decides; a rule that speaks of contradictions only is silent without one.
    outcomes = ("allow", "modify", "block")
    return ("silent", *outcomes) if rule.resolution is Resolution.NONE else outcomes


def _lines(content: bytes) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(content.decode("utf-8").splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            yield number, line.strip()
