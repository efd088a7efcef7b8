"""`claimlens fix`: corrected items out, and what changed."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path

import click

from claimlens.domain.errors import InputError
from claimlens.domain.notice import NOTICE
from claimlens.entry.cli import files
from claimlens.entry.cli.check import row_writer
from claimlens.entry.cli.exit_codes import exit_code
from claimlens.entry.cli.options import Judging, judging_options
from claimlens.entry.cli.pretty import Part, Row, WriteRow, change_rows, finding_rows, head_row, not_read_rows
from claimlens.entry.cli.remarks import Remarks
from claimlens.gate.ingest.encoding import decoded
from claimlens.usecases.fixes import WRITABLE, Fixed, Fixer, write_fixed
from claimlens.usecases.menus import NotChecked, Tally


@click.command("fix")
@click.argument("source", metavar="FILE | -")
@judging_options
@click.option("-o", "--output", metavar="FILE | -", help="Where the corrected items go; without it nothing is written.")
@click.option("--in-place", is_flag=True, help="Write over FILE itself.")
def command(source: str, output: str | None, in_place: bool, judging: Judging) -> int:
    """Make the offered changes to the items of FILE and show what changed.

    An item is changed only when that leaves nothing to do; the others are listed and stay as they were. All that was in
    the file stays in it, known to ClaimLens or not. Without -o and --in-place the changes are only shown.

    Exit code 2: findings at or above --fail-on are left; 3: an item could not be read.
    """
    target = _target(source, output, in_place)
    tally, remarks = Tally(), Remarks(judging.suppressions)
    with files.quiet_when_nobody_reads():
        show = _rows_to(sys.stderr if target == "-" else sys.stdout, judging.no_color)
        data = _Source(source)
        form, entries = judging.open(source, data.pieces())
        if target and form not in WRITABLE:
            raise InputError(f"{source} is {form}; corrected items are written as {', '.join(WRITABLE)}")
        judge = judging.judge()
        fixer = Fixer(
            judge,
            form,
            data.first_line() if form == "csv" else "",
            on_date=judging.on_date,
            profile=judging.profile,
            suppressions=judging.suppressions,
        )
        fixed = _shown(map(fixer.fix, judging.answers(source, entries, judge)), show, tally, remarks)
        if not target:
            for _ in fixed:
                pass
        elif target == "-":
            write_fixed(form, decoded(data.pieces()), fixed, files.to_stdout())
        else:
            with files.written(Path(target)) as write:
                write_fixed(form, decoded(data.pieces()), fixed, write)
        _sum_up(tally, target, show)
    remarks.close()
    return exit_code(tally, failed=False, fail_on=judging.fail_on, require_complete=False)


def _target(source: str, output: str | None, in_place: bool) -> str:
    if in_place and output:
        raise click.UsageError("--in-place and -o exclude each other")
    if in_place and source == "-":
        raise click.UsageError("standard input cannot be written over; give -o")
    if output and output != "-" and files.same_file(source, Path(output)):
        raise click.UsageError(f"{output} is the input; to write over it say --in-place")
    return source if in_place else output or ""


class _Source:
    """The bytes of the input, which are read twice: once to judge, once to copy."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._held = list(files.pieces("-")) if name == "-" else None

    def pieces(self) -> Iterable[bytes]:
        """The bytes, piece by piece."""
        return self._held if self._held is not None else files.pieces(self._name)

    def first_line(self) -> str:
        """The first line that is not blank."""
        text = ""
        for piece in decoded(self.pieces()):
            text = (text + piece).lstrip("\r\n")
            if "\n" in text or "\r" in text:
                break
        return (text.splitlines() or [""])[0]


def _shown(fixed: Iterable[Fixed], show: WriteRow, tally: Tally, remarks: Remarks) -> Iterator[Fixed]:
    """Pass items on and show what is done with each; count what is left."""
    for one in fixed:
        remarks.hear(one.answer)
        if not one.is_corrected:
            tally.add(one.answer)
        else:
            tally.items += 1
        for row in _rows(one):
            show(row)
        yield one


def _rows(one: Fixed) -> Iterator[Row]:
    found = one.answer
    if isinstance(found, NotChecked):
        yield from chain(not_read_rows(found), [Row()])
    elif one.is_corrected:
        yield from chain([head_row(found, Part("✓ FIXED", "allow"))], change_rows(one.changes), [Row()])
    elif one.is_open:
        yield head_row(found, Part("! LEFT", "block"))
        yield from finding_rows(found, one.left)
        if one.problem:
            yield Row((Part(f"the change cannot be made: {one.problem}"),), indent=2, label=Part("note"), width=10)
        yield Row()


def _sum_up(tally: Tally, target: str, show: WriteRow) -> None:
    as_they_were = sum(tally.outcomes.values())
    corrected, left = tally.items - as_they_were, as_they_were - tally.allowed
    noun = "item" if tally.items == 1 else "items"
    parts = [f"{tally.items} {noun}: {corrected} corrected, {left} left, {tally.allowed} clean"]
    if tally.not_read:
        parts.append(f"{tally.not_read} not read")
    where = {"": "nothing was written (-o FILE does)", "-": "written to standard output"}.get(
        target, f"written to {target}"
    )
    show(Row((Part(", ".join(parts), "strong"), Part(f"; {where}", "soft"))))
    show(Row((Part(NOTICE, "soft"),)))


def _rows_to(stream: object, no_color: bool) -> Callable[..., object]:
    on_error = stream is sys.stderr
    terminal = sys.stderr.isatty() if on_error else sys.stdout.isatty()
    in_colour = terminal and not no_color and not os.environ.get("NO_COLOR")
    return row_writer(sys.stderr.write if on_error else files.to_stdout(), in_colour=in_colour, on_error=on_error)
