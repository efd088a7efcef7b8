"""From sightings to findings: what excuses, what the numbers say, what the register says, what the item contradicts."""

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from msgspec.structs import replace

from claimlens.domain.finding import Finding, Resolution, Severity, Suggestion
from claimlens.domain.nutrients import name_of
from claimlens.domain.nutrition import Nutrition
from claimlens.domain.pack import Pack
from claimlens.domain.quantity import Truth
from claimlens.domain.rule import AuthorisedClaim, Category, Confidence, Rewrite, RewriteAction, Rule
from claimlens.domain.text import FoldedText, fold
from claimlens.gate.detect.allergens import AllergenSighting
from claimlens.gate.detect.claims import Hits, Sighting
from claimlens.gate.judge.composition import contradiction
from claimlens.gate.judge.conditions import evaluate
from claimlens.gate.judge.context import Context, drops_claim, excuse, in_scope, is_negated
from claimlens.gate.judge.health_claims import qualifying, suggestions, weight_of, wording
from claimlens.gate.normalise.reading import Place, Reading


class Scan(NamedTuple):
    """One look at some text of an item: as submitted, or with disguises taken off."""

    reading: Reading
    text: FoldedText
    hits: Hits
    sightings: list[Sighting]


class Facts(NamedTuple):
    """What is known of the item besides its words."""

    nutrition: Nutrition
    liquid: bool | None
    allergens: AllergenSighting
    language: str


class Judged(NamedTuple):
    """A finding with its place and the edit that resolves it."""

    finding: Finding
    place: Place
    rewrite: Rewrite
    category: Category
    confidence: Confidence


class Excused(NamedTuple):
    """Words that a rule saw and the context forgave; kept for the decision log."""

    rule_id: str
    place: Place
    because: str


_KEEP = Rewrite()
_folded = lru_cache(maxsize=256)(fold)  # of what rules append: a few sentences, asked for again and again
_FEW, _SHORT, _LONG = 40, 150, 1500  # sightings, letters in all of them, letters of the item


def judge_claims(
    whole: Scan, scans: list[Scan], pack: Pack, in_force: frozenset[int], facts: Facts
) -> tuple[list[Judged], list[Excused]]:
    """Findings for every sighting that no context excuses, and the excused ones with the reason.

    `whole` is a scan of the whole item, for what must or must not stand anywhere in it.
    `in_force` are the numbers of the rules that apply on the day. Sightings numbered beyond the rules are wordings of
    the register (`pack.authorised`).
    """
    judged: list[Judged] = []
    excused: list[Excused] = []
    authorised = _authorised(scans, pack, facts)
    judged += authorised
    seen: set[tuple[int, Place]] = set()
    for scan in scans:
        for sighting in scan.sightings:
            if sighting.rule >= len(pack.rules) or sighting.rule not in in_force:
                continue
            rule = pack.rules[sighting.rule]
            reading = scan.reading
            if not in_scope(rule, reading.item.kind):
                continue
            place = reading.place(sighting.start, sighting.end, scan.text)
            if any(number == sighting.rule and _overlap(place, other) for number, other in seen):
                continue
            seen.add((sighting.rule, place))
            context = Context(whole.reading, whole.hits, reading, scan.hits, sighting, place)
            because = excuse(rule, context)
            if not because:
                because = _covered(rule, place, authorised)
            negated = not because and is_negated(context, pack.negators)
            if not because and drops_claim(rule, negated):
                because = "negated"
            one = None if because else _judge(rule, context, negated, pack, facts)
            if one is None:
                excused.append(Excused(rule.id, place, because or "nothing contradicts it"))
            else:
                judged.append(one)
    return _without_repeats(_weighed_by_confidence(judged)), excused


def sighted_inside(scan: Scan, judged: list[Judged], parts: Mapping[int, tuple[int, int]]) -> bool:
    """Whether all that was sighted in some fields lies in these parts of them, and surely nothing more can be.

    `judged` is what was found wrong with them; words that a context forgave must lie there, too.
    Not sure when a limit of the detector may have been reached: of sightings, or of spans in the words sighted.
    """
    sightings = scan.sightings
    in_sightings = sum([sighting.end - sighting.start for sighting in sightings])
    if len(sightings) > _FEW or in_sightings > _SHORT or len(scan.text.folded) > _LONG:
        return False
    if len(judged) == len(sightings):  # one each
        places = [one.place for one in judged]
    else:
        places = [scan.reading.place(sighting.start, sighting.end, scan.text) for sighting in sightings]
    for field, first, last in places:
        if field in parts and not (parts[field][0] <= first and last <= parts[field][1]):
            return False
    return True


