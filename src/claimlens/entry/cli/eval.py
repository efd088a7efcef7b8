"""`claimlens eval`: accuracy on a labelled set, or on the packs' own corpora."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import click
import msgspec

from claimlens.domain.errors import InputError
from claimlens.entry.cli.exit_codes import CLEAN, FINDINGS

_PARTS = ("claims_positive", "claims_negative", "allergens", "pii")


@click.command(name="eval")
@click.argument("data", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--date", "on", type=click.DateTime(["%Y-%m-%d"]), help="Judge as on this day [default: today].")
@click.option("--worst", default=10, show_default=True, help="How many misses to show for each part.")
@click.option("--slices/--no-slices", default=True, help="Also by jurisdiction, category, language.")
@click.option("--packs", "folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(data: Path | None, on: object, worst: int, slices: bool, folder: Path | None, as_json: bool) -> int:
    """Score the gate on a labelled set.

    The folder DATA holds some of claims_positive.jsonl, claims_negative.jsonl, allergens.jsonl, pii.jsonl.
    Without DATA the examples and the corpora of lawful texts of the packs are run.
    """
    day = getattr(on, "date", date.today)()
    if data is None:
        return _own_corpora(day, folder, as_json)
    from claimlens.usecases.evaluation import evaluate_set
    from claimlens.wiring import open_checker

    rows = {name: _rows(data / f"{name}.jsonl") for name in _PARTS if (data / f"{name}.jsonl").is_file()}
    if not rows:
        raise InputError(f"{data} holds none of {', '.join(f'{name}.jsonl' for name in _PARTS)}")
    results = evaluate_set(open_checker(packs=folder), rows, day)
    if as_json:
        print(msgspec.json.encode(results, enc_hook=str).decode())
        return CLEAN
    for result in results:
        score = result.overall
        exact = f"  exact {result.exact:.3f}" if result.exact is not None else ""
        print(
            f"{result.name:<11} {result.items:>4} items  "
            f"P {score.precision:.3f}  R {score.recall:.3f}  F1 {score.f1:.3f}{exact}"
        )
        if slices:
            for part in result.slices:
                s = part.score
                print(
                    f"  {part.by:<13} {part.value:<20} {part.items:>4}  "
                    f"tp {s.tp:>4}  fp {s.fp:>3}  fn {s.fn:>3}  F1 {s.f1:.3f}"
                )
        for miss in result.misses[:worst]:
            print(
                f"  ! {miss.id} {miss.jurisdiction} {miss.category}: expected {miss.expected}, got {miss.got}: "
                f"{miss.text[:120]}"
            )
    return CLEAN


def _rows(path: Path) -> list[Mapping[str, Any]]:
    rows: list[Mapping[str, Any]] = []
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        if line.strip():
            try:
                rows.append(msgspec.json.decode(line, type=dict[str, Any]))
            except msgspec.DecodeError as error:
                raise InputError(f"{path}, line {number}: {error}") from None
    return rows


def _own_corpora(day: date, folder: Path | None, as_json: bool) -> int:
    from claimlens.usecases.rules import RuleLibrary
    from claimlens.wiring import open_packs

    library = RuleLibrary(open_packs(root=folder))
    reports = [library.try_pack(name, day) for name in library.names()]
    if as_json:
        print(msgspec.json.encode(reports).decode())
    else:
        for report in reports:
            right = report.examples - len(report.failures)
            loud = len({(text.file, text.line) for text in report.loud})
            print(
                f"{report.pack}  examples {right} of {report.examples} right  "
                f"lawful texts {report.lawful_texts - loud} of {report.lawful_texts} silent"
            )
    return FINDINGS if any(r.failures or r.loud for r in reports) else CLEAN
