"""`claimlens scan`: files of any size in, results as Parquet out."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import claimlens
from claimlens.domain.errors import ClaimLensError, InputError
from claimlens.domain.item import Kind
from claimlens.domain.jurisdiction import LOCALES
from claimlens.domain.scan import Columns, Terms
from claimlens.entry.cli.exit_codes import CLEAN, FINDINGS, INCOMPLETE, USAGE
from claimlens.entry.cli.options import FAIL_ON, Day, Locale, suppressions_of
from claimlens.entry.cli.remarks import say

if TYPE_CHECKING:
    from claimlens.domain.scan import Manifest
    from claimlens.ports.scans import ScanEngine
    from claimlens.usecases.scans import Scans

_SCHEMAS = ("items", "openfoodfacts", "fdc")
_MOST_SAID = 20


def engine_options(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command the options that say where its work is done."""
    for option in reversed(
        (
            click.option(
                "--engine",
                type=click.Choice(["local", "ray"]),
                default="local",
                help="local: processes of this machine; ray: a Ray cluster.",
            ),
            click.option("--address", default="", metavar="HOST:PORT", help="Of the Ray cluster; else one is started."),
            click.option(
                "--processes", type=click.IntRange(1, 10_000), help="At once, in all; default: one for each core."
            ),
        )
    ):
        command = option(command)
    return command


