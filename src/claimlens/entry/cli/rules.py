"""`claimlens rules`: list, show, test, lint, docs, coverage."""

import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from claimlens.entry.cli.exit_codes import CLEAN, FINDINGS
from claimlens.entry.cli.tables import print_table

if TYPE_CHECKING:
    from claimlens.packs.source import RuleSource
    from claimlens.usecases.rules import RuleLibrary

_PACKS = click.option(
    "--packs", "folder", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Folder of rule packs."
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group(name="rules")
def command() -> None:
    """List, show, test and lint the rules; build their pages."""


@command.command("list")
@click.argument("pack", required=False, default="")
@click.option("--category", default="", help="Only rules of this category.")
@_PACKS
@_JSON
def list_rules(pack: str, category: str, folder: Path | None, as_json: bool) -> int:
    """List the rules of PACK (in, us, gb, eu), or of all."""
    found = [r for r in _library(folder).rules(pack) if not category or r.category == category]
    if as_json:
        print(msgspec.json.encode([_summary(r) for r in found]).decode())
    elif not found:
        print("no rules; `claimlens rules list` shows all packs and categories", file=sys.stderr)
    else:
        print_table(("rule", "severity", "category", "finds"), [(r.id, r.severity, r.category, r.title) for r in found])
    return CLEAN


@command.command("show")
@click.argument("rule_id")
@_PACKS
@_JSON
def show(rule_id: str, folder: Path | None, as_json: bool) -> int:
    """Show RULE_ID with its law, words and examples."""
    from claimlens.entry.cli.explain import show_rule

    return show_rule(_library(folder), rule_id, as_json=as_json)


@command.command("test")
@click.argument("packs", nargs=-1)
@click.option("--date", "on", type=click.DateTime(["%Y-%m-%d"]), help="Judge as on this day [default: today].")
@_PACKS
@_JSON
def test(packs: tuple[str, ...], on: object, folder: Path | None, as_json: bool) -> int:
    """Run every rule's examples and the corpora of lawful texts; exit code 2 if one fails."""
    library = _library(folder)
    day = getattr(on, "date", date.today)()
    reports = [library.try_pack(name, day) for name in packs or library.names()]
    if as_json:
        print(msgspec.json.encode(reports).decode())
    else:
        for report in reports:
            for failure in report.failures:
                print(
                    f"{report.pack}/{failure.file}:{failure.line}: [{failure.rule_id}] {failure.example}: "
                    f"expected {failure.expected}, got {failure.got}"
                )
            for loud in report.loud:
                print(f"{loud.file}:{loud.line}: {loud.text!r} is lawful, yet {loud.rule_id} fires on {loud.words!r}")
            print(
                f"{report.pack}: {report.rules} rules, {report.examples} examples, {report.lawful_texts} lawful texts: "
                f"{len(report.failures)} failed, {len(report.loud)} not silent"
            )
    return FINDINGS if any(report.failures or report.loud for report in reports) else CLEAN


@command.command("lint")
@click.argument("packs", nargs=-1)
@_PACKS
@_JSON
def lint_rules(packs: tuple[str, ...], folder: Path | None, as_json: bool) -> int:
    """Check the rules against the rules about rules; exit code 2 if one breaks them."""
    from claimlens.packs.lint import lint

    library = _library(folder)
    problems = [(name, problem) for name in packs or library.names() for problem in lint(library.source(name))]
    if as_json:
        print(msgspec.json.encode([{"pack": name, **msgspec.to_builtins(p)} for name, p in problems]).decode())
    else:
        for name, problem in problems:
            print(f"{name}/{problem}")
        print(f"{len(problems)} problems", file=sys.stderr)
    return FINDINGS if problems else CLEAN


@command.command("docs")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder for the pages.")
@_PACKS
def docs(out: Path, folder: Path | None) -> int:
    """Write one Markdown page for each rule and an index."""
    from claimlens.usecases.rule_pages import index_page, rule_page

    library = _library(folder)
    packs = [(name, library.source(name).rules) for name in library.names()]
    out.mkdir(parents=True, exist_ok=True)
    for _, rules in packs:
        for rule in rules:
            (out / f"{rule.id}.md").write_text(rule_page(rule), encoding="utf-8")
    (out / "index.md").write_text(index_page(packs), encoding="utf-8")
    print(f"{sum(len(rules) for _, rules in packs)} rule pages in {out}", file=sys.stderr)
    return CLEAN


@command.command("coverage")
@click.argument("facts", type=click.Path(exists=True, file_okay=False, path_type=Path))
@_PACKS
@_JSON
def show_coverage(facts: Path, folder: Path | None, as_json: bool) -> int:
    """Say which rows of the tables in the folder FACTS no rule encodes; exit code 2 if one has no reason."""
    from claimlens.usecases.coverage import coverage
    from claimlens.wiring import open_packs

    tables = coverage(open_packs(root=folder), {p.name: p.read_bytes() for p in sorted(facts.glob("*.csv"))})
    if as_json:
        print(msgspec.json.encode(tables).decode())
    else:
        print_table(
            ("table", "pack", "rows", "encoded", "left out", "missing"),
            [(t.table, t.pack, t.rows, t.encoded, len(t.left_out), len(t.missing)) for t in tables],
        )
        for table in tables:
            for row, reason in table.left_out.items():
                print(f"{table.table} {table.pack} {row}: left out: {reason}")
            for row in table.missing:
                print(f"{table.table} {table.pack} {row}: MISSING")
    return FINDINGS if any(table.missing for table in tables) else CLEAN


def _library(folder: Path | None) -> "RuleLibrary":
    from claimlens.usecases.rules import RuleLibrary
    from claimlens.wiring import open_packs

    return RuleLibrary(open_packs(root=folder))


def _summary(rule: "RuleSource") -> dict[str, str]:
    return {"id": rule.id, "severity": rule.severity, "category": rule.category, "title": rule.title}
