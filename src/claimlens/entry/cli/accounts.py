"""How the commands for tenants, keys, users and the access log reach the store, and what they share."""

import getpass
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from claimlens.domain.errors import ClaimLensError, InvalidError
from claimlens.domain.tenant import Principal, Role
from claimlens.entry.cli.store import run_with_store

if TYPE_CHECKING:
    from claimlens.usecases.pages import Page
    from claimlens.wiring.accounts import Accounts

Result = TypeVar("Result")

ROLES = click.Choice([role.value for role in Role])
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
TENANT = click.option("--tenant", "tenant_id", metavar="ID", help="Only of this tenant [default: of all].")
OUTPUT = click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="File to write [default: standard output]."
)
YES = click.option("--yes", is_flag=True, help="Do not ask.")


def with_accounts(act: "Callable[[Accounts, Principal], Awaitable[Result]]") -> Result:
    """Do something with the accounts of this installation, as the person at the machine.

    What is wrong with several fields comes as one line.
    """
    from claimlens.config import read_settings
    from claimlens.usecases.authentication import operator
    from claimlens.wiring.accounts import operating

    async def main() -> Result:
        async with operating(read_settings()) as accounts:
            return await act(accounts, operator(login()))

    try:
        return run_with_store(main())
    except InvalidError as error:
        raise ClaimLensError("; ".join(_problem(*problem) for problem in error.problems)) from error


def _problem(pointer: str, detail: str) -> str:
    """A problem of a field, with the field's name in words."""
    field = pointer.strip("/").replace("/", " ").replace("_", " ")
    return f"{field}: {detail}" if field else detail


async def all_pages(page: "Callable[[str], Awaitable[Page[Result]]]") -> list[Result]:
    """Every row of a list that comes in pages."""
    found = await page("")
    rows = list(found.rows)
    while found.next_cursor is not None:
        found = await page(found.next_cursor)
        rows += found.rows
    return rows


async def write_out(pieces: AsyncIterator[bytes], output: Path | None) -> None:
    """Pieces of text, each ending with its line, to a file whole or not at all, or to standard output."""
    from claimlens.entry.cli.files import quiet_when_nobody_reads, to_stdout, written

    if output is None:
        write = to_stdout()
        with quiet_when_nobody_reads():
            async for piece in pieces:
                write(piece.decode("utf-8", "surrogateescape"))
        return
    with written(output) as write_file:
        async for piece in pieces:
            write_file(piece.decode("utf-8", "surrogateescape"))


def print_json(value: object) -> None:
    """A value of a use case as one line of JSON."""
    import msgspec

    print(msgspec.json.encode(value).decode())


def print_fields(value: Any, names: Sequence[str]) -> None:
    """One thing, a field a line."""
    from claimlens.entry.cli.tables import print_table

    print_table(("field", "value"), [(name.replace("_", " "), cell(getattr(value, name))) for name in names])


def cell(value: object) -> str:
    """A value as a cell: moments to the second in UTC, lists with commas, nothing as nothing."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%SZ}"
    if isinstance(value, tuple | list):
        return ", ".join(cell(each) for each in value)
    return str(value)


def confirm(question: str, *, yes: bool) -> None:
    """Ask before what cannot be undone. Raises a usage error where nobody can be asked and `--yes` is missing."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError(f"{question} Say --yes.")
    click.confirm(question, abort=True, err=True)


def read_password() -> str:
    """A password from a prompt, twice, or from the first line of standard input; never from the arguments."""
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    return sys.stdin.readline().rstrip("\r\n")


def login() -> str:
    """Who sits at the machine, as far as the machine knows; stands in the access log."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())