@click.command("scan")
@click.argument("source", metavar="SOURCE")
@click.option("--out", "place", required=True, metavar="DEST", help="Folder or URL for the results.")
@click.option("--resume", is_flag=True, help="Go on with the scan that DEST holds; begin it if there is none.")
@click.option("--schema", type=click.Choice(_SCHEMAS), help="Which columns SOURCE has; default: recognised.")
@click.option("--map", "mapped", multiple=True, metavar="FIELD=COLUMN", help="A field of the item and its column.")
@click.option(
    "--mapping", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="The same from a file (YAML)."
)
@click.option("--locale", type=Locale(), help=f"Whose law applies, unless the row says it: {', '.join(LOCALES)}.")
@click.option("--kind", type=click.Choice([kind.value for kind in Kind]), help="What rows are that do not say it.")
@click.option("--profile", help="Which transforms run; default: the market's own.")
@click.option("--date", "on_date", type=Day(), help="Judge by the law in force on this day; default: today, UTC.")
@click.option(
    "--suppressions", type=click.Path(dir_okay=False, path_type=Path), help="Findings that somebody answers for (YAML)."
)
@click.option("--packs", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Folder of rule packs.")
@click.option("--without-services", is_flag=True, help="Ask no service: quicker, and the verdicts say so.")
@click.option("--against", metavar="DEST", help="An earlier scan, to say what has changed since.")
@click.option("--fail-on", type=click.Choice(FAIL_ON), default="never", help="Least severity for exit code 2; never.")
@click.option("--json", "as_json", is_flag=True, help="The summary as JSON.")
@engine_options
def command(
    source: str,
    place: str,
    resume: bool,
    schema: str | None,
    mapped: tuple[str, ...],
    mapping: Path | None,
    locale: str | None,
    kind: str | None,
    profile: str | None,
    on_date: date | None,
    suppressions: Path | None,
    packs: Path | None,
    without_services: bool,
    against: str | None,
    fail_on: str,
    as_json: bool,
    engine: str,
    address: str,
    processes: int | None,
) -> int:
    """Judge every row of SOURCE: a file, a folder or a URL, of Parquet, NDJSON or CSV (.gz, .zst).

    Exit code 0: every row was judged; 1: usage or error, or a piece of SOURCE could not be read; 2: findings at or
    above --fail-on; 3: rows that are no items (they stand in DEST/bad-rows). 1 goes before 2, 2 before 3.
    """
    need_extra(ray=engine == "ray")
    from claimlens.entry.cli.scan_progress import ScanProgress
    from claimlens.entry.cli.scan_summary import print_summary
    from claimlens.wiring.scans import law, open_engine, open_scans, open_worker, state_of_recalls

    sent, digests = law(packs)
    scans = open_scans(place)
    terms = Terms(
        locale=locale or "",
        kind=Kind(kind) if kind else None,
        profile=_profile(profile, locale),
        on=on_date or _begun(scans, resume) or datetime.now(UTC).date(),
        suppressions=suppressions_of(suppressions),
        asking=not without_services,
        digests=digests,
        recalls="" if without_services else state_of_recalls(),
        engine=claimlens.__version__,
    )
    columns = Columns(schema=schema) if schema else None
    manifest = scans.resumed(_absolute(source), terms) if resume else None
    if manifest is None:
        manifest = scans.plan(_absolute(source), columns, _mapping(mapped, mapping), terms)
    _say_left_out(manifest)
    failed = []
    runner = open_engine(engine, address=address, processes=processes or 0)
    with ScanProgress(sum(piece.size for piece in manifest.pieces)) as progress:
        for piece, done, earlier in scans.run(manifest, runner, open_worker, sent):
            progress.advance(piece.size, 0 if earlier else done.counts.rows, earlier=earlier)
            if done.error:
                failed.append(done.error)
                say(f"not read: {done.error}")
    transitions = _transitions(runner, against, place)
    summary = scans.summed(manifest, failed, transitions)
    print_summary(summary, as_json=as_json)
    if failed:
        say(f"{len(failed)} pieces could not be read; mend that and go on with --resume")
        return USAGE
    counts = summary.counts
    least = FAIL_ON.index(fail_on)
    found = {severity for severities in counts.rules.values() for severity in severities}
    if any(FAIL_ON.index(severity) >= least for severity in found):
        return FINDINGS
    return INCOMPLETE if counts.bad else CLEAN


def need_extra(*, ray: bool) -> None:
    """Raises ClaimLensError with what to install if the extra is missing."""
    from claimlens.adapters.bulk.extra import missing

    if lacks := missing(ray=ray):
        raise ClaimLensError(lacks)


def _begun(scans: "Scans", resume: bool) -> date | None:
    """The day by which the scan that is taken up again judges."""
    found = scans.manifest() if resume else None
    return found.terms.on if found else None


def _profile(profile: str | None, locale: str | None) -> str | None:
    """Raises InputError for one that is not known, before anything is read."""
    if profile and locale:
        from claimlens.domain.jurisdiction import jurisdiction_of
        from claimlens.domain.profile import profile_for

        profile_for(profile, jurisdiction_of(locale))
    return profile


def _absolute(source: str) -> str:
    """A path as every process, wherever it runs, means it."""
    return source.rstrip("/") if "://" in source else str(Path(source).absolute())


def _mapping(mapped: tuple[str, ...], file: Path | None) -> dict[str, str]:
    found: dict[str, str] = {}
    if file is not None:
        import yaml

        try:
            read: Any = yaml.safe_load(file.read_text(encoding="utf-8"))
        except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
            raise InputError(f"{file}: {(str(error).splitlines() or [''])[0]}") from None
        if not isinstance(read, dict) or not all(isinstance(part, str) for pair in read.items() for part in pair):
            raise InputError(f"{file}: a line for each field is expected: `field: column`")
        found |= read
    for one in mapped:
        field, separator, column = one.partition("=")
        if not separator or not field or not column:
            raise click.UsageError(f"--map {one!r:.60} is not FIELD=COLUMN")
        found[field.strip()] = column.strip()
    return found


def _say_left_out(manifest: "Manifest") -> None:
    for url in manifest.left_out[:_MOST_SAID]:
        say(f"left out, of no form that is scanned: {url}")
    if (more := len(manifest.left_out) - _MOST_SAID) > 0:
        say(f"and {more} more")


def _transitions(engine: "ScanEngine", against: str | None, place: str) -> Any:
    return engine.transitions(_absolute(against), _absolute(place)) if against else None
