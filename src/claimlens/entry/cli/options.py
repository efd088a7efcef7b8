"""How `check` and `fix` are told which items to read and by which law to judge them."""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime
from functools import wraps
from pathlib import Path
from typing import Any

import click
import msgspec

from claimlens.domain.errors import InputError
from claimlens.domain.item import Kind
from claimlens.domain.jurisdiction import LOCALES, canonical_locale
from claimlens.domain.suppression import Suppression
from claimlens.gate.ingest import Defaults, Entry, Format, open_items
from claimlens.usecases.menus import Answer, Judge, check_menu

FAIL_ON = ("info", "modify", "block", "never")


class Judging(msgspec.Struct, frozen=True, kw_only=True):
    """The options of one call, understood."""

    defaults: Defaults
    source_format: Format | None
    profile: str | None
    on_date: date
    suppressions: tuple[Suppression, ...]
    suppressions_name: str
    packs: Path | None
    fail_on: str
    no_color: bool

    def judge(self) -> Judge:
        """What gives the verdicts. Packs are read when the first item of their market comes."""
        from claimlens.wiring import open_checker

        return open_checker(packs=self.packs, asking=True)

    def open(self, source: str, pieces: Iterable[bytes]) -> tuple[Format, Iterator[Entry]]:
        """The form and the entries of one file. Raises InputError when it cannot be read."""
        return open_items(pieces, self.source_format, self.defaults, "" if source == "-" else source)

    def answers(self, source: str, entries: Iterable[Entry], judge: Judge) -> Iterator[Answer]:
        """The answers for the entries of one file, in its order. Raises InputError when it cannot be read."""
        return check_menu(
            entries,
            judge,
            file=source,
            on_date=self.on_date,
            profile=self.profile,
            suppressions=self.suppressions,
        )


class Locale(click.ParamType[str]):
    """A locale that is known."""

    name = "locale"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The known spelling; a usage error that lists the known ones."""
        try:
            return canonical_locale(value)
        except InputError as error:
            self.fail(str(error), param, ctx)


class Day(click.ParamType[date]):
    """A day as YYYY-MM-DD."""

    name = "YYYY-MM-DD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """The day; a usage error when it is none."""
        try:
            return value if isinstance(value, date) else date.fromisoformat(value)
        except ValueError:
            self.fail(f"a day is written YYYY-MM-DD, this is {value!r:.40}", param, ctx)


_FILE = click.Path(dir_okay=False, path_type=Path)
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_KINDS = click.Choice([kind.value for kind in Kind])
_FORMS = click.Choice([form.value for form in Format])
_OPTIONS = (
    click.option("--locale", type=Locale(), help=f"Whose law applies, unless the item says it: {', '.join(LOCALES)}."),
    click.option("--profile", help="Which transforms run; default: the market's own."),
    click.option(
        "--kind",
        type=click.Choice([kind.value for kind in Kind]),
        help="What items are that do not say it; default: menu_item.",
    ),
    click.option(
        "--from",
        "source_format",
        type=_FORMS,
        help="Form of the input; default: guessed.",
    ),
    click.option("--date", "on_date", type=Day(), help="Judge by the law in force on this day; default: today, UTC."),
    click.option("--suppressions", type=_FILE, help="Findings that somebody answers for (YAML)."),
    click.option("--packs", type=_FOLDER, help="Folder of rule packs."),
    click.option(
        "--fail-on", type=click.Choice(FAIL_ON), default="modify", help="Least severity for exit code 2; modify."
    ),
    click.option("--no-color", is_flag=True, help="No colours (also: NO_COLOR in the environment)."),
)


def judging_options(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command the options above; it is called with one `judging` in their place."""

    @wraps(command)
    def called(
        locale: str | None,
        profile: str | None,
        kind: str | None,
        source_format: str | None,
        on_date: date | None,
        suppressions: Path | None,
        packs: Path | None,
        fail_on: str,
        no_color: bool,
        **rest: Any,
    ) -> int:
        judging = Judging(
            defaults=Defaults(Kind(kind) if kind else None, locale or ""),
            source_format=Format(source_format) if source_format else None,
            profile=profile,
            # In UTC: the same day for everybody who makes the same call.
            on_date=on_date or datetime.now(UTC).date(),
            suppressions=suppressions_of(suppressions),
            suppressions_name=str(suppressions or ""),
            packs=packs,
            fail_on=fail_on,
            no_color=no_color,
        )
        return command(judging=judging, **rest)

    decorated: Callable[..., int] = called
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated


def suppressions_of(path: Path | None) -> tuple[Suppression, ...]:
    """What stands in a file of suppressions. Raises InputError."""
    if path is None:
        return ()
    from claimlens.usecases.suppressions import read_suppressions

    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {(error.strerror or str(error)).lower()}") from None
    return read_suppressions(data, str(path))
