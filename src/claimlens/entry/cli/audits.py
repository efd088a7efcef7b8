"""`claimlens audits`: taken out with their seals, verified anywhere."""

import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from claimlens.domain.errors import ClaimLensError
from claimlens.entry.cli.accounts import AS_JSON, OUTPUT, cell, login, print_json, write_out
from claimlens.entry.cli.exit_codes import CLEAN, FINDINGS
from claimlens.entry.cli.store import run_with_store

if TYPE_CHECKING:
    from claimlens.domain.bundle import Checked
    from claimlens.domain.installation_key import SealKeyLine
    from claimlens.wiring.records import Records

_DAY = "A day (UTC) or a moment, RFC 3339."


@click.group(name="audits")
def command() -> None:
    """Take audits out with their seals; verify them anywhere."""


@command.command("export")
@click.option("--tenant", "tenant_id", metavar="ID", required=True, help="Whose audits.")
@click.option("--start-date", default="", help=f"From here on. {_DAY}")
@click.option("--end-date", default="", help=f"Up to here. {_DAY}")
@click.option(
    "--bundle",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File for a bundle: the audits with the seals over them. Everything settled is sealed first.",
)
@click.option("--to", "url", default="", metavar="URL", help="s3://bucket/name instead of a file.")
@OUTPUT
def export(tenant_id: str, start_date: str, end_date: str, bundle: Path | None, url: str, output: Path | None) -> int:
    """Write the audits of a tenant: as NDJSON, or with --bundle together with their seals."""
    if bundle is not None and output is not None:
        raise click.UsageError("--bundle and --output are two ways to write; take one")
    period = {"start_date": start_date, "end_date": end_date}

    async def act(records: "Records", file: Path | None) -> None:
        pieces = records.bundle(login(), tenant_id, period) if bundle else records.plain(login(), tenant_id, period)
        await write_out(await pieces, file)

    if not url:
        _with_records(lambda records: act(records, bundle or output))
        return CLEAN
    with tempfile.TemporaryDirectory(prefix="claimlens-export-") as folder:
        file = bundle or output or Path(folder) / "audits"
        _with_records(lambda records: act(records, file))
        _put(url, file)
    return CLEAN


@command.command("seal")
@AS_JSON
def seal(as_json: bool) -> int:
    """Seal every tenant's audits that are older than 30 seconds now, without waiting for the interval to end."""
    sealed = _with_records(lambda records: records.seal())
    if as_json:
        print_json({"sealed": sealed})
    else:
        print(f"{sealed} audits sealed")
    return CLEAN


@command.command("public-key")
@AS_JSON
def public_key(as_json: bool) -> int:
    """Print the public keys by which this installation's seals are verified, the one in force first: 64 hex digits."""
    from claimlens.config import read_settings
    from claimlens.wiring.rotation import open_secrets

    async def main() -> "Sequence[SealKeyLine]":
        async with open_secrets(read_settings()) as secrets:
            return await secrets.keys.lines()

    lines = run_with_store(main())
    if as_json:
        print_json(lines)
    else:
        for each in lines:
            # Whole on one line however narrow the terminal is: it is there to be copied.
            ends = f"until {cell(each.until)}" if each.until else "in force"
            print(each.public_key + (f"  {each.key} since {cell(each.since)}, {ends}" if sys.stdout.isatty() else ""))
    return CLEAN


@command.command("verify")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--public-key",
    "public_keys",
    multiple=True,
    required=True,
    help="A key that is trusted: 64 hex digits, or a file with one a line. Repeat it after a change of keys.",
)
@click.option("--tenant", "tenant_id", default="", metavar="ID", help="Whose audits they must be.")
@click.option("--head", default="", help="The digest of a seal, known from elsewhere, that must be in the file.")
@AS_JSON
def verify(file: Path, public_keys: tuple[str, ...], tenant_id: str, head: str, as_json: bool) -> int:
    """Verify a bundle; needs no store and no network. Exit code 2 if anything in it is not as it was sealed."""
    from claimlens.config import read_public_keys
    from claimlens.usecases.bundle_check import check_bundle

    keys = [key for text in public_keys for key in read_public_keys("--public-key", text)]
    try:
        with file.open("rb") as lines:
            checked = check_bundle(lines, keys, tenant_id=tenant_id, head=head)
    except OSError as error:
        raise ClaimLensError(f"{file} cannot be read: {(error.strerror or str(error)).lower()}") from None
    if as_json:
        print_json(checked)
    else:
        _show(checked)
    return CLEAN if checked.holds else FINDINGS


def _put(url: str, file: Path) -> None:
    from claimlens.config import read_settings
    from claimlens.wiring.backups import open_place

    where, _, name = url.rpartition("/")
    if not where.startswith("s3://") or not name:
        raise click.UsageError(f"--to {url!r:.80} is no s3://bucket/name")
    open_place(read_settings(), where).put(name, file)


def _show(checked: "Checked") -> None:
    for broken in checked.broken:
        where = f"line {broken.line}: " if broken.line else ""
        print(f"{broken.breach}\t{where}{broken.detail}")
    if (more := sum(checked.counts.values()) - len(checked.broken)) > 0:
        print(f"and {more} more")
    made = f"{checked.exported_at:%Y-%m-%d %H:%M:%SZ}" if checked.exported_at else "at a moment that is not known"
    print(
        f"{'verified' if checked.holds else 'NOT as it was sealed'}: tenant {checked.tenant_id or '(none)'},"
        f" seals {checked.first_seal} to {checked.last_seal}, {checked.records} audits, {checked.purged} purged by"
        f" retention, {checked.unsealed} not sealed yet; taken out {made}",
        file=sys.stdout if checked.holds else sys.stderr,
    )


def _with_records(act: Any) -> Any:
    async def main() -> Any:
        async with _records() as records:
            return await act(records)

    return run_with_store(main())


@asynccontextmanager
async def _records() -> "AsyncIterator[Records]":
    from claimlens.config import read_settings
    from claimlens.wiring.records import open_records

    async with open_records(read_settings()) as records:
        yield records
