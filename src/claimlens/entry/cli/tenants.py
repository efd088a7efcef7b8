"""`claimlens tenants`: make, show, change, isolate, take out, erase."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from claimlens.entry.cli.accounts import (
    AS_JSON,
    OUTPUT,
    YES,
    all_pages,
    cell,
    confirm,
    print_fields,
    print_json,
    with_accounts,
    write_out,
)
from claimlens.entry.cli.exit_codes import CLEAN
from claimlens.entry.cli.tables import print_table

if TYPE_CHECKING:
    from claimlens.usecases.tenants import TenantView


class _Limit(click.ParamType[int]):
    name = "number|none"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number; None in the words of a person becomes 0, which no limit is."""
        if value == "none":
            return 0
        return click.INT.convert(value, param, ctx)


_LIST = 'Repeat it for more; "" alone takes all away.'
_FIELDS: tuple[Callable[[Callable[..., Any]], Callable[..., Any]], ...] = (
    click.option("--name", help="What people call it [default: the id]."),
    click.option("--default-locale", help='Whose law applies when a request does not say; "" for none.'),
    click.option("--allowed-locale", "allowed_locales", multiple=True, help=f"A market it may ask for. {_LIST}"),
    click.option("--retention-days", type=int, help="How long audits are kept, 90 to 365 [default: 365]."),
    click.option("--requests-per-minute", type=_Limit(), help="For each key; none: as the installation has it."),
    click.option("--items-per-minute", type=_Limit(), help="For all keys together; none: as the installation has it."),
    click.option("--brand-name", "brand_names", multiple=True, help=f"A mark of its own, a name and no claim. {_LIST}"),
    click.option(
        "--suppressions",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="Findings that somebody answers for (YAML), in place of those before.",
    ),
    click.option("--contact-email", help="Whom to write to."),
    click.option("--reason", help="Why; stands in the access log."),
    click.option("--legal-hold/--no-legal-hold", default=None, help="Keep audits past their retention."),
)


def _fields(command: Callable[..., int]) -> Callable[..., int]:
    for option in reversed(_FIELDS):
        command = option(command)
    return command


@click.group(name="tenants")
def command() -> None:
    """Make, show, change, isolate, take out and erase tenants."""


@command.command("create")
@click.argument("tenant_id", metavar="ID")
@_fields
@AS_JSON
def create(tenant_id: str, as_json: bool, **fields: Any) -> int:
    """Make the tenant ID: 2 to 63 of a-z, 0-9 and '-'."""
    import msgspec

    from claimlens.usecases.tenants import NewTenant

    wanted = msgspec.convert({"id": tenant_id, **_given(fields)}, NewTenant)
    _show(with_accounts(lambda accounts, who: accounts.tenants.create(who, wanted)), as_json)
    return CLEAN


@command.command("list")
@AS_JSON
def list_tenants(as_json: bool) -> int:
    """List the tenants, in order of their ids."""
    rows = _all()
    if as_json:
        print_json(rows)
    else:
        print_table(
            ("tenant", "name", "state", "locales", "retention", "created"),
            [
                (t.id, t.name, "isolated" if t.isolated else "open", _locales(t), t.retention_days, cell(t.created_at))
                for t in rows
            ],
        )
    return CLEAN


@command.command("show")
@click.argument("tenant_id", metavar="ID")
@AS_JSON
def show(tenant_id: str, as_json: bool) -> int:
    """Show a tenant with its settings."""
    _show(with_accounts(lambda accounts, who: accounts.tenants.find(who, tenant_id)), as_json)
    return CLEAN


@command.command("set")
@click.argument("tenant_id", metavar="ID")
@_fields
@AS_JSON
def change(tenant_id: str, as_json: bool, **fields: Any) -> int:
    """Change the given settings of a tenant."""
    import msgspec

    from claimlens.usecases.tenants import TenantChange

    given = _given(fields)
    if not given:
        raise click.UsageError("say what to change; --help lists the settings")
    wanted = msgspec.convert(given, TenantChange)
    _show(with_accounts(lambda accounts, who: accounts.tenants.update(who, tenant_id, wanted)), as_json)
    return CLEAN


