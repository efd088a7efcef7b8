"""The rules of an installation as people look for them: by words, by law, and by what they catch."""

import asyncio
import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec
import re2

from claimlens.domain.errors import InputError, InvalidError, NotFoundError, PackError
from claimlens.domain.finding import Citation, Severity
from claimlens.domain.jurisdiction import LOCALES, Jurisdiction, canonical_locale, jurisdiction_of
from claimlens.domain.pack import Pack
from claimlens.domain.profile import PROFILES
from claimlens.domain.question import Outside
from claimlens.domain.rule import Confidence
from claimlens.domain.suppression import Answered
from claimlens.domain.tenant import Principal
from claimlens.gate.ingest.entry import Defaults
from claimlens.gate.ingest.record import item_of
from claimlens.gate.judge.suppressions import answer as answered_for
from claimlens.kit.wellformed import is_wellformed
from claimlens.packs.digest import digest_of
from claimlens.packs.source import RuleSource
from claimlens.ports.clock import Clock
from claimlens.ports.editions import Edition, EditionHead, EditionStore
from claimlens.ports.packs import PackFiles
from claimlens.usecases.checks import Checker
from claimlens.usecases.dry_runs import Sample
from claimlens.usecases.packs import verified
from claimlens.usecases.permissions import require
from claimlens.usecases.rejudging import Kept
from claimlens.usecases.rules import RuleLibrary, example_item

#: Letters of a phrase that is tried, and of words that are looked for.
MOST_PHRASE, MOST_WORDS = 2_000, 200
#: Examples of rules that stand for items where nothing was judged yet.
MOST_SAMPLES = 200
_SHARED = "shared"
_LIST = re2.compile(r"\{(\w+)\}")


class Entry(msgspec.Struct, frozen=True):
    """A rule and the pack it stands in. `words` is what a search looks at."""

    pack: str
    rule: RuleSource
    words: str


class OtherRule(msgspec.Struct, frozen=True):
    """What an id outside the families of claim rules stands for: a check of the engine, personal data, a register."""

    id: str
    pack: str
    about: str
    why: str
    citation: Citation
    severity: Severity | None = None
    needs: str = ""


class Forgiven(msgspec.Struct, frozen=True):
    """Words that a rule saw and let through, and why."""

    rule_id: str
    words: str
    because: str


class Caught(msgspec.Struct, frozen=True):
    """What the gate says to a phrase: its verdict with every finding, and what the context forgave."""

    phrase: str
    locale: str
    answered: Answered
    forgiven: tuple[Forgiven, ...]


class PackView(msgspec.Struct, frozen=True, kw_only=True):
    """A pack in use.

    `digest` stands in audits (sources, shared sources, and the code that compiles them), `sources` is over the sources
    alone. `signature`: signed, digests (they hold, no key to check the signature by), unbuilt (no manifest) or broken;
    `problem` says why. `is_behind`: the files are no longer those that this process judges by.
    """

    name: str
    jurisdiction: Jurisdiction
    versions: dict[str, str]
    digest: str
    sources: str
    rules: int
    authorised: int
    signature: str
    problem: str
    is_behind: bool


class _Shelf(msgspec.Struct, frozen=True):
    """All that was read, once: rules in the order of their packs, what packs are, and their editions."""

    entries: tuple[Entry, ...]
    by_id: dict[str, Entry]
    lists: dict[str, dict[str, list[str]]]
    packs: dict[str, PackView]
    editions: tuple[Edition, ...]


