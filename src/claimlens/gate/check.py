"""The data path for one item: read, detect, judge, rewrite. Order and switches are set in `gate/__init__.py`."""

from collections.abc import Callable
from datetime import date
from typing import Any, NamedTuple

from msgspec.structs import replace

from claimlens.domain.finding import Change, Finding, Resolution, Severity
from claimlens.domain.item import Item
from claimlens.domain.nutrition import Nutrition
from claimlens.domain.pack import Pack
from claimlens.domain.profile import Profile
from claimlens.domain.rule import Category, RewriteAction
from claimlens.domain.verdict import AllergenSummary, Outcome, Verdict
from claimlens.gate.detect.allergens import AllergenDetector, AllergenSighting, summarise
from claimlens.gate.detect.claims import ClaimDetector, Hits
from claimlens.gate.judge.claims import Excused, Facts, Judged, Scan, judge_claims, sighted_inside
from claimlens.gate.judge.declarations import contradicted_absences, contradicting_energy, undeclared_allergens
from claimlens.gate.judge.energy import energy_mismatch
from claimlens.gate.judge.verdict import needs_review, outcome
from claimlens.gate.normalise.disguise import second_readings
from claimlens.gate.normalise.nutrition import normalise_nutrition
from claimlens.gate.normalise.pii import PiiHit, find_pii, may_hold_pii, redact
from claimlens.gate.normalise.reading import Reading
from claimlens.gate.normalise.state import is_liquid
from claimlens.gate.rewrite.changed import changed_sentences, is_undisguised
from claimlens.gate.rewrite.edits import Edit, apply_edits

#: Categories whose words are statements: a removal takes the clause, not just the words.
_STATEMENTS = frozenset(
    {Category.DISEASE, Category.WEIGHT_LOSS, Category.HEALTH, Category.IMMUNITY, Category.DETOX, Category.COGNITIVE}
    | {Category.BEAUTY, Category.ENDORSEMENT, Category.DISPARAGEMENT, Category.STRUCTURE_FUNCTION, Category.CHILDREN}
)
_ROUNDS = 3
_MOST_DAYS = 64
_UNASKED = AllergenSummary(complete=False)

#: Called behind each transform with its name, and with an empty one before the first; the gate has no clock.
Mark = Callable[[str], None]
#: Finds personal data in a text of a region.
FindPersonal = Callable[[str, str], list[PiiHit]]


class Examined(NamedTuple):
    """A verdict, what the context forgave (for the decision log), and what services answered, None for nothing."""

    verdict: Verdict
    excused: list[Excused]
    services: dict[str, dict[str, Any] | None] | None = None


class Numbers(NamedTuple):
    """An item's numbers, understood, and whether it is a liquid (None: nothing tells)."""

    nutrition: Nutrition
    liquid: bool | None


_NO_NUMBERS = Numbers(Nutrition(), None)