@command.command("isolate")
@click.argument("tenant_id", metavar="ID")
@AS_JSON
def isolate(tenant_id: str, as_json: bool) -> int:
    """Refuse every key and sign-in of a tenant, on every replica within a second. Nothing is removed."""
    _show(with_accounts(lambda accounts, who: accounts.tenants.isolate(who, tenant_id, isolated=True)), as_json)
    return CLEAN


@command.command("release")
@click.argument("tenant_id", metavar="ID")
@AS_JSON
def release(tenant_id: str, as_json: bool) -> int:
    """Accept the keys and sign-ins of an isolated tenant again."""
    _show(with_accounts(lambda accounts, who: accounts.tenants.isolate(who, tenant_id, isolated=False)), as_json)
    return CLEAN


@command.command("export")
@click.argument("tenant_id", metavar="ID")
@OUTPUT
def export(tenant_id: str, output: Path | None) -> int:
    """Write everything kept about a tenant as NDJSON, without secrets; the last line counts the rows."""

    async def act(accounts: Any, who: Any) -> None:
        await write_out(await accounts.tenants.export(who, tenant_id), output)

    with_accounts(act)
    return CLEAN


@command.command("erase")
@click.argument("tenant_id", metavar="ID")
@YES
@AS_JSON
def erase(tenant_id: str, yes: bool, as_json: bool) -> int:
    """Remove a tenant and all its rows. Cannot be undone; refused while it is under legal hold."""
    confirm(f"Remove the tenant {tenant_id} with every audit, key and user?", yes=yes)
    removed = with_accounts(lambda accounts, who: accounts.tenants.erase(who, tenant_id))
    if as_json:
        print_json(removed)
    else:
        print_table(("table", "rows removed"), [(name, count) for name, count in removed.items() if count])
    return CLEAN


@command.command("contacts")
@click.option("--csv", "as_csv", is_flag=True, help="As CSV with a heading.")
@AS_JSON
def contacts(as_csv: bool, as_json: bool) -> int:
    """List whom to write to, tenant by tenant. Those without an address are named on standard error."""
    from claimlens.usecases.tenant_contacts import COLUMNS, contacts_csv
    from claimlens.usecases.tenant_contacts import contacts as rows_of

    tenants = _all()
    rows = rows_of(tenants)
    if as_json:
        print_json([dict(zip(COLUMNS, row, strict=True)) for row in rows])
    elif as_csv:
        sys.stdout.write(contacts_csv(rows))
    else:
        print_table(COLUMNS, rows)
    if without := [t.id for t in tenants if not t.contact_email]:
        print(f"no contact address: {', '.join(without)}", file=sys.stderr)
    return CLEAN


def _all() -> "list[TenantView]":
    from claimlens.usecases.pages import MOST_ROWS

    return with_accounts(
        lambda accounts, who: all_pages(lambda cursor: accounts.tenants.page(who, cursor=cursor, limit=MOST_ROWS))
    )


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields that stand on the command line, as the use case takes them."""
    given = {name: value for name, value in fields.items() if value not in (None, ())}
    for name in ("allowed_locales", "brand_names"):
        if name in given:
            given[name] = [value for value in given[name] if value]
    for name in ("requests_per_minute", "items_per_minute"):
        if given.get(name) == 0:
            given[name] = None
    if "suppressions" in given:
        from claimlens.usecases.suppressions import read_suppressions
        from claimlens.usecases.tenant_settings import NewSuppression

        path: Path = given["suppressions"]
        given["suppressions"] = [NewSuppression.of(each) for each in read_suppressions(path.read_bytes(), str(path))]
    return given


def _locales(tenant: "TenantView") -> str:
    return tenant.default_locale or cell(tenant.allowed_locales)


def _show(tenant: "TenantView", as_json: bool) -> None:
    if as_json:
        print_json(tenant)
        return
    apart = ("brand_notes", "suppressions")
    print_fields(tenant, [name for name in tenant.__struct_fields__ if name not in apart])
    for name, note in tenant.brand_notes.items():
        print(f"brand name\t{name} until {note.expires or 'it is ended'} by {note.author}: {note.reason}")
    for each in tenant.suppressions:
        print(f"suppressed\t{each.rule} until {each.expires} by {each.author}: {each.reason}")
