"""`claimlens explain RULE`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from claimlens.entry.cli.exit_codes import CLEAN

if TYPE_CHECKING:
    from claimlens.usecases.rules import RuleLibrary


@click.command(name="explain")
@click.argument("rule_id", metavar="RULE")
@click.option(
    "--packs", "folder", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Folder of rule packs."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(rule_id: str, folder: Path | None, as_json: bool) -> int:
    """Explain one rule: what it finds, the law, examples."""
    from claimlens.usecases.rules import RuleLibrary
    from claimlens.wiring import open_packs

    return show_rule(RuleLibrary(open_packs(root=folder)), rule_id, as_json=as_json)


def show_rule(library: "RuleLibrary", rule_id: str, *, as_json: bool) -> int:
    """Print a rule: its page in a terminal, Markdown in a pipe, or JSON."""
    import sys

    from claimlens.usecases.rule_pages import rule_page

    rule = library.rule(rule_id)
    if as_json:
        print(msgspec.json.encode(rule).decode())
    elif sys.stdout.isatty():
        from rich.console import Console
        from rich.markdown import Markdown

        Console().print(Markdown(rule_page(rule)))
    else:
        print(rule_page(rule), end="")
    return CLEAN
