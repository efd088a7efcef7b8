"""`claimlens recalls`: take in recalls, say how fresh they are, look one up."""

import json
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from claimlens.domain.errors import InputError
from claimlens.domain.jurisdiction import Jurisdiction
from claimlens.entry.cli.exit_codes import CLEAN, FINDINGS, INCOMPLETE
from claimlens.entry.cli.tables import print_table

if TYPE_CHECKING:
    from claimlens.gate.ingest.recalls import BadRow

_JSON = click.option("--json", "as_json", is_flag=True, help="As JSON.")
_MARKETS = click.Choice([market.value for market in Jurisdiction], case_sensitive=False)
_MOST_SHOWN = 20


@click.group(name="recalls")
def command() -> None:
    """Take in recalls, say how fresh they are, look one up."""


@command.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(dir_okay=False, allow_dash=True, path_type=Path))
@click.option("--format", "form", type=click.Choice(["openfda", "fsa", "rasff", "csv"]), help="Else found by looking.")
@click.option("--source", default="", metavar="NAME", help="The name of a source of your own (for a table).")
@click.option("--market", type=_MARKETS, help="The market of a table whose rows do not say.")
@click.option("--replace", is_flag=True, help="The files are the whole source: what is not in them goes.")
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="The day that the data are of. Else: as they say.")
@_JSON
def import_(
    files: tuple[Path, ...],
    form: str | None,
    source: str,
    market: str | None,
    replace: bool,
    as_of: datetime | None,
    as_json: bool,
) -> int:
    """Take in the files of one source, `-` for standard input, in one step.

    They join what the index has of the source. Exit code 3: some rows are no recalls, each is named.
    """
    import msgspec

    from claimlens.wiring.recalls import open_recalls

    done = open_recalls().take_in(
        [_read(path) for path in files],
        form=form or "",
        source=source,
        market=Jurisdiction(market.upper()) if market else None,
        replace=replace,
        as_of=as_of.date() if as_of else None,
    )
    if as_json:
        print(msgspec.json.encode(done).decode())
    else:
        print(
            f"{done.source}: {done.read} rows read, {done.joined} joined another, {len(done.bad)} refused; "
            f"{done.rows} recalls in the index, {done.open} open, data of {done.data_as_of}"
        )
    _say_bad(done.bad)
    return INCOMPLETE if done.bad else CLEAN


@command.command("refresh")
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@click.option("--due", is_flag=True, help="Only what was fetched longer ago than CLAIMLENS_RECALLS_REFRESH_HOURS.")
@_JSON
def refresh(sources: tuple[str, ...], due: bool, as_json: bool) -> int:
    """Fetch recalls from their publishers and take them in; exit code 3 if one of the sources could not be.

    Without SOURCE all that have a feed (CLAIMLENS_RECALLS_FEEDS). A source that could not be fetched keeps what it has,
    and counts as failed until it can.
    """
    import asyncio
    from datetime import timedelta

    import msgspec

    from claimlens.config import read_settings
    from claimlens.wiring.recall_refresh import open_refresh

    settings = read_settings()
    use = open_refresh(settings)
    unknown = [source for source in sources if source not in use.sources]
    if unknown:
        raise InputError(f"no feed for {', '.join(unknown)}; there is one for {', '.join(use.sources)}")
    wanted = list(sources or use.sources)
    if due:
        late = use.due(timedelta(hours=settings.recalls_refresh_hours))
        wanted = [source for source in wanted if source in late]
    found = asyncio.run(use.run(wanted))
    if as_json:
        print(msgspec.json.encode(found).decode())
    for one in found:
        if one.done is None:
            print(f"{one.source}: {one.failure}", file=sys.stderr)
        elif not as_json:
            done = one.done
            print(f"{one.source}: {done.rows} recalls in the index, {done.open} open, data of {done.data_as_of}")
            _say_bad(done.bad)
    return INCOMPLETE if any(one.done is None for one in found) else CLEAN


@command.command("status")
@_JSON
def status(as_json: bool) -> int:
    """Say what the index holds and how old it is; exit code 3 if a source is stale, failed or only a starting set."""
    import msgspec

    from claimlens.wiring.recalls import open_recalls

    found = open_recalls().status()
    if as_json:
        print(msgspec.json.encode(found).decode())
    else:
        print_table(
            ("source", "state", "rows", "open", "markets", "data of", "days old", "imported", "what"),
            [
                (
                    one.source,
                    one.state,
                    one.rows,
                    one.open,
                    " ".join(one.markets),
                    one.data_as_of,
                    one.age_days,
                    one.imported_at,
                    one.detail,
                )
                for one in found
            ],
        )
    return CLEAN if found and all(one.state == "fresh" for one in found) else INCOMPLETE


@command.command("search")
@click.argument("name", nargs=-1)
@click.option("--brand", default="", help="The brand, if the name does not say it.")
@click.option("--gtin", default="", help="GTIN, EAN or UPC; its spelling does not matter.")
@click.option("--lot", "lots", multiple=True, help="A lot code; may be repeated.")
@click.option("--ingredient", "ingredients", multiple=True, help="An ingredient; may be repeated.")
@click.option("--market", type=_MARKETS, help="Only recalls of this market.")
@_JSON
def search(
    name: tuple[str, ...],
    brand: str,
    gtin: str,
    lots: tuple[str, ...],
    ingredients: tuple[str, ...],
    market: str | None,
    as_json: bool,
) -> int:
    """Look up recalls of an item; exit code 0 none, 2 found, 3 not known (a source is stale, failed or missing)."""
    from claimlens.wiring.recalls import open_recalls

    payload = {
        "name": " ".join(name),
        "brand": brand,
        "gtin": gtin,
        "lots": list(lots),
        "ingredients": list(ingredients),
        "market": market,
    }
    (answer,) = open_recalls().answer([payload])
    if "cannot" in answer:
        raise InputError(answer["cannot"])
    if as_json:
        print(json.dumps(answer, ensure_ascii=False))
    else:
        _show(answer)
    return {"none": CLEAN, "found": FINDINGS}.get(answer["outcome"], INCOMPLETE)


def _say_bad(rows: "Sequence[BadRow]") -> None:
    for bad in rows[:_MOST_SHOWN]:
        print(f"row {bad.row}{f' ({bad.id})' if bad.id else ''}: {bad.reason}", file=sys.stderr)
    if len(rows) > _MOST_SHOWN:
        print(f"and {len(rows) - _MOST_SHOWN} rows more; --json names all", file=sys.stderr)


def _show(answer: dict[str, Any]) -> None:
    rows = [*_list(answer, "matches"), *_list(answer, "closed")]
    print_table(
        ("score", "status", "date", "source", "id", "product", "hazard", "why"),
        [
            (
                f"{row['score']:.2f}",
                row["status"],
                row["date"],
                row["source"],
                row["id"],
                "; ".join(row["products"][:3]) or row["title"],
                row["hazard"],
                row["reason"],
            )
            for row in rows
        ],
    )
    if not _list(answer, "matches"):
        said = "no open recall" if answer["outcome"] == "none" else "no open recall in the data at hand"
        print(said, file=sys.stderr)
    for failed in _list(answer, "failed_sources"):
        print(f"not known: {failed['source'] or 'recalls'}: {failed['detail']}", file=sys.stderr)


def _list(answer: dict[str, Any], key: str) -> list[dict[str, Any]]:
    value = answer[key]
    assert isinstance(value, list)
    return value


def _read(path: Path) -> bytes:
    if str(path) == "-":
        return sys.stdin.buffer.read()
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
