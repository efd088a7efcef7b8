"""`claimlens users`: who may sign in to the console."""

import sys
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
    print_fields,
    print_json,
    read_password,
    with_accounts,
)
from claimlens.entry.cli.exit_codes import CLEAN
from claimlens.entry.cli.tables import print_table

if TYPE_CHECKING:
    from claimlens.domain.tenant import Principal
    from claimlens.usecases.users import UserView
    from claimlens.wiring.accounts import Accounts

_USER = click.argument("user", metavar="EMAIL|ID")


@click.group(name="users")
def command() -> None:
    """Make, list, change and delete people who sign in.

    A password is read from a prompt, or from the first line of standard input.
    """


@command.command("create")
@click.argument("email")
@click.option("--tenant", "tenant_id", metavar="ID", required=True, help="Whose they are.")
@click.option("--role", type=ROLES, default="viewer", show_default=True, help="What they may do.")
@click.option("--no-password", is_flag=True, help="Ask for none: they cannot sign in yet.")
@AS_JSON
def create(email: str, tenant_id: str, role: str, no_password: bool, as_json: bool) -> int:
    """Make a person with the address EMAIL."""
    from claimlens.domain.tenant import Role
    from claimlens.usecases.users import NewUser

    password = "" if no_password else _password()
    wanted = NewUser(tenant_id=tenant_id, email=email, role=Role(role), password=password)
    _show(with_accounts(lambda accounts, who: accounts.users.create(who, wanted)), as_json)
    return CLEAN


@command.command("list")
@TENANT
@AS_JSON
def list_users(tenant_id: str | None, as_json: bool) -> int:
    """List people, oldest first."""
    from claimlens.usecases.pages import MOST_ROWS

    rows = with_accounts(
        lambda accounts, who: all_pages(
            lambda cursor: accounts.users.page(who, tenant_id=tenant_id, cursor=cursor, limit=MOST_ROWS)
        )
    )
    if as_json:
        print_json(rows)
    else:
        print_table(
            ("user", "tenant", "role", "email", "state", "last sign-in"),
            [(u.id, u.tenant_id, u.role, u.email, _state(u), cell(u.last_sign_in_at)) for u in rows],
        )
    return CLEAN


@command.command("set")
@_USER
@click.option("--role", type=ROLES, help="What they may do from now on.")
@click.option("--disable/--enable", "disabled", default=None, help="Whether they may sign in.")
@click.option("--password", is_flag=True, help="Read a new password.")
@AS_JSON
def change(user: str, role: str | None, disabled: bool | None, password: bool, as_json: bool) -> int:
    """Change role, password, or whether a person may sign in."""
    from msgspec import UNSET

    from claimlens.domain.tenant import Role
    from claimlens.usecases.users import UserChange

    if role is None and disabled is None and not password:
        raise click.UsageError("say what to change: --role, --disable, --enable or --password")
    wanted = UserChange(
        role=Role(role) if role else UNSET,
        disabled=UNSET if disabled is None else disabled,
        password=_password() if password else UNSET,
    )

    async def act(accounts: "Accounts", who: "Principal") -> "UserView":
        return await accounts.users.update(who, await _id_of(accounts, who, user), wanted)

    _show(with_accounts(act), as_json)
    return CLEAN


@command.command("reset-second-factor")
@_USER
def reset_second_factor(user: str) -> int:
    """Take away the second factor of a person who lost it, and end their sessions."""

    async def act(accounts: "Accounts", who: "Principal") -> None:
        await accounts.second_factors.reset(who, await _id_of(accounts, who, user))

    with_accounts(act)
    print(f"{user} signs in by password alone and sets up a new one if they need it", file=sys.stderr)
    return CLEAN


@command.command("delete")
@_USER
@YES
def delete(user: str, yes: bool) -> int:
    """Remove a person; what they did stays in the access log."""
    confirm(f"Remove {user}?", yes=yes)

    async def act(accounts: "Accounts", who: "Principal") -> None:
        await accounts.users.delete(who, await _id_of(accounts, who, user))

    with_accounts(act)
    print(f"{user} is removed", file=sys.stderr)
    return CLEAN


async def _id_of(accounts: "Accounts", who: "Principal", user: str) -> str:
    return (await accounts.users.find_by_email(who, user)).id if "@" in user else user


def _password() -> str:
    password = read_password()
    if not password:
        raise click.UsageError("no password came; type one, or give it as the first line of standard input")
    return password


def _state(user: "UserView") -> str:
    return "disabled" if user.disabled else "active" if user.has_password else "no password"


def _show(user: "UserView", as_json: bool) -> None:
    if as_json:
        print_json(user)
    else:
        print_fields(user, user.__struct_fields__)
