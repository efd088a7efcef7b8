"""`claimlens check`: items in, verdicts out."""

import contextlib
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

import click

import claimlens
from claimlens.domain.errors import InputError
from claimlens.entry.cli import files
from claimlens.entry.cli.exit_codes import exit_code
from claimlens.entry.cli.options import Judging, judging_options
from claimlens.entry.cli.pretty import PrettyReport, WriteRow
from claimlens.entry.cli.progress import Progress
from claimlens.entry.cli.remarks import Remarks, say, shown_name
from claimlens.gate.ingest import Entry
from claimlens.usecases.menus import Answer, Tally
from claimlens.usecases.reports import Report, Run

FORMATS = ("pretty", "json", "ndjson", "sarif", "html")


@click.command("check")
@click.argument("sources", nargs=-1, metavar="FILE... | -")
@judging_options
@click.option(
    "--image",
    "images",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Photo of a label: read, then judged; may be given several times.",
)
@click.option(
    "--format", "form", type=click.Choice(FORMATS), default="pretty", help="Form of the report; default: pretty."
)
@click.option("--json", "as_json", is_flag=True, help="Short for --format json.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the report to a file.")
@click.option("--require-complete", is_flag=True, help="Exit code 3 also when a part of an item could not be checked.")
def command(
    sources: tuple[str, ...],
    images: tuple[Path, ...],
    form: str,
    as_json: bool,
    output: Path | None,
    require_complete: bool,
    judging: Judging,
) -> int:
    """Judge every item of FILE (or of standard input, `-`), and every label of --image, and say why.

    Exit code 0: clean; 1: usage or internal error; 2: findings at or above --fail-on; 3: not everything could be
    checked. 1 goes before 2, 2 before 3.
    """
    if not sources and not images:
        raise click.UsageError("Missing argument 'FILE... | -', or --image.")
    names = (*sources, *map(str, images))
    if output and any(files.same_file(name, output) for name in names):
        raise InputError(f"{output} is the input; name another file for the report")
    judge = judging.judge()
    run = Run(judging.on_date, names, claimlens.__version__, judging.suppressions_name)
    tally, failures = Tally(), []
    on_terminal = output is None and sys.stdout.isatty()
    remarks = Remarks(judging.suppressions, beside=on_terminal)
    with (
        files.quiet_when_nobody_reads(),
        _opened("json" if as_json else form, output, run, judging.no_color) as report,
        Progress(files.size_of(sources), quiet=on_terminal) as progress,
    ):
        for source, entries in _opened_in_turn(sources, images, judging, progress):
            try:
                for answer in judging.answers(source, entries(), judge):
                    _take(answer, report, tally, remarks)
            except InputError as error:
                failures.append(f"{shown_name(source)}: {error}")
                say(failures[-1])
        report.close(tally, tuple(failures))
    remarks.close()
    return exit_code(tally, failed=bool(failures), fail_on=judging.fail_on, require_complete=require_complete)


def _opened_in_turn(
    sources: tuple[str, ...], images: tuple[Path, ...], judging: Judging, progress: Progress
) -> Iterator[tuple[str, Callable[[], Iterable[Entry]]]]:
    """Each file with what reads its items, then each photo."""
    for source in sources:
        yield source, partial(_items_of, source, judging, progress)
    if images:
        from claimlens.entry.cli.photos import Photos

        with Photos() as photos:
            for image in images:
                yield str(image), partial(photos.entries, image, judging.defaults)


def _items_of(source: str, judging: Judging, progress: Progress) -> Iterator[Entry]:
    return judging.open(source, files.pieces(source, progress.advance))[1]


def _take(answer: Answer, report: Report, tally: Tally, remarks: Remarks) -> None:
    remarks.hear(answer)
    tally.add(answer)
    report.add(answer)


@contextlib.contextmanager
def _opened(form: str, output: Path | None, run: Run, no_color: bool) -> Iterator[Report]:
    """The report, writing to the file or to standard output."""
    if output:
        with files.written(output) as write:
            yield _report(form, write, run, in_colour=False)
    else:
        in_colour = sys.stdout.isatty() and not no_color and not os.environ.get("NO_COLOR")
        yield _report(form, files.to_stdout(), run, in_colour=in_colour)


def _report(form: str, write: Callable[[str], object], run: Run, *, in_colour: bool) -> Report:
    """The report of a form. Each is imported when asked for: jinja2 and rich cost as much as judging a menu."""
    if form == "json":
        from claimlens.usecases.reports.json import JsonReport

        return JsonReport(write, run)
    if form == "ndjson":
        from claimlens.usecases.reports.ndjson import NdjsonReport

        return NdjsonReport(write, run)
    if form == "sarif":
        from claimlens.usecases.reports.sarif import SarifReport

        return SarifReport(write, run)
    if form == "html":
        from claimlens.usecases.reports.html import HtmlReport

        return HtmlReport(write, run)
    return PrettyReport(row_writer(write, in_colour=in_colour), run)


def row_writer(write: Callable[[str], object], *, in_colour: bool, on_error: bool = False) -> WriteRow:
    """Writes the rows of a report for people: drawn by rich on a terminal, plain elsewhere."""
    if in_colour:
        from claimlens.entry.cli import terminal

        return terminal.row_writer(on_error)
    from claimlens.entry.cli import plain

    width = shutil.get_terminal_size((100, 24)).columns if sys.stdout.isatty() else 100
    return plain.row_writer(write, width)
