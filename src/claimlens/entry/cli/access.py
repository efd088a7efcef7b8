"""`claimlens access`: who did what, and what a key has seen."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from claimlens.domain.errors import InvalidError
from claimlens.entry.cli.accounts import (
    AS_JSON,
    OUTPUT,
    TENANT,
    cell,
    print_fields,
    print_json,
    with_accounts,
    write_out,
)
from claimlens.entry.cli.exit_codes import CLEAN
from claimlens.entry.cli.tables import print_table

if TYPE_CHECKING:
    from claimlens.domain.access import Access
    from claimlens.domain.tenant import Principal
    from claimlens.ports.accounts import AccessFilter
    from claimlens.usecases.pages import Page
    from claimlens.wiring.accounts import Accounts

_SINCE = click.option("--since", default="", metavar="WHEN", help="From this day (YYYY-MM-DD, UTC) or moment on.")
_FILTERS = (
    TENANT,
    _SINCE,
    click.option("--until", default="", metavar="WHEN", help="To this day, it included, or to this moment."),
    click.option("--actor", default="", help="Only what this one did: key:<id>, user:<id>, cli:<login>, worker."),
    click.option("--action", default="", help="Only this action: api_key:create, audit:export, user:sign_in, ..."),
)


def _filters(command: Callable[..., int]) -> Callable[..., int]:
    for option in reversed(_FILTERS):
        command = option(command)
    return command


@click.group(name="access")
def command() -> None:
    """Read the access log: who changed what, who read records, who signed in."""


@command.command("list")
@_filters
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="Lines at most.")
@AS_JSON
def list_lines(tenant_id: str | None, limit: int, as_json: bool, **filters: str) -> int:
    """List the lines, newest first."""
    chosen = _chosen(**filters)
    rows, more = with_accounts(lambda accounts, who: _newest(accounts, who, chosen, tenant_id, limit))
    if as_json:
        print_json(rows)
    else:
        print_table(
            ("when", "tenant", "actor", "action", "target", "outcome", "ip", "what"),
            [(cell(r.ts), r.tenant_id, r.actor, r.action, r.target, r.outcome, r.ip, _json(r.delta)) for r in rows],
        )
    if more:
        print(f"there is more: --limit shows more than {limit}, `claimlens access export` everything", file=sys.stderr)
    return CLEAN


@command.command("export")
@_filters
@OUTPUT
def export(tenant_id: str | None, output: Path | None, **filters: str) -> int:
    """Write the lines as CSV, oldest first. The export is itself a line of the log."""
    chosen = _chosen(**filters)

    async def act(accounts: "Accounts", who: "Principal") -> None:
        await write_out(await accounts.access_log.csv(who, chosen, tenant_id=tenant_id), output)

    with_accounts(act)
    return CLEAN


@command.command("scope")
@click.option("--key", "key_id", metavar="ID", required=True, help="The id of the key.")
@_SINCE
@AS_JSON
def scope(key_id: str, since: str, as_json: bool) -> int:
    """Say what a key has done and seen: the scope of a leak."""
    start = _chosen(since=since).start
    found = with_accounts(lambda accounts, who: accounts.access_log.exposure(who, key_id, start))
    if as_json:
        print_json(found)
        return CLEAN
    print_fields(found, [name for name in found.__struct_fields__ if name not in ("actions", "readings")])
    print_table(("action", "times"), sorted(found.actions.items()))
    print_table(
        ("when", "read", "target", "ip", "what"),
        [(cell(r.ts), r.action, r.target, r.ip, _json(r.delta)) for r in found.readings],
    )
    return CLEAN


def _chosen(since: str = "", until: str = "", actor: str = "", action: str = "") -> "AccessFilter":
    from claimlens.ports.accounts import AccessFilter
    from claimlens.usecases.periods import period_of

    try:
        start, end = period_of({"start_date": since, "end_date": until})
    except InvalidError as error:
        raise click.UsageError(str(error).replace("start_date", "--since").replace("end_date", "--until")) from None
    return AccessFilter(start=start, end=end, actor=actor, action=action)


async def _newest(
    accounts: "Accounts", who: "Principal", chosen: "AccessFilter", tenant_id: str | None, limit: int
) -> "tuple[list[Access], bool]":
    from claimlens.usecases.pages import MOST_ROWS

    rows: list[Access] = []
    cursor: str | None = ""
    while cursor is not None and len(rows) < limit:
        page: Page[Access] = await accounts.access_log.page(
            who, chosen, tenant_id=tenant_id, cursor=cursor, limit=min(MOST_ROWS, limit - len(rows))
        )
        rows += page.rows
        cursor = page.next_cursor
    return rows, cursor is not None


def _json(delta: dict[str, Any]) -> str:
    import msgspec

    return msgspec.json.encode(delta).decode() if delta else ""