class Examiner:
    """A pack, ready to judge. What it remembers changes no answer; safe to share between threads.

    `find_personal`: who knows where personal data was, in texts that were masked since (a replay).
    """

    def __init__(self, pack: Pack, find_personal: FindPersonal = find_pii) -> None:
        self.pack = pack
        self._find_personal = find_personal
        self.claims = ClaimDetector(pack.patterns, [*pack.rules, *pack.authorised])
        self.allergens = AllergenDetector(pack.allergens)
        self._in_force: dict[date, frozenset[int]] = {}
        self._unseen = AllergenSighting(pack.allergens, ingredients_given=False)
        self._personal_data = {rule.type: rule for rule in pack.personal_data}
        self._numeric = frozenset(i for i, rule in enumerate(pack.rules) if rule.condition is not None)
        self._region = str(pack.jurisdiction)
        self._energy = pack.check("energy_mismatch")
        self._undeclared = pack.check("allergen_undeclared")
        self._free_from = pack.check("free_from_contradicted")

    def rules_in_force(self, on: date) -> frozenset[int]:
        """Numbers of the rules that apply on a day."""
        known = self._in_force.get(on)
        if known is None:
            known = frozenset(i for i, rule in enumerate(self.pack.rules) if rule.in_force(on))
            if len(self._in_force) < _MOST_DAYS:
                self._in_force[on] = known
        return known

    def numbers(self, item: Item, profile: Profile, mark: Mark | None = None) -> Numbers:
        """The item's numbers by the pack's own tables."""
        if not item.nutrition or "normalize.nutrition" not in profile.transforms:
            return _NO_NUMBERS
        if mark is not None:
            mark("")
        liquid = is_liquid(item.kind, item.nutrition, item.name, self.pack.references)
        nutrition = normalise_nutrition(item.nutrition, liquid=liquid, name=item.name, references=self.pack.references)
        if mark is not None:
            mark("normalize.nutrition")
        return Numbers(nutrition, liquid)

    def examine(
        self,
        item: Item,
        profile: Profile,
        in_force: frozenset[int],
        language: str,
        mark: Mark | None = None,
        numbers: Numbers | None = None,
    ) -> Examined:
        """The verdict for one item by its own words and numbers; `numbers` if they were read already."""
        reading = Reading(item)
        runs = profile.transforms
        nutrition, liquid = self.numbers(item, profile, mark) if numbers is None else numbers
        if mark is not None:
            mark("")
        summary, sighting = _UNASKED, self._unseen
        if "detect.allergens" in runs:
            told = [field for field in reading.fields if field[0] != "/category"]  # a menu's heading is no ingredient
            sighting = self.allergens.detect(told, ingredients_given=bool(item.ingredients), language=language)
            summary = summarise(sighting, item.allergens_declared, self.allergens)
            if mark is not None:
                mark("detect.allergens")
        judged: list[Judged] = []
        excused: list[Excused] = []
        facts = Facts(nutrition, liquid, sighting, language)
        scans: list[Scan] = []
        if "detect.claims" in runs:
            if "verify.nutrition_claims" not in runs:
                in_force = in_force - self._numeric
            scans = self._scans(reading)
            if mark is not None:
                mark("detect.claims")
            if any(scan.sightings for scan in scans):
                judged, excused = judge_claims(scans[0], scans, self.pack, in_force, facts)
                if mark is not None:
                    mark("verify.nutrition_claims")
        personal = self._personal(reading) if "redact.pii" in runs else []
        if mark is not None:
            mark("redact.pii")
        findings = [one.finding for one in judged] + [finding for _, finding in personal]
        if nutrition and self._energy is not None:
            mismatch = energy_mismatch(nutrition, self.pack.references)
            if mismatch:
                findings += contradicting_energy(mismatch, self._energy)
        if summary.undeclared:
            findings += undeclared_allergens(summary, self._undeclared)
        if sighting.free_from and self._free_from is not None:
            findings += contradicted_absences(sighting, self._free_from, findings)
        changes: tuple[Change, ...] = ()
        if findings:
            if "rewrite.disclaimer" in runs:
                redacts = "redact.pii" in runs
                changes, unresolved = self._changes(reading, scans, judged, personal, facts, in_force, redacts)
                findings = [
                    replace(f, resolution=Resolution.HUMAN)
                    if f.resolution is Resolution.AUTO and (f.field, f.severity) in unresolved
                    else f
                    for f in findings
                ]
                if mark is not None:
                    mark("rewrite.disclaimer")
            order = {pointer: i for i, (pointer, _) in enumerate(reading.fields)}
            findings.sort(key=lambda f: (order.get(f.field, len(order)), f.span, f.rule_id))
            if "suggest.alternatives" not in runs:
                findings = [replace(f, suggestions=()) for f in findings]
        return Examined(
            Verdict(
                item_id=item.id,
                verdict=outcome(findings) if findings else Outcome.ALLOW,
                needs_review=needs_review(findings),
                reasons=tuple(findings),
                changes=changes,
                allergens=summary,
                nutrition=nutrition.to_wire() if nutrition else {},
                not_checked=self._gaps(item, nutrition, sighting),
                degraded_services=(),
                pack_versions=self.pack.versions,
            ),
            excused,
        )

    def facts_of(self, item: Item, language: str) -> Facts:
        """What is known of an item besides its words, for `claims_in`."""
        references = self.pack.references
        liquid = is_liquid(item.kind, item.nutrition, item.name, references) if item.nutrition else None
        nutrition = normalise_nutrition(item.nutrition, liquid=liquid, name=item.name, references=references)
        told = [field for field in item.texts() if field[0] != "/category"]
        sighting = self.allergens.detect(told, ingredients_given=bool(item.ingredients), language=language)
        return Facts(nutrition, liquid, sighting, language)

    def claims_in(self, reading: Reading, facts: Facts, in_force: frozenset[int]) -> list[Finding]:
        """The claims of an item as `reading` has it, perhaps in other words than were submitted."""
        scans = self._scans(reading)
        if not any(scan.sightings for scan in scans):
            return []
        return [one.finding for one in judge_claims(scans[0], scans, self.pack, in_force, facts)[0]]

    def _scans(self, reading: Reading, item_hits: Hits | None = None) -> list[Scan]:
        """The looks at a reading: as it stands, and each sentence in disguise.

        `item_hits` if it is a part of the item.
        """
        text = reading.text
        hits = self.claims.scan(text.folded)
        scans = [Scan(reading, text, hits, self.claims.sightings(hits, item_hits))]
        words = self.claims.words
        for again in second_readings(
            text.text, text.folded, words.known_start, words.word_starts, has_repeats=self.claims.has_repeats(hits)
        ):
            more = self.claims.scan(again.folded)
            scans.append(Scan(reading, again, more, self.claims.sightings(more, item_hits or hits)))
        return scans

    def _personal(self, reading: Reading) -> list[tuple[int, Finding]]:
        if self._find_personal is find_pii and not may_hold_pii(reading.text.text, self._region):
            return []
        found = []
        for i, (pointer, text) in enumerate(reading.fields):
            for hit in self._find_personal(text, self._region):
                rule = self._personal_data[hit.type]
                finding = Finding(
                    rule_id=rule.rule_id,
                    transform="redact.pii",
                    severity=Severity.MODIFY,
                    resolution=Resolution.AUTO,
                    field=pointer,
                    span=(hit.start, hit.end),
                    matched_text=text[hit.start : hit.end],
                    why=rule.why,
                    citation=rule.citation,
                    source=rule.citation.url,
                    suggestions=(),
                    type=hit.type,
                )
                found.append((i, finding))
        return found

    def _changes(
        self,
        reading: Reading,
        scans: list[Scan],
        judged: list[Judged],
        personal: list[tuple[int, Finding]],
        facts: Facts,
        in_force: frozenset[int],
        redacts: bool,
    ) -> tuple[tuple[Change, ...], set[tuple[str, Severity]]]:
        """The edits that make the item publishable, each judged again; and (field, severity) of what no edit mends."""
        texts = [text for _, text in reading.fields]
        redacted = {i for i, _ in personal}
        for i in redacted:
            texts[i] = self._redacted(texts[i])
        touched, failed = set(redacted), set[int]()
        pending = judged
        if redacted and judged:
            pending = [one for one in judged if one.place.field not in redacted]
            pending += self._judge_again(reading, texts, sorted(redacted), scans[0], facts, in_force)
        as_submitted = not redacted and len(scans) == 1  # judged on these very words, no disguise among them
        for _ in range(_ROUNDS):
            edits = _edits_by_field(reading, pending, failed)
            if not edits:
                break
            for i, todo in edits.items():
                edited = apply_edits(texts[i], todo, is_title=_is_title(reading.fields[i][0]))
                edited = self._redacted(edited) if redacts else edited
                if edited and edited != texts[i]:
                    texts[i] = edited
                    touched.add(i)
                else:
                    failed.add(i)
            again = {i: todo for i, todo in sorted(edits.items()) if i not in failed}
            if as_submitted and self._nothing_left(scans[0], judged, texts, again):
                pending = []
            else:
                pending = self._judge_again(reading, texts, list(again), scans[0], facts, in_force)
            as_submitted = False
        failed |= _edits_by_field(reading, pending, failed).keys()
        for i in failed & redacted:
            texts[i] = self._redacted(reading.fields[i][1])
        changes = tuple(
            Change(reading.fields[i][0], reading.fields[i][1], texts[i]) for i in sorted(touched - (failed - redacted))
        )
        unresolved = {
            (one.finding.field, one.finding.severity)
            for one in judged
            if one.place.field in failed and one.finding.resolution is Resolution.AUTO
        }
        return changes, unresolved

    def _redacted(self, text: str) -> str:
        """The text without personal data; what the first redaction brings to light goes too."""
        for _ in range(_ROUNDS):
            hits = self._find_personal(text, self._region)
            if not hits:
                break
            text = redact(text, hits)
        return text

    def _nothing_left(self, scan: Scan, judged: list[Judged], texts: list[str], edits: dict[int, list[Edit]]) -> bool:
        """Whether some edited fields surely hold no rule's words any more; `scan` saw them as they were.

        The quick answer to most edits: no rule's words reach over the end of a sentence, so that none stand where none
        stood, and only the sentences that changed are read again.
        """
        fields = scan.reading.fields
        changed = {}
        for i, todo in edits.items():
            start, end = min([edit.start for edit in todo]), max([edit.end for edit in todo])
            part = changed_sentences(fields[i][1], texts[i], start, end)
            if part is None:
                return False
            changed[i] = part
        if not sighted_inside(scan, judged, {i: (part.start, part.end) for i, part in changed.items()}):
            return False
        left = [(fields[i][0], part.text) for i, part in changed.items() if part.text]
        if not left:
            return True
        again = self._scans(Reading(scan.reading.item, left), scan.hits)
        return len(again) == 1 and not again[0].sightings and is_undisguised(again[0].text)

    def _judge_again(
        self, reading: Reading, texts: list[str], fields: list[int], whole: Scan, facts: Facts, in_force: frozenset[int]
    ) -> list[Judged]:
        """What is still wrong with some edited fields."""
        if not fields:
            return []
        edited = [(pointer, text) for (pointer, _), text in zip(reading.fields, texts, strict=True)]
        scans = self._scans(Reading(reading.item, edited, only=fields), whole.hits)
        if not any(scan.sightings for scan in scans):
            return []
        return judge_claims(whole, scans, self.pack, in_force, facts)[0]

    def _gaps(self, item: Item, nutrition: Nutrition, sighting: AllergenSighting) -> tuple[str, ...]:
        """What could not be checked: no ingredients, ingredients that leave allergens open, unread figures."""
        gaps: tuple[str, ...] = ()
        if not item.ingredients:
            gaps = ("ingredients",)
        elif not sighting.complete:
            open_words = dict.fromkeys(
                ask.words for ask in sighting.asks if ask.allergen in sighting.open_asks and ask.pointer != "/name"
            )
            gaps = (f"allergens: {', '.join(open_words)}",)
        if nutrition.unread:
            gaps += tuple(dict.fromkeys(pointer for pointer, _ in nutrition.unread))
        return gaps


def _edits_by_field(reading: Reading, judged: list[Judged], failed: set[int]) -> dict[int, list[Edit]]:
    """What is to be done, by field.

    A statement that a name makes due is appended to the description, never to the name.
    """
    edits: dict[int, list[Edit]] = {}
    if not judged:
        return edits
    description = next((i for i, (pointer, _) in enumerate(reading.fields) if pointer == "/description"), None)
    for one in judged:
        finding, place = one.finding, one.place
        if (
            one.rewrite.action is RewriteAction.NONE
            or finding.resolution is not Resolution.AUTO
            or finding.severity is Severity.INFO
            or place.field in failed
        ):
            continue
        field = place.field
        if one.rewrite.action is RewriteAction.APPEND and _is_title(reading.fields[field][0]):
            if description is None or description in failed:
                failed.add(field)
                continue
            field = description
        edits.setdefault(field, []).append(Edit(place.start, place.end, one.rewrite, one.category in _STATEMENTS))
    return edits


def _is_title(pointer: str) -> bool:
    return pointer in ("/name", "/category") or pointer.startswith("/tags/") or pointer.endswith("/name")
