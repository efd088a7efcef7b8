"""`claimlens replay`: recorded verdicts, judged once more."""

import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

import claimlens
from claimlens.domain.errors import ClaimLensError
from claimlens.domain.replay import Comparison
from claimlens.entry.cli.accounts import login
from claimlens.entry.cli.exit_codes import CLEAN, FINDINGS, INCOMPLETE
from claimlens.entry.cli.scan import engine_options, need_extra
from claimlens.entry.cli.store import run_with_store

if TYPE_CHECKING:
    from claimlens.usecases.replays import Replay
    from claimlens.wiring.records import Records

_MOST_ROWS = 25
_DAY = "A day (UTC) or a moment, RFC 3339."


@click.command("replay")
@click.option(
    "--pack",
    "packs",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Rule packs to judge by: a folder of packs, or one pack of it; default: those installed.",
)
@click.option("--since", "start_date", default="", help=f"Audits from here on. {_DAY}")
@click.option("--until", "end_date", default="", help=f"Audits up to here. {_DAY}")
@click.option("--tenant", "tenants", multiple=True, metavar="ID", help="Whose audits; may stand several times.")
@click.option("--scan", "place", metavar="DEST", help="The results of a scan in place of the store's audits.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@engine_options
def command(
    packs: Path | None,
    start_date: str,
    end_date: str,
    tenants: tuple[str, ...],
    place: str | None,
    as_json: bool,
    engine: str,
    address: str,
    processes: int | None,
) -> int:
    """Judge recorded verdicts once more: by the same packs to prove them, by others to see what they would change.

    Exit code 0: what was judged by the same law gave the same bytes; 2: something did not, and is named; 3: something
    could not be judged again; 1: usage or internal error.
    """
    folder = packs.absolute().parent if packs and (packs / "pack.yaml").is_file() else packs
    if place:
        if start_date or end_date or tenants:
            raise click.UsageError("--since, --until and --tenant choose audits; a scan is replayed as a whole")
        found = _scan(place, folder, engine, address, processes or 0)
    else:
        found = _audits(folder, {"start_date": start_date, "end_date": end_date}, tenants)
    if as_json:
        shown = {**msgspec.to_builtins(found), "changed": found.changed}
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(shown), indent=1).decode() + "\n")
    else:
        _show(found)
    if found.different_count:
        return FINDINGS
    return INCOMPLETE if found.unread_count else CLEAN


def _audits(packs: Path | None, period: Mapping[str, str], tenants: tuple[str, ...]) -> Comparison:
    from claimlens.config import read_settings
    from claimlens.usecases.replays import Replay
    from claimlens.wiring import open_packs
    from claimlens.wiring.records import open_records

    settings = read_settings()
    replay = Replay(open_packs(settings, packs).load, engine=claimlens.__version__)
    found = Comparison()

    async def main() -> None:
        async with open_records(settings) as records:
            for tenant in tenants or await records.tenants():
                await _of_tenant(records, replay, tenant, period, found)

    run_with_store(main())
    return found


async def _of_tenant(
    records: "Records", replay: "Replay", tenant: str, period: Mapping[str, str], found: Comparison
) -> None:
    async for lines in await records.plain(login(), tenant, period):
        for line in lines.splitlines():
            if line.startswith(b'{"_summary"'):
                continue
            try:
                found.add(replay.again(line), replay.categories)
            except ClaimLensError as error:
                found.miss(_id_of(line), str(error))


def _id_of(line: bytes) -> str:
    try:
        return str(msgspec.json.decode(line).get("audit_id", "?"))
    except (msgspec.DecodeError, AttributeError):
        return "?"


def _scan(place: str, packs: Path | None, engine: str, address: str, processes: int) -> Comparison:
    need_extra(ray=engine == "ray")
    from claimlens.entry.cli.scan_progress import ScanProgress
    from claimlens.wiring.scans import law, open_engine, open_replayer, open_scan_replay, state_of_recalls

    replay = open_scan_replay(place)
    manifest = replay.manifest()
    sent, digests = law(packs)
    terms = msgspec.structs.replace(
        manifest.terms,
        digests=digests,
        recalls=state_of_recalls() if manifest.terms.asking else "",
        engine=claimlens.__version__,
    )
    found = Comparison()
    runner = open_engine(engine, address=address, processes=processes)
    with ScanProgress(sum(piece.size for piece in manifest.pieces)) as progress:
        for piece, one in replay.run(manifest, terms, runner, open_replayer, sent):
            found.join(one)
            progress.advance(piece.size, one.verdicts_total)
    return found


def _show(found: Comparison) -> None:
    print(f"{found.verdicts_total:,} verdicts judged once more, {datetime.now(UTC):%Y-%m-%d %H:%M}Z")
    if found.same_law:
        told = found.identical + found.different_count
        share = f" ({100 * found.identical / told:.2f} % of those that can be told)" if told else ""
        print(f"  by the same law {found.same_law:,}: {found.identical:,} the same to the byte{share}")
    if found.masked:
        print(f"  {found.masked:,} of items that lost personal data; for {found.unclear:,} it matters: not told")
    if found.different_count:
        print(f"  {found.different_count:,} DIFFER although nothing else did:")
        print("".join([f"    {name}\n" for name in found.different]), end="")
    if other := found.verdicts_total - found.same_law:
        print(f"  by another law {other:,}")
    print(f"  {found.changed:,} verdicts are another now")
    _table("verdicts", {name: count for name, count in found.verdicts.items() if _is_change(name)})
    for tenant, changes in sorted(found.tenants.items()):
        if tenant:
            _table(f"tenant {tenant}", {name: count for name, count in changes.items() if _is_change(name)})
    _table("rules that count now and did not (verdicts)", found.appeared)
    _table("rules that counted and do not now (verdicts)", found.vanished)
    _table("by category of those rules (verdicts)", found.categories)
    if found.unread_count:
        print(f"\n{found.unread_count:,} could not be judged again:")
        print("".join([f"  {name}\n" for name in found.unread]), end="")


def _is_change(name: str) -> bool:
    before, _, now = name.partition(" > ")
    return before != now


def _table(title: str, found: Mapping[str, int]) -> None:
    if found:
        print(f"\n{title}")
        for name, count in sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))[:_MOST_ROWS]:
            print(f"  {name:<28}{count:>12,}")
