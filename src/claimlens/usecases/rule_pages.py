"""Pages made from the rules themselves, so that documentation and law cannot drift apart."""

from collections.abc import Iterable, Iterator

import msgspec

from claimlens.packs.source import Example, RuleSource

_TITLES = {"in": "India", "us": "United States", "gb": "Great Britain", "eu": "European Union", "shared": "Shared"}


def rule_page(rule: RuleSource) -> str:
    """Markdown page of one rule: what it finds, why, the law, the way out, examples, where it comes from."""
    return "\n".join(_lines(rule)) + "\n"


def index_page(packs: Iterable[tuple[str, list[RuleSource]]]) -> str:
    """Markdown index of all rules by pack and category.

    It is no page tree: a thousand entries in the side bar of a thousand pages make a site that takes minutes to build.
    """
    lines = [
        "# Rules",
        "",
        "One page for each rule, generated from the packs. A clean pre-screen is not legal advice.",
        "",
    ]
    for name, rules in packs:
        lines += [f"## {_TITLES.get(name, name)}", ""]
        for category in sorted({rule.category for rule in rules}):
            lines += [
                f"### {category.replace('_', ' ').capitalize()}",
                "",
                "| rule | finds | severity |",
                "|---|---|---|",
            ]
            for rule in (r for r in rules if r.category == category):
                lines.append(f"| [{rule.id}]({rule.id}.md) | {_cell(rule.title)} | {rule.severity} |")
            lines.append("")
    return "\n".join(lines)


def _lines(rule: RuleSource) -> Iterator[str]:
    yield from (f"# {rule.id}: {rule.title}", "")
    yield from ("| | |", "|---|---|")
    yield f"| category | {rule.category} |"
    yield f"| severity | {rule.severity} |"
    yield f"| how well the law was read | {rule.confidence} |"
    if rule.applies_to or rule.not_for:
        kinds = ", ".join(rule.applies_to) or "every kind"
        yield f"| kinds of item | {kinds}{' except ' + ', '.join(rule.not_for) if rule.not_for else ''} |"
    if rule.citation.effective_from:
        until = f" until {rule.citation.effective_to}" if rule.citation.effective_to else ""
        yield f"| in force | from {rule.citation.effective_from}{until} |"
    yield from ("", "## Why", "", rule.why.replace("{matched}", "…"), "")
    if rule.condition:
        yield from (
            "## What the numbers must be",
            "",
            f"`{rule.condition}`. Otherwise: {rule.on_fail}; not given: evidence is asked for.",
            "",
        )
    if rule.function:
        yield from (
            "## The register",
            "",
            f"An authorised wording for *{rule.function.replace('_', ' ')}* is offered when a nutrient of the item "
            "qualifies; else the claim is blocked.",
            "",
        )
    yield from ("## The law", "", f"{rule.citation.instrument}, {rule.citation.section}: <{rule.citation.url}>", "")
    yield from ("## What it looks for", "", *[f"- `{t}`" for t in rule.triggers], "")
    excuses = [*rule.excuses, *rule.excuses_near, *rule.excuses_item]
    if excuses:
        yield from ("Let through:", "", *[f"- `{e}`" for e in excuses], "")
    yield from ("## What to write instead", "")
    if rule.rewrite.text:
        yield from (f"{str(rule.rewrite.action).capitalize()}: “{rule.rewrite.text}”", "")
    elif rule.rewrite.action != "none":
        yield from (f"{str(rule.rewrite.action).capitalize()} the words.", "")
    elif not rule.suggestions:
        yield from ("A person decides.", "")
    if rule.suggestions:
        yield from (*[f"- {s}" for s in rule.suggestions], "")
    yield from ("## Examples", "", "Found:", "", *[f"- {_example(e)}" for e in rule.examples.match], "")
    yield from ("Not found:", "", *[f"- {_example(e)}" for e in rule.examples.passes], "")
    if rule.facts:
        yield from (f"Encodes: {', '.join(rule.facts)}.", "")


def _example(example: Example) -> str:
    if isinstance(example, str):
        return f"`{example}`"
    shown = {key: value for key, value in example.items() if key != "line"}
    return f"`{msgspec.json.encode(shown).decode()}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
