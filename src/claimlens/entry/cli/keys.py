"""`claimlens keys`: make, list, revoke, rotate."""

import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from claimlens.entry.cli.accounts import (
    AS_JSON,
    ROLES,
    TENANT,
    YES,
    all_pages,
    cell,
    confirm,
    print_json,
    with_accounts,
)
from claimlens.entry.cli.exit_codes import CLEAN
from claimlens.entry.cli.tables import print_table

if TYPE_CHECKING:
    from claimlens.domain.tenant import Principal
    from claimlens.usecases.api_keys import IssuedKey
    from claimlens.wiring.accounts import Accounts

_ONCE = "shown this once, kept nowhere"
_MOST_HOURS = 720


@click.group(name="keys")
def command() -> None:
    """Make, list, revoke and rotate API keys."""


@command.command("create")
@click.option("--tenant", "tenant_id", metavar="ID", required=True, help="Whose key it is.")
@click.option("--role", type=ROLES, default="publisher", show_default=True, help="What it may do.")
@click.option("--name", default="", help="What it is for, in your words.")
@click.option("--expires", type=click.DateTime(["%Y-%m-%d"]), help="Ends at the beginning of this day, in UTC.")
@click.option("--test", is_flag=True, help="Judges fully; its audits are flagged and no webhook is told.")
@AS_JSON
def create(tenant_id: str, role: str, name: str, expires: datetime | None, test: bool, as_json: bool) -> int:
    """Make a key. The key itself goes to standard output, this once; everything else to standard error."""
    from claimlens.domain.tenant import Role
    from claimlens.usecases.api_keys import NewKey

    ends = expires.replace(tzinfo=UTC) if expires else None
    wanted = NewKey(tenant_id=tenant_id, role=Role(role), name=name, expires_at=ends, test=test)
    made = with_accounts(lambda accounts, who: accounts.api_keys.create(who, wanted))
    if as_json:
        print_json(made)
        return CLEAN
    print(f"key {made.id} of {made.tenant_id}, {made.role}; {_ONCE}:", file=sys.stderr, flush=True)
    print(made.key)
    return CLEAN


@command.command("list")
@TENANT
@AS_JSON
def list_keys(tenant_id: str | None, as_json: bool) -> int:
    """List keys, oldest first, revoked ones included; never a secret."""
    from claimlens.usecases.pages import MOST_ROWS

    rows = with_accounts(
        lambda accounts, who: all_pages(
            lambda cursor: accounts.api_keys.page(who, tenant_id=tenant_id, cursor=cursor, limit=MOST_ROWS)
        )
    )
    if as_json:
        print_json(rows)
    else:
        print_table(
            ("key", "tenant", "role", "state", "begins", "name", "last used", "expires"),
            [
                (k.id, k.tenant_id, k.role, k.state, k.shown, k.name, cell(k.last_used_at), cell(k.expires_at))
                for k in rows
            ],
        )
    return CLEAN


@command.command("revoke")
@click.argument("key_id", metavar="KEY")
def revoke(key_id: str) -> int:
    """End the key with the id KEY at once: on every replica within a second."""
    with_accounts(lambda accounts, who: accounts.api_keys.revoke(who, key_id))
    print(f"{key_id} is revoked", file=sys.stderr)
    return CLEAN


@command.command("rotate")
@click.argument("key_id", metavar="[KEY]", required=False)
@click.option("--all", "every", is_flag=True, help="Every key that still opens something.")
@TENANT
@click.option("--overlap", default=24, show_default=True, help="Hours that an old key goes on; 0 ends it at once.")
@YES
@AS_JSON
def rotate(key_id: str | None, every: bool, tenant_id: str | None, overlap: int, yes: bool, as_json: bool) -> int:
    """Replace the key with the id KEY, or all of them, by new ones of the same role and name.

    A line for each stands on standard output, this once: tenant, old key's id, new key's id, name, the new key.
    """
    if every == bool(key_id):
        raise click.UsageError("say which: the id of a key, or --all")
    if tenant_id and not every:
        raise click.UsageError("--tenant goes with --all")
    if not 0 <= overlap <= _MOST_HOURS:
        raise click.UsageError(f"--overlap is 0 to {_MOST_HOURS} hours")
    if every:
        whose = f"the tenant {tenant_id}" if tenant_id else "every tenant"
        confirm(f"Replace all keys of {whose}? The old ones end in {overlap} hours.", yes=yes)
    count = with_accounts(_rotation(key_id, tenant_id, timedelta(hours=overlap), as_json))
    print(f"{count} rotated; each new key is {_ONCE}", file=sys.stderr)
    return CLEAN


def _rotation(
    key_id: str | None, tenant_id: str | None, overlap: timedelta, as_json: bool
) -> "Callable[[Accounts, Principal], Awaitable[int]]":
    """Rotates one key or all, and says how many.

    Each is printed as soon as it is kept: a secret must not be lost because a later one could not be made.
    """

    def show(key: "IssuedKey") -> None:
        if as_json:
            print_json(key)
        else:
            print("\t".join((key.tenant_id, key.replaces or "", key.id, key.name, key.key)), flush=True)

    async def one(accounts: "Accounts", who: "Principal") -> int:
        show(await accounts.api_keys.rotate(who, str(key_id), overlap))
        return 1

    async def every(accounts: "Accounts", who: "Principal") -> int:
        count = 0
        async for key in accounts.api_keys.rotate_all(who, tenant_id=tenant_id, overlap=overlap):
            show(key)
            count += 1
        return count

    return one if key_id else every
