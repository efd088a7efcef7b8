"""`claimlens doctor`: whether this installation is well, and what to do where it is not."""

import sys
from typing import TYPE_CHECKING

import click

from claimlens.entry.cli.accounts import AS_JSON, print_json
from claimlens.entry.cli.exit_codes import CLEAN, USAGE
from claimlens.entry.cli.store import run_with_store

if TYPE_CHECKING:
    from claimlens.domain.checkup import Checkup

_STYLES = {"ok": "green", "note": "cyan", "warn": "yellow", "fail": "bold red"}


@click.command(name="doctor")
@click.option("--kubectl", "with_kubectl", is_flag=True, help="A cluster that cannot be reached is a failure.")
@click.option("--strict", is_flag=True, help="Warnings make the exit code 1 too.")
@AS_JSON
def command(with_kubectl: bool, strict: bool, as_json: bool) -> int:
    """Check the installation: server, database, cache, services, backups, seals, packs, disk, secrets, cluster.

    Changes nothing, and works when everything is down. Exit code 0: nothing failed; 1: something did.
    """
    found = _checkup(with_kubectl)
    if as_json:
        print_json({"worst": found.worst, "checkup": found})
    else:
        _show(found)
    return USAGE if found.worst == "fail" or (strict and found.worst == "warn") else CLEAN


def _checkup(with_kubectl: bool) -> "Checkup":
    from claimlens.adapters.system.clock import SystemClock
    from claimlens.config import SettingsError, read_settings
    from claimlens.domain.checkup import Checkup, Level, Line
    from claimlens.wiring.checkup import examine

    try:
        settings = read_settings()
    except SettingsError as error:
        advice = "docs/reference/settings.md; nothing else can be looked at before"
        line = Line(name="settings", level=Level.FAIL, found=str(error), advice=advice)
        return Checkup(timestamp=SystemClock().now(), lines=(line,))
    return run_with_store(examine(settings, with_kubectl=with_kubectl))


def _show(found: "Checkup") -> None:
    """Level, name, what was found, what to do: a table on a terminal, tab-separated in a pipe."""
    if not sys.stdout.isatty():
        for line in found.lines:
            print("\t".join((line.level, line.name, line.found, line.advice)))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("")
    table.add_column("what", no_wrap=True)
    table.add_column("found, and what to do", overflow="fold")
    for line in found.lines:
        said = Text(line.found)
        if line.advice:
            said.append(f"\n→ {line.advice}", style="bold")
        table.add_row(Text(line.level, style=_STYLES[line.level]), Text(line.name), said)
    Console(highlight=False).print(table)
    counts = {level: sum(line.level == level for line in found.lines) for level in ("fail", "warn", "ok")}
    Console(stderr=True, highlight=False).print(
        f"{counts['ok']} ok, {counts['warn']} to look at, {counts['fail']} failed"
    )
