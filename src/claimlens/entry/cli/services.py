"""`claimlens services`: see how the services are, switch one off and on."""

from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from claimlens.domain.service import SERVICES
from claimlens.entry.cli.accounts import AS_JSON, cell, print_json, with_accounts
from claimlens.entry.cli.exit_codes import CLEAN
from claimlens.entry.cli.lasting import LASTING
from claimlens.entry.cli.tables import print_table

if TYPE_CHECKING:
    from claimlens.domain.tenant import Principal
    from claimlens.usecases.service_switches import Off
    from claimlens.wiring.accounts import Accounts

_NAME = click.argument("service", type=click.Choice(SERVICES))


@click.group(name="services")
def command() -> None:
    """See how the services are that a verdict may ask; switch one off and on."""


@command.command("list")
@AS_JSON
def list_services(as_json: bool) -> int:
    """List the services: in use, out (a process found it so, and none found it back) or off."""
    from claimlens.config import read_settings

    urls = read_settings().mcp_urls
    rows = with_accounts(lambda accounts, who: accounts.service_list())
    if as_json:
        print_json(rows)
        return CLEAN
    print_table(
        ("service", "state", "where", "since", "until", "by", "reason"),
        [
            (
                row.service,
                row.state,
                _where(urls.get(row.service, "")),
                cell(row.since),
                cell(row.until),
                row.by,
                row.reason,
            )
            for row in rows
        ],
    )
    return CLEAN


@command.command("disable")
@_NAME
@click.option("--for", "lasting", type=LASTING, help="How long: 90s, 30m, 1h, 2d [default: until it is enabled].")
@click.option("--reason", required=True, help="Why; stands in the access log and on the console.")
@AS_JSON
def disable(service: str, lasting: timedelta | None, reason: str, as_json: bool) -> int:
    """Switch a service off: no process asks it any more, within two seconds."""

    async def act(accounts: "Accounts", who: "Principal") -> "Off":
        return await accounts.service_switches.disable(who, service, lasting, reason)

    off = with_accounts(act)
    if as_json:
        print_json(off)
    else:
        print(f"{service} is off {f'until {cell(off.until)}' if off.until else 'until it is enabled'}")
    return CLEAN


@command.command("enable")
@_NAME
@click.option("--reason", default="", help="Why; stands in the access log.")
def enable(service: str, reason: str) -> int:
    """Switch a service on again."""
    with_accounts(lambda accounts, who: accounts.service_switches.enable(who, service, reason))
    print(f"{service} is on")
    return CLEAN


def _where(url: str) -> str:
    return urlsplit(url).netloc if url else "in process"
