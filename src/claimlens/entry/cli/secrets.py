"""`claimlens secrets`: rotated, and how they stand."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from claimlens.entry.cli.accounts import AS_JSON, TENANT, YES, cell, confirm, login, print_json
from claimlens.entry.cli.exit_codes import CLEAN, INCOMPLETE
from claimlens.entry.cli.store import run_with_store
from claimlens.entry.cli.tables import print_table

if TYPE_CHECKING:
    from claimlens.adapters.disk.hand_out import HandOut
    from claimlens.domain.installation_key import SealKeyLine
    from claimlens.domain.tenant import Principal
    from claimlens.usecases.resealing import Standing
    from claimlens.wiring.rotation import Resealed, Secrets, SecretsState

Result = TypeVar("Result")

_INTO = click.option(
    "--into",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Folder for the new ones, a file for each tenant that its owner alone may read.",
)
_OVERLAP = click.option(
    "--overlap",
    type=click.IntRange(0, 720),
    default=24,
    show_default=True,
    help="Hours that the old ones go on; 0 ends them at once.",
)


@click.group(name="secrets")
def command() -> None:
    """Rotate keys and secrets, and say how they stand."""


@command.group("rotate")
def rotate() -> None:
    """Replace API keys, signing secrets of webhooks, the key for seals, or the secret that all is sealed under."""


@rotate.command("api")
@_INTO
@TENANT
@_OVERLAP
@YES
def rotate_api(folder: Path, tenant_id: str | None, overlap: int, yes: bool) -> int:
    """Replace every API key that opens something, of every tenant or of one.

    Each new key is on the disk before it is in force. Stopped or killed, it goes on where it ended when it is begun
    again with the same folder.
    """
    confirm(f"Replace all API keys of {_whose(tenant_id)}? The old ones end in {overlap} hours.", yes=yes)

    async def act(secrets: "Secrets", who: "Principal") -> int:
        return await secrets.rotate_api(who, _hand_out(folder, "api"), tenant_id, overlap)

    return _handed_out(_run(act), "API keys", folder)


@rotate.command("webhooks")
@_INTO
@TENANT
@_OVERLAP
@YES
def rotate_webhooks(folder: Path, tenant_id: str | None, overlap: int, yes: bool) -> int:
    """Give every webhook endpoint a new signing secret, of every tenant or of one.

    For the overlap deliveries carry the signatures of both. Begun again with the same folder it goes on where it ended.
    """
    question = f"Replace the signing secrets of {_whose(tenant_id)}? The old ones sign for {overlap} hours more."
    confirm(question, yes=yes)

    async def act(secrets: "Secrets", who: "Principal") -> int:
        return await secrets.rotate_webhooks(who, _hand_out(folder, "webhooks"), tenant_id, overlap)

    return _handed_out(_run(act), "signing secrets", folder)


@rotate.command("seal")
@YES
@AS_JSON
def rotate_seal(yes: bool, as_json: bool) -> int:
    """Sign seals with a new key from now on. The old public key verifies what it signed; its private key is gone.

    Running services use the new key for the next seal; none has to be restarted.
    """
    confirm("Sign seals with a new key from now on?", yes=yes)

    async def act(secrets: "Secrets", who: "Principal") -> "SealKeyLine":
        return await secrets.keys.rotate(who)

    line = _run(act)
    if as_json:
        print_json(line)
    else:
        click.echo(f"seals are signed with the key {line.key} from now on; publish its public key:", err=True)
        print(line.public_key)
    return CLEAN


@rotate.command("encryption")
@YES
@AS_JSON
def rotate_encryption(yes: bool, as_json: bool) -> int:
    """Seal everything that is stored sealed under the present secret of the installation.

    In development, where the secret is a file of the data folder, a new one is made first, and the service must not
    run. Elsewhere CLAIMLENS_SECRET_KEY holds the new one and CLAIMLENS_SECRET_KEYS_ALSO the former one. API keys,
    sessions and recovery codes go on as they are. Exit code 3 if something opens under no secret that is known here.
    """
    confirm("Seal everything anew under the present secret?", yes=yes)

    async def main() -> "Resealed":
        from claimlens.config import read_settings
        from claimlens.usecases.authentication import operator
        from claimlens.wiring.rotation import rotate_encryption

        return await rotate_encryption(read_settings(), operator(login()))

    done = run_with_store(main())
    if as_json:
        print_json({"whole": done.whole, "done": done})
    else:
        print_table(
            ("table", "sealed anew", "as it was", "lost"), [(t.table, t.former, t.present, t.lost) for t in done.tables]
        )
        click.echo(_said(done), err=True)
    return CLEAN if done.whole else INCOMPLETE


@command.command("status")
@AS_JSON
def status(as_json: bool) -> int:
    """Say which keys sign seals, and whether anything is still sealed under a former secret (exit code 3)."""

    async def act(secrets: "Secrets", who: "Principal") -> "SecretsState":
        return await secrets.state()

    state = _run(act)
    if as_json:
        print_json({"whole": state.whole, "state": state})
        return CLEAN if state.whole else INCOMPLETE
    rows = [("seal key", each.key, cell(each.since), cell(each.until) or "in force") for each in state.seal_keys]
    rows += [("sealed", each.table, f"{each.present} under the present secret", _rest(each)) for each in state.sealed]
    print_table(("what", "name", "state", "until"), rows)
    if state.whole and state.further_secrets:
        click.echo("nothing needs the further secrets any more; take CLAIMLENS_SECRET_KEYS_ALSO away", err=True)
    return CLEAN if state.whole else INCOMPLETE


def _run(act: "Callable[[Secrets, Principal], Awaitable[Result]]") -> Result:
    async def main() -> Result:
        from claimlens.config import read_settings
        from claimlens.usecases.authentication import operator
        from claimlens.wiring.rotation import open_secrets

        async with open_secrets(read_settings()) as secrets:
            return await act(secrets, operator(login()))

    return run_with_store(main())


def _hand_out(folder: Path, kind: str) -> "HandOut":
    from claimlens.adapters.disk.hand_out import HandOut
    from claimlens.wiring.rotation import API_COLUMNS, WEBHOOK_COLUMNS

    return HandOut(folder, kind, API_COLUMNS if kind == "api" else WEBHOOK_COLUMNS)


def _handed_out(count: int, what: str, folder: Path) -> int:
    click.echo(
        f"{what} replaced: {count}; the new ones are in {folder}: hand them over, then destroy the files", err=True
    )
    return CLEAN


def _whose(tenant_id: str | None) -> str:
    return f"the tenant {tenant_id}" if tenant_id else "every tenant"


def _rest(standing: "Standing") -> str:
    parts = [f"{standing.former} under a former one"] if standing.former else []
    return ", ".join([*parts, *([f"{standing.lost} under one that is not at hand"] if standing.lost else [])])


def _said(done: "Resealed") -> str:
    if not done.whole:
        return "what is lost was sealed under a secret that is not known here; put it into CLAIMLENS_SECRET_KEYS_ALSO"
    made = "; a new secret was made, the former one is kept in secret.key.retired" if done.made else ""
    return f"everything is sealed under the present secret{made}. Backups of before need the secret of before."