class Rulebook:
    """Reads the packs when somebody first asks, beside the event loop, and remembers them.

    `public_key` is the one that signatures are checked by, None where none is configured.
    """

    def __init__(
        self,
        packs: PackFiles,
        checker: Checker,
        editions: EditionStore,
        clock: Clock,
        public_key: bytes | None,
    ) -> None:
        self._packs = packs
        self._checker = checker
        self._editions = editions
        self._clock = clock
        self._public_key = public_key
        self._shelf: _Shelf | None = None
        self._reading = asyncio.Lock()
        self._are_kept = False

    async def search(
        self, principal: Principal, *, pack: str = "", category: str = "", severity: str = "", words: str = ""
    ) -> list[Entry]:
        """The rules that fit, in the order of their packs; every one of `words` stands somewhere in the rule."""
        require(principal, "rules.read")
        shelf = await self._read()
        wanted = words[:MOST_WORDS].casefold().split()
        return [
            entry
            for entry in shelf.entries
            if (not pack or entry.pack == pack)
            and (not category or entry.rule.category == category)
            and (not severity or entry.rule.severity == severity)
            and all(word in entry.words for word in wanted)
        ]

    async def find(self, principal: Principal, rule_id: str) -> Entry | OtherRule:
        """One rule, or what else may stand as `rule_id` in a reason. Raises NotFoundError."""
        require(principal, "rules.read")
        shelf = await self._read()
        wanted = rule_id.upper()
        if entry := shelf.by_id.get(wanted):
            return entry
        for jurisdiction in Jurisdiction:
            other = _other(self._checker.examiner(jurisdiction).pack, wanted)
            if other is not None:
                return other
        raise NotFoundError(f"there is no rule {rule_id!r:.80}")

    async def lists(self, principal: Principal, entry: Entry) -> dict[str, list[str]]:
        """The word lists that the patterns of a rule name, by name, in the order of the patterns."""
        require(principal, "rules.read")
        known = (await self._read()).lists[entry.pack]
        rule = entry.rule
        patterns = (*rule.triggers, *rule.excuses, *rule.excuses_near, *rule.excuses_item)
        names = dict.fromkeys([name for pattern in patterns for name in _LIST.findall(pattern)])
        return {name: known[name] for name in names if name in known}

    async def categories(self, principal: Principal) -> dict[str, int]:
        """The categories that have rules, with how many."""
        require(principal, "rules.read")
        counts: dict[str, int] = {}
        for entry in (await self._read()).entries:
            counts[entry.rule.category] = counts.get(entry.rule.category, 0) + 1
        return dict(sorted(counts.items()))

    async def packs(self, principal: Principal) -> list[PackView]:
        """The packs in use."""
        require(principal, "rules.read")
        return list((await self._read()).packs.values())

    async def pack(self, principal: Principal, name: str) -> PackView:
        """One of them. Raises NotFoundError."""
        require(principal, "rules.read")
        found = (await self._read()).packs.get(name)
        if found is None:
            raise NotFoundError(f"there is no pack {name!r:.40}")
        return found

    async def caught(self, principal: Principal, phrase: str, locale: str, kind: str = "menu_item") -> Caught:
        """What the gate says to a phrase as the name of an item; services are not asked. Raises InvalidError."""
        require(principal, "rules.read")
        if len(phrase) > MOST_PHRASE or not is_wellformed(phrase) or "\0" in phrase:
            raise InvalidError((("/phrase", f"a phrase has at most {MOST_PHRASE:,} characters"),))
        settings, on = principal.tenant.settings, self._clock.now().date()
        try:
            market = canonical_locale(locale)
            record = {"id": "phrase", "name": phrase, "kind": kind}
            item = item_of(record, 0, Defaults(locale=market, marks=settings.brand_names))
        except InputError as error:
            raise InvalidError(((error.pointer, error.detail),), error.code) from None
        return await asyncio.to_thread(self._examined, phrase, item, market, settings.suppressions, on)

    async def samples(self, profile_id: str) -> list[Sample]:
        """The first example of each rule that is more than a note, as items of a profile, in the order of the packs."""
        markets = {jurisdiction_of(locale): locale for locale in reversed(LOCALES)}
        wanted = PROFILES[profile_id].jurisdiction
        found = []
        for entry in (await self._read()).entries:
            market = Jurisdiction(entry.pack.upper())
            examples = entry.rule.examples.match
            if wanted not in (None, market) or not examples or entry.rule.severity is Severity.INFO:
                continue
            item = example_item(examples[0])
            found.append(Sample(entry.rule.id, Kept(item=item, locale=markets[market], profile=profile_id)))
        return found[:: max(1, len(found) // MOST_SAMPLES)][:MOST_SAMPLES]

    async def editions(self, principal: Principal, pack: str) -> Sequence[EditionHead]:
        """The editions of a pack that this installation knows, the newest first; those in use are kept from now on."""
        require(principal, "rules.read")
        await self._keep_editions()
        return await self._editions.heads(pack)

    async def edition(self, principal: Principal, pack: str, digest: str) -> Edition:
        """One of them, whole. Raises NotFoundError."""
        require(principal, "rules.read")
        found = await self._editions.find(pack, digest)
        if found is None:
            raise NotFoundError(f"there is no edition {digest!r:.16} of the pack {pack!r:.40}")
        return found

    async def _keep_editions(self) -> None:
        """Keep the editions in use, so that a later one can be held against them."""
        if not self._are_kept:
            for edition in (await self._read()).editions:
                await self._editions.add(edition)
            self._are_kept = True

    def _examined(self, phrase: str, item: Any, locale: str, suppressions: Any, on: Any) -> Caught:
        steps = self._checker.steps([item], locale=locale, on_date=on, outside=Outside.APART)
        try:
            next(steps)
            while True:
                steps.send(())
        except StopIteration as done:
            (examined,) = done.value
        texts = [text for _, text in item.texts()]
        forgiven = dict.fromkeys(
            Forgiven(one.rule_id, texts[one.place.field][one.place.start : one.place.end], one.because)
            for one in examined.excused
        )
        return Caught(phrase, locale, answered_for(examined.verdict, suppressions, on), tuple(forgiven))

    async def _read(self) -> _Shelf:
        async with self._reading:
            if self._shelf is None:
                self._shelf = await asyncio.to_thread(self._read_all)
            return self._shelf

    def _read_all(self) -> _Shelf:
        library, now = RuleLibrary(self._packs), self._clock.now()
        entries: list[Entry] = []
        lists: dict[str, dict[str, list[str]]] = {}
        packs: dict[str, PackView] = {}
        editions = []
        shared = self._packs.files(_SHARED)
        for name in library.names():
            source, files = library.source(name), self._packs.files(name)
            if source.header.jurisdiction is None:
                continue
            lists[name] = source.lists
            entries += [Entry(name, rule, _words(rule)) for rule in source.rules]
            in_use = self._checker.examiner(source.header.jurisdiction).pack
            sources = _digest(files, shared)
            signature, problem = self._signature(name)
            packs[name] = PackView(
                name=name,
                jurisdiction=source.header.jurisdiction,
                versions=source.header.versions,
                digest=in_use.digest,
                sources=sources,
                rules=len(source.rules),
                authorised=len(source.authorised),
                signature=signature,
                problem=problem,
                is_behind=self._packs.digest(source.header.jurisdiction) != in_use.digest,
            )
            editions.append(
                Edition(
                    head=EditionHead(pack=name, digest=sources, versions=source.header.versions, since=now),
                    rules={rule.id: _written(rule) for rule in source.rules},
                    files=_digests(files) | {f"{_SHARED}/{path}": one for path, one in _digests(shared).items()},
                )
            )
        by_id = {entry.rule.id.upper(): entry for entry in entries}
        return _Shelf(tuple(entries), by_id, lists, packs, tuple(editions))

    def _signature(self, name: str) -> tuple[str, str]:
        if "manifest.json" not in self._packs.files(name):
            return "unbuilt", ""
        try:
            found = verified(self._packs, name, self._public_key)
        except PackError as error:
            return "broken", str(error)
        return ("signed" if found.signed else "digests"), ""


def confidence_said(confidence: Confidence) -> str:
    """How well the law behind a rule was read, in words."""
    return {
        Confidence.VERIFIED: "read in the text of the law",
        Confidence.SECONDARY: "read in somebody's summary, not in the text of the law",
        Confidence.RECALLED: "from memory, the text was not read: it stops nothing by itself, a person decides",
    }[confidence]


def _digest(files: dict[str, bytes], shared: dict[str, bytes]) -> str:
    return hashlib.sha256(f"{digest_of(files)}{digest_of(shared)}".encode()).hexdigest()


def _digests(files: dict[str, bytes]) -> dict[str, str]:
    return {path: hashlib.sha256(content).hexdigest() for path, content in files.items() if path.endswith(".yaml")}


def _words(rule: RuleSource) -> str:
    law = f"{rule.citation.instrument} {rule.citation.section}"
    return " ".join((rule.id, rule.title, rule.category, rule.why, law, *rule.triggers, *rule.facts)).casefold()


def _written(rule: RuleSource) -> dict[str, Any]:
    """The rule as its author wrote it, without the line it stands in."""
    fields: dict[str, Any] = msgspec.to_builtins(rule)
    examples = {
        kind: [
            {key: value for key, value in each.items() if key != "line"} if isinstance(each, dict) else each
            for each in texts
        ]
        for kind, texts in fields["examples"].items()
    }
    return {name: value for name, value in fields.items() if name != "line"} | {"examples": examples}


def _other(pack: Pack, rule_id: str) -> OtherRule | None:
    name = pack.jurisdiction.lower()
    for check in pack.checks:
        if check.rule_id.upper() == rule_id:
            return OtherRule(
                check.rule_id,
                name,
                f"a check of the engine: {check.check.replace('_', ' ')}",
                check.why,
                check.citation,
                check.severity,
            )
    for personal in pack.personal_data:
        if personal.rule_id.upper() == rule_id:
            about = f"personal data in published text: {personal.type}"
            return OtherRule(personal.rule_id, name, about, personal.why, personal.citation, Severity.MODIFY)
    for claim in pack.authorised:
        if claim.id.upper() == rule_id:
            about = f"an authorised wording of the register, for {claim.nutrient.replace('_', ' ')}"
            return OtherRule(claim.id, name, about, claim.wordings["en"], claim.citation, None, claim.needs)
    return None
