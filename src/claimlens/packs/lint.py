"""Rules about rules: what a reviewer would send back, found by a machine."""

import re
from collections import Counter
from collections.abc import Iterator

import msgspec

from claimlens.domain.errors import ConditionError, PackInvalidError
from claimlens.domain.finding import Resolution, Severity
from claimlens.domain.item import Kind
from claimlens.domain.jurisdiction import Jurisdiction
from claimlens.domain.rule import PERSONAL_DATA_TYPES, RewriteAction
from claimlens.packs.compile import compile_rule
from claimlens.packs.conditions import parse_condition, without_reference
from claimlens.packs.nutrients import read_references
from claimlens.packs.pattern_compiler import PatternCompiler
from claimlens.packs.source import PackSource, RuleSource

_ID = re.compile(r"[A-Z]{2}(?:-[A-Z0-9]+)+")
_STATUSES = ("sandbox", "incubating", "stable", "deprecated")
_LONGEST_WHY = 300
_FEWEST_EXAMPLES = 2


class Problem(msgspec.Struct, frozen=True):
    """Something to mend in a pack."""

    file: str
    line: int
    rule_id: str
    detail: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: [{self.rule_id}] {self.detail}"


def lint(source: PackSource) -> list[Problem]:
    """Every problem of a pack, in file order."""
    problems: list[Problem] = []
    compiler = PatternCompiler(source.lists, source.misspelt)
    counts = Counter(rule.id for rule in source.rules)
    for rule in source.rules:
        details = [
            *_identity(rule, counts, source.header.jurisdiction),
            *_words(rule),
            *_logic(rule, source),
            *_examples(rule),
        ]
        try:
            compile_rule(rule, compiler)
        except PackInvalidError as error:
            details.append(error.detail)
        problems += [Problem(rule.file, rule.line, rule.id, detail) for detail in details]
    said = {str(row.get("type")) for row in (source.documents.get("pii") or {}).get("pii", ())}
    for kind in PERSONAL_DATA_TYPES:
        if kind not in said:
            problems.append(Problem("pii.yaml", 1, "", f"nothing to say about personal data of type {kind!r}"))
    return sorted(problems, key=lambda p: (p.file, p.line, p.detail))


def _identity(rule: RuleSource, counts: Counter[str], jurisdiction: Jurisdiction | None) -> Iterator[str]:
    if not _ID.fullmatch(rule.id):
        yield "an id is upper case words joined by hyphens: IN-DISEASE-001"
    elif jurisdiction is not None and not rule.id.startswith(f"{jurisdiction}-"):
        yield f"an id of this pack starts with {jurisdiction}-"
    if counts[rule.id] > 1:
        yield f"{counts[rule.id]} rules have this id"
    if rule.status not in _STATUSES:
        yield f"status {rule.status!r} is not one of {', '.join(_STATUSES)}"


def _words(rule: RuleSource) -> Iterator[str]:
    if not rule.title.strip() or rule.title.rstrip().endswith("."):
        yield "a title is a short phrase without a full stop"
    why = rule.why.strip()
    if not why.endswith((".", "!", "?")):
        yield "`why` is a whole sentence"
    if len(why) > _LONGEST_WHY:
        yield f"`why` is {len(why)} characters long; a writer reads at most {_LONGEST_WHY}"
    if not rule.citation.url.startswith("https://"):
        yield "citation.url is the https address of the official publication"
    if not rule.citation.instrument.strip() or not rule.citation.section.strip():
        yield "a citation names instrument and section"
    first, last = rule.citation.effective_from, rule.citation.effective_to
    if first is not None and last is not None and last < first:
        yield "effective_to lies before effective_from"


def _logic(rule: RuleSource, source: PackSource) -> Iterator[str]:
    if not rule.triggers:
        yield "no trigger"
    if len(set(rule.triggers)) < len(rule.triggers):
        twice = next(t for t, n in Counter(rule.triggers).items() if n > 1)
        yield f"trigger {twice!r} stands twice"
    tests = [
        name
        for name, value in (
            ("condition", rule.condition),
            ("function", rule.function),
            ("contradicted_by", rule.contradicted_by),
        )
        if value
    ]
    if len(tests) > 1:
        yield f"one test a rule; this has {' and '.join(tests)}"
    for kind in (*rule.applies_to, *rule.not_for):
        if kind not in list(Kind):
            yield f"unknown kind of item {kind!r}; known: {', '.join(Kind)}"
    if rule.ingredient_names not in ("skip", "judge"):
        yield "ingredient_names is `skip` or `judge`"
    if rule.resolution is Resolution.AUTO and rule.rewrite.action is RewriteAction.NONE:
        yield "resolution auto needs a rewrite"
    if rule.rewrite.action is RewriteAction.AUTHORISED and not rule.function:
        yield "rewrite `authorised` needs a `function`"
    if rule.rewrite.action in (RewriteAction.REPLACE, RewriteAction.APPEND) and not rule.rewrite.text.strip():
        yield f"rewrite `{rule.rewrite.action}` needs a text in `with`"
    if (
        rule.function
        and not any(claim.function == rule.function for claim in source.authorised)
        and not source.authorised
    ):
        yield "`function` needs a register: the pack has no authorised_claims.yaml"
    if rule.condition:
        try:
            references = read_references(
                source.documents.get("nutrients") or {}, source.header.jurisdiction or Jurisdiction.EU
            )
            missing = without_reference(parse_condition(rule.condition), references)
            if missing:
                yield f"the condition needs references that nutrients.yaml lacks: {', '.join(missing)}"
        except ConditionError:
            return  # compiling the rule reports it


def _examples(rule: RuleSource) -> Iterator[str]:
    if rule.status != "stable":
        return
    for name, examples in (("match", rule.examples.match), ("pass", rule.examples.passes)):
        if len(examples) < _FEWEST_EXAMPLES:
            yield f"{len(examples)} `{name}` example(s); a rule has at least {_FEWEST_EXAMPLES}"
    if rule.severity is Severity.BLOCK and rule.resolution is Resolution.NONE:
        yield "a block that nothing resolves; say auto, evidence or human"
