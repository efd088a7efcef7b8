"""Rules and packs: browsed, searched, held against a phrase; what a pack is, and what changed in it."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from litestar.params import FromPath
from litestar.response import Response

from claimlens.domain.errors import InvalidError
from claimlens.domain.finding import Severity
from claimlens.domain.item import Kind
from claimlens.domain.jurisdiction import LOCALES
from claimlens.entry.console.spec import page
from claimlens.entry.console.visit import TheVisit, Visit
from claimlens.usecases.pack_diffs import RuleChange, pack_diff
from claimlens.usecases.reports.view import highlighted
from claimlens.usecases.rulebook import Caught, Entry, OtherRule, confidence_said

_RULES, _PACKS = "/console/rules", "/console/packs"
_FILTERS = ("pack", "category", "severity", "words")
_ROWS = 50
#: Letters of the differences that a page shows; the rules behind that are named.
_MOST_SHOWN = 24_000
#: Rules that are named.
_MOST_NAMED = 200
#: Entries of a word list that a rule's page shows.
_WORDS_SHOWN = 120
#: Why words were let through, as the decision log has it and as people say it.
BECAUSE = {
    "negated": "they are denied",
    "set phrase": "a set phrase that claims nothing",
    "words in the sentence": "other words of the sentence make it no claim",
    "words in the item": "other words of the item make it no claim",
    "own brand": "they stand inside a brand name",
    "ingredient name": "they name an ingredient",
}
TITLES = {"in": "India", "us": "United States", "gb": "Great Britain", "eu": "European Union"}
SIGNATURES = {
    "signed": "signed: every file is as it was signed",
    "digests": "built, every file fits its digest; no key is configured to check the signature by",
    "unbuilt": "plain sources, neither built nor signed; production refuses these",
    "broken": "cannot be trusted",
}


@page("GET", _RULES, action="rules.read", apart=True)
async def listed(visit: TheVisit) -> Response[bytes]:
    """The rules that fit, and the two ways to find one: by words, and by what catches a phrase."""
    query = visit.exchange.query()
    chosen = {name: query[name].strip() for name in _FILTERS if query.get(name, "").strip()}
    found = await visit.service.rulebook.search(visit.principal, **chosen)
    first = _number(query.get("from", ""))
    following = first + _ROWS if first + _ROWS < len(found) else 0
    return await _list_page(
        visit,
        rows=found[first : first + _ROWS],
        count=len(found),
        first=first,
        chosen=dict.fromkeys(_FILTERS, "") | chosen,
        is_filtered=bool(chosen),
        newest=f"{_RULES}?{urlencode(chosen)}" if chosen else _RULES,
        following=f"{_RULES}?{urlencode(chosen | {'from': following})}" if following else "",
    )


@page("GET", f"{_RULES}/caught", action="rules.read", apart=True)
async def caught(visit: TheVisit) -> Response[bytes]:
    """Which rules speak of a phrase, and which saw it and let it through."""
    query = visit.exchange.query()
    asked = {name: query.get(name, "") for name in ("phrase", "locale", "kind")}
    problem, found = "", None
    if asked["phrase"].strip():
        try:
            found = await visit.service.rulebook.caught(
                visit.principal, asked["phrase"].strip(), asked["locale"], asked["kind"] or Kind.MENU_ITEM
            )
        except InvalidError as error:
            problem = error.problems[0][1]
    return visit.page("rule_caught.html.j2", 400 if problem else 200, problem=problem, **_asking(visit), **_said(found))


@page("GET", f"{_RULES}/{{rule_id:str}}", action="rules.read", apart=True)
async def one(visit: TheVisit, rule_id: FromPath[str]) -> Response[bytes]:
    """One rule: what it catches, why, by which law, what to write instead, its examples."""
    found = await visit.service.rulebook.find(visit.principal, rule_id)
    pack = await visit.service.rulebook.pack(visit.principal, found.pack)
    if isinstance(found, OtherRule):
        return visit.page("rule_other.html.j2", rule=found, pack=pack, title=TITLES.get(found.pack, found.pack))
    return visit.page(
        "rule.html.j2",
        rule=found.rule,
        pack=pack,
        title=TITLES.get(found.pack, found.pack),
        confidence=confidence_said(found.rule.confidence),
        since=await _since(visit, found),
        lists=await visit.service.rulebook.lists(visit.principal, found),
        words_shown=_WORDS_SHOWN,
        matches=[_example(each) for each in found.rule.examples.match],
        passes=[_example(each) for each in found.rule.examples.passes],
        may_audit=visit.may("audits.read"),
    )


@page("GET", _PACKS, action="rules.read", apart=True)
async def packs(visit: TheVisit) -> Response[bytes]:
    """The packs in use."""
    found = await visit.service.rulebook.packs(visit.principal)
    return visit.page("packs.html.j2", packs=found, titles=TITLES, signatures=SIGNATURES)


@page("GET", f"{_PACKS}/{{name:str}}", action="rules.read", apart=True)
async def pack(visit: TheVisit, name: FromPath[str]) -> Response[bytes]:
    """One pack: its version, digest and signature, its editions, and what changed since one of them."""
    book, query = visit.service.rulebook, visit.exchange.query()
    found = await book.pack(visit.principal, name)
    editions = await book.editions(visit.principal, name)
    against, diff = query.get("against", ""), None
    if against:
        before = await book.edition(visit.principal, name, against)
        after = await book.edition(visit.principal, name, query.get("to", "") or found.sources)
        found_diff = pack_diff(before, after)
        shown = _shown(found_diff.rules)
        diff = {
            "before": before.head,
            "after": after.head,
            "found": found_diff,
            "shown": found_diff.rules[:shown],
            "named": found_diff.rules[shown:][:_MOST_NAMED],
        }
    return visit.page(
        "pack.html.j2",
        pack=found,
        title=TITLES.get(name, name),
        signature=SIGNATURES[found.signature],
        editions=editions,
        diff=diff,
    )


async def _list_page(visit: Visit, **values: Any) -> Response[bytes]:
    book = visit.service.rulebook
    categories = await book.categories(visit.principal)
    return visit.page(
        "rules.html.j2",
        packs=[(each.name, TITLES.get(each.name, each.name)) for each in await book.packs(visit.principal)],
        categories=[(name, name.replace("_", " "), count) for name, count in categories.items()],
        severities=[each.value for each in reversed(Severity)],
        titles=TITLES,
        **_asking(visit),
        **values,
    )


def _asking(visit: Visit) -> dict[str, Any]:
    """The form that takes a phrase."""
    query = visit.exchange.query()
    usual = visit.principal.tenant.settings.default_locale or next(iter(LOCALES))
    return {
        "phrase": query.get("phrase", ""),
        "locale": query.get("locale", "") or usual,
        "kind": query.get("kind", "") or Kind.MENU_ITEM.value,
        "locales": list(LOCALES),
        "kinds": [(each.value, each.value.replace("_", " ")) for each in Kind],
    }


def _said(caught: Caught | None) -> dict[str, Any]:
    if caught is None:
        return {"caught": None, "reasons": (), "segments": (), "because": BECAUSE}
    reasons = caught.answered.verdict.reasons
    marks = [(*finding.span, finding.severity) for finding in reasons if finding.matched_text]
    heaviest_first = sorted(enumerate(reasons), key=lambda each: -each[1].severity.rank)
    return {
        "caught": caught,
        "because": BECAUSE,
        "reasons": [(finding, caught.answered.suppressed.get(index)) for index, finding in heaviest_first],
        "segments": highlighted(caught.phrase, marks),
    }


async def _since(visit: Visit, entry: Entry) -> tuple[str, bool]:
    """The first edition known here that has the rule, and whether earlier ones are known that lack it."""
    book = visit.service.rulebook
    heads: Sequence[Any] = await book.editions(visit.principal, entry.pack)
    first, lacked = heads[0] if heads else None, False
    for head in heads[1:]:
        edition = await book.edition(visit.principal, entry.pack, head.digest)
        if entry.rule.id not in edition.rules:
            lacked = True
            break
        first = head
    return (", ".join(f"{part} {version}" for part, version in first.versions.items()) if first else ""), lacked


def _shown(changes: Sequence[RuleChange]) -> int:
    """How many of the changes fit on a page with all their fields."""
    left = _MOST_SHOWN
    for count, change in enumerate(changes):
        left -= 200 + sum(60 + sum(len(piece.text) + 15 for piece in field.pieces) for field in change.fields)
        if left < 0:
            return count
    return len(changes)


def _example(example: Any) -> tuple[str, dict[str, Any]]:
    """The text of an example, and what else it says."""
    if isinstance(example, str):
        return example, {}
    beside = {key: value for key, value in example.items() if key not in ("text", "line", "name")}
    return str(example.get("text") or example.get("name") or ""), {key: _plain(each) for key, each in beside.items()}


def _plain(value: Any) -> str:
    """What an example says beside its text, as people read it."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {_plain(each)}".replace("_", " ") for key, each in value.items())
    return ", ".join(map(_plain, value)) if isinstance(value, list | tuple) else str(value)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0


ROUTES = [listed, caught, one, packs, pack]