def _judge(rule: Rule, context: Context, negated: bool, pack: Pack, facts: Facts) -> Judged | None:
    """The finding of a rule; None if the rule speaks only of contradictions and there is none."""
    severity, resolution, why, rewrite = rule.severity, rule.resolution, rule.why, rule.rewrite
    if rewrite.action is RewriteAction.APPEND and _folded(rewrite.text) in context.reading.text.folded:
        severity, resolution, rewrite = Severity.INFO, Resolution.NONE, _KEEP
    offered: tuple[Suggestion, ...] = tuple([Suggestion(text) for text in rule.suggestions])
    if rule.condition is not None:
        result = evaluate(rule.condition, facts.nutrition, pack.references, liquid=facts.liquid)
        if result.outcome is Truth.HOLDS:
            why, offered = f"Holds: {result.because}.", ()
            if rewrite.action is RewriteAction.APPEND:
                resolution = Resolution.AUTO
                why = f"{why} {rule.why}"
            else:
                severity, resolution, rewrite = Severity.INFO, Resolution.NONE, _KEEP
        elif result.outcome is Truth.FAILS:
            severity, why = rule.on_fail, f"{why} {_sentence(result.because)}"
            resolution = Resolution.AUTO if rewrite.action is not RewriteAction.NONE else Resolution.HUMAN
        else:
            severity, resolution, rewrite = Severity.MODIFY, Resolution.EVIDENCE, _KEEP
            missing = ", ".join(result.missing) or result.because
            why = f"{why} Not given: {missing}."
    elif rule.function:
        claims = qualifying(
            rule.function, pack.authorised, context.reading.item, facts.nutrition, pack.references, facts.liquid
        )
        if claims:
            best, because = claims[0]
            severity, resolution = Severity.MODIFY, Resolution.AUTO
            why = f"{why} {_sentence(name_of(best.nutrient)).rstrip('.')} qualifies here: {_sentence(because)}"
            offered = suggestions(claims, facts.language)
            rewrite = Rewrite(RewriteAction.AUTHORISED, wording(best, facts.language))
        else:
            severity = Severity.BLOCK
            why = f"{why} No nutrient of the item is known to carry an authorised claim for this effect."
            if rewrite.action is RewriteAction.AUTHORISED:
                rewrite = Rewrite(RewriteAction.REMOVE)
            resolution = Resolution.AUTO if rewrite.action is not RewriteAction.NONE else Resolution.HUMAN
    elif rule.contradiction is not None:
        found = contradiction(rule.contradiction, context, pack.negators, facts.allergens)
        if found:
            severity, why = rule.contradiction.severity, f"{why} The item itself says otherwise: {found}."
            resolution = Resolution.AUTO if rewrite.action is RewriteAction.REMOVE else Resolution.HUMAN
        elif severity is Severity.INFO and resolution is Resolution.NONE:
            return None
        else:
            rewrite = _KEEP if resolution is not Resolution.AUTO else rewrite
    if negated and severity is Severity.BLOCK:
        severity, resolution = Severity.MODIFY, Resolution.HUMAN
        why = f"{why} The words deny the claim and still sell with it."
    if severity is Severity.INFO and resolution is Resolution.AUTO and rewrite.action is RewriteAction.NONE:
        resolution = Resolution.NONE
    return _finding(rule, context, severity, resolution, why, offered, rewrite)


def _finding(
    rule: Rule,
    context: Context,
    severity: Severity,
    resolution: Resolution,
    why: str,
    offered: tuple[Suggestion, ...],
    rewrite: Rewrite,
) -> Judged:
    reading, place = context.reading, context.place
    words = reading.words(place)
    finding = Finding(
        rule_id=rule.id,
        transform=rule.transform,
        severity=severity,
        resolution=resolution,
        field=reading.pointer(place),
        span=(place.start, place.end),
        matched_text=words,
        why=why.replace("{matched}", words),
        citation=rule.citation,
        source=rule.citation.url,
        suggestions=offered,
    )
    return Judged(finding, place, rewrite, rule.category, rule.confidence)


