"""An audit as Markdown, for people: what was judged, what was found, by which law, and what to write instead."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

# What CommonMark or an HTML renderer could take for its own.
_SIGNS = re.compile(r"([\\`*_{}\[\]<>()#+\-.!|~&])")
_SPACE = re.compile(r"\s+")


def audit_markdown(record: bytes) -> str:
    """The record of one audit; every text of the item in it is plain text, whatever it looks like."""
    audit = msgspec.json.decode(record)
    return "\n".join(_lines(audit)) + "\n"


def _lines(audit: dict[str, Any]) -> Iterator[str]:
    verdict = audit["verdict"]
    yield f"# {_plain(verdict['item_id'])}: {verdict['verdict']}"
    yield ""
    yield from _table(
        ("", ""),
        [
            ("Audit", audit["audit_id"]),
            ("Judged", audit["ts"]),
            ("By the law of", f"{audit['locale']}, {audit['profile']}, as of {audit['on']}"),
            ("Packs", ", ".join(f"{name} {version}" for name, version in verdict["pack_versions"].items())),
            ("Engine", audit["engine"]),
            ("Tenant", audit["tenant_id"]),
            ("Correlation id", audit["correlation_id"]),
            ("Needs review", "yes" if verdict["needs_review"] else "no"),
            ("Not checked", ", ".join(verdict["not_checked"]) or "nothing was left out"),
            *([("Services out", ", ".join(verdict["degraded_services"]))] if verdict["degraded_services"] else []),
            *([("Test key", "yes")] if audit["test"] else []),
            *([("Job", audit["job_id"])] if audit["job_id"] else []),
            ("Digest of the item", audit["item_digest"]),
        ],
    )
    yield from _reasons(verdict["reasons"])
    yield from _changes(verdict["changes"])
    yield from _allergens(verdict["allergens"])
    if verdict["nutrition"]:
        yield from ("", "## Nutrition", "")
        yield from _table(("", ""), [(name, str(value)) for name, value in verdict["nutrition"].items()])
    yield from ("", "## Item", "")
    yield from _table(("", ""), [(name, _text(value)) for name, value in audit["item"].items()])


def _reasons(reasons: Sequence[dict[str, Any]]) -> Iterator[str]:
    yield from ("", "## Reasons", "")
    if not reasons:
        yield "None."
    for number, reason in enumerate(reasons, start=1):
        citation = reason["citation"]
        words = f"“{_plain(reason['matched_text'])}” in " if reason["matched_text"] else ""
        yield f"{number}. **{reason['severity']}** {words}{_plain(reason['field'])} ({_plain(reason['rule_id'])})"
        yield f"   - {_plain(reason['why'])}"
        yield f"   - {_plain(citation['instrument'])}, {_plain(citation['section'])}: <{_link(citation['url'])}>"
        yield f"   - resolved by: {reason['resolution']}"
        for key, word in (("suppressed", "answered for"), ("suppression_expired", "was answered for")):
            if key in reason:
                by = reason[key]
                yield f"   - {word} by {_plain(by['author'])} until {by['expires']}: {_plain(by['reason'])}"
        for suggestion in reason["suggestions"]:
            because = f" ({_plain(suggestion['because'])})" if suggestion.get("because") else ""
            yield f"   - may be written: {_plain(suggestion['text'])}{because}"


def _changes(changes: Sequence[dict[str, Any]]) -> Iterator[str]:
    if changes:
        yield from ("", "## Changes", "")
        yield from _table(
            ("Field", "Before", "After"), [(change["field"], change["before"], change["after"]) for change in changes]
        )


def _allergens(allergens: dict[str, Any]) -> Iterator[str]:
    yield from ("", "## Allergens", "")
    for key, word in (("contains", "Contains"), ("may_contain", "May contain")):
        for entry in allergens[key]:
            yield f"- {word} {_plain(entry['allergen'])}: {_plain(', '.join(entry['because']))}"
    if allergens["undeclared"]:
        yield f"- Not declared: {_plain(', '.join(allergens['undeclared']))}"
    yield "- Every other one: " + ("not named" if allergens["complete"] else "unknown")


def _table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(heading)} |"
    yield f"|{'---|' * len(heading)}"
    for row in rows:
        yield f"| {' | '.join([_plain(cell) for cell in row])} |"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _plain(text: str) -> str:
    return _SIGNS.sub(r"\\\1", _SPACE.sub(" ", text).strip())


def _link(url: str) -> str:
    return _SPACE.sub("%20", url).replace("<", "%3C").replace(">", "%3E")