def _authorised(scans: list[Scan], pack: Pack, facts: Facts) -> list[Judged]:
    """Findings for wordings of the register: lawful with the numbers, unlawful against them, open without."""
    best: dict[Place, tuple[Reading, AuthorisedClaim, Severity, str]] = {}
    first = len(pack.rules)
    for scan in scans:
        if not scan.sightings or scan.sightings[-1].rule < first:
            continue  # sightings come in the order of their rules
        for sighting in scan.sightings:
            if sighting.rule < first:
                continue
            claim, reading = pack.authorised[sighting.rule - first], scan.reading
            if reading.item.kind in claim.not_kinds:
                continue
            place = reading.place(sighting.start, sighting.end, scan.text)
            if claim.condition is None:
                severity, why = Severity.MODIFY, f"{claim.needs or 'Conditions of use apply'}."
            else:
                result = evaluate(claim.condition, facts.nutrition, pack.references, liquid=facts.liquid)
                severity = weight_of(result.outcome)
                why = _register_why(result.outcome, result.because, result.missing, claim)
            for other in [p for p in best if _overlap(p, place)]:
                reading, claim, severity, why = min(best.pop(other), (reading, claim, severity, why), key=_by_weight)
                place = Place(place.field, min(place.start, other.start), max(place.end, other.end))
            best[place] = (reading, claim, severity, why)
    return [_register_finding(entry[0], place, *entry[1:]) for place, entry in sorted(best.items(), key=_by_place)]


def _by_weight(entry: tuple[Reading, AuthorisedClaim, Severity, str]) -> int:
    return entry[2].rank


def _by_place(entry: tuple[Place, object]) -> Place:
    return entry[0]


def _register_why(outcome: Truth, because: str, missing: tuple[str, ...], claim: AuthorisedClaim) -> str:
    if outcome is Truth.HOLDS:
        return f"Authorised wording, and the numbers carry it: {because}." + (f" {claim.needs}." if claim.needs else "")
    if outcome is Truth.FAILS:
        return f"Authorised wording, but the item does not qualify: {because}."
    return f"Authorised wording that depends on a figure nobody gave: {', '.join(missing) or because}."


def _register_finding(reading: Reading, place: Place, claim: AuthorisedClaim, severity: Severity, why: str) -> Judged:
    resolution, rewrite = Resolution.NONE, _KEEP
    if severity is Severity.MODIFY:
        resolution = Resolution.EVIDENCE
    elif severity is Severity.BLOCK:
        resolution, rewrite = Resolution.AUTO, Rewrite(RewriteAction.REMOVE)
    finding = Finding(
        rule_id=claim.id,
        transform="verify.nutrition_claims",
        severity=severity,
        resolution=resolution,
        field=reading.pointer(place),
        span=(place.start, place.end),
        matched_text=reading.words(place),
        why=why,
        citation=claim.citation,
        source=claim.citation.url,
        suggestions=(),
    )
    return Judged(finding, place, rewrite, Category.HEALTH, Confidence.VERIFIED)


def _covered(rule: Rule, place: Place, authorised: list[Judged]) -> str:
    """Whether a wording of the register speaks for the words.

    It does for an effect wherever they meet, for anything else inside it; and a general word ("superfood") may stand
    beside a wording that the numbers carry (Regulation (EC) 1924/2006, Article 10(3)).
    """
    touches = _overlap if rule.function or rule.category is Category.NUTRIENT_CONTENT else _inside
    if any(touches(place, judged.place) for judged in authorised):
        return "wording of the register"
    if rule.category is Category.GENERAL_WELLNESS and any(
        judged.place.field == place.field and judged.finding.severity is Severity.INFO for judged in authorised
    ):
        return "accompanied by a wording of the register"
    return ""


def _weighed_by_confidence(judged: list[Judged]) -> list[Judged]:
    """A ban known from memory only stops nothing by itself (`decisions.md` 4)."""
    weighed = []
    for one in judged:
        if one.confidence is Confidence.RECALLED and one.finding.severity is Severity.BLOCK:
            backed = any(
                other.confidence is not Confidence.RECALLED
                and other.finding.severity is Severity.BLOCK
                and other.category is one.category
                and _overlap(one.place, other.place)
                for other in judged
            )
            if not backed:
                finding = replace(one.finding, severity=Severity.MODIFY, resolution=Resolution.HUMAN)
                one = one._replace(finding=finding)
        weighed.append(one)
    return weighed


def _without_repeats(judged: list[Judged]) -> list[Judged]:
    """Drop a finding whose words lie inside those of another one of the same category that weighs at least as much."""
    kept: list[Judged] = []
    for i, one in enumerate(judged):
        for k, other in enumerate(judged):
            if i == k or other.category is not one.category or not _inside(one.place, other.place):
                continue
            heavier = other.finding.severity.rank - one.finding.severity.rank
            if heavier > 0 or (heavier == 0 and (one.place != other.place or k < i)):
                break
        else:
            kept.append(one)
    return kept


def _overlap(a: Place, b: Place) -> bool:
    return a.field == b.field and a.start < b.end and b.start < a.end


def _inside(a: Place, b: Place) -> bool:
    return a.field == b.field and b.start <= a.start and a.end <= b.end


def _sentence(clause: str) -> str:
    return clause[:1].upper() + clause[1:] + ("" if clause.endswith(".") else ".") if clause else ""
