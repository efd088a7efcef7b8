"""`python -m bench.ocr`: how well labels are read, and how long it takes; beside Tesseract on the same images.

Twenty labels drawn from a seed (`bench.labels`: fonts, sizes from 12 px, rotations, noise, pale and inverted print) and
five distorted like photographs, reported apart. Right is a nutrition number whose column, nutrient, value, unit and
"less than" are those of the label; figures read that are not on the label are counted as made up. The seed was held
back while the reader was written: it was tried on other ones.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from bench.labels import Drawn, Truth, draw, fonts
from bench.rounds import Report
from claimlens.adapters.ocr.picture import unpacked
from claimlens.adapters.ocr.process import OcrProcess
from claimlens.domain.label import Label, SeenPage
from claimlens.gate.ingest.label import understood

HELD_BACK = 4711


class Score(NamedTuple):
    """What was read of one image."""

    right: int
    numbers: int
    made_up: int
    characters: float
    gtin: bool | None
    ms: float
    cpu_ms: float


def score(label: Label, truth: Truth, ms: float, cpu_ms: float) -> Score:
    """A label against the truth."""
    read = {
        (column.basis, amount.nutrient): (amount.value, amount.unit, amount.below)
        for column in label.nutrition
        for amount in column.amounts
    }
    right = sum(1 for key, value in truth.numbers.items() if read.get(key) == value)
    made_up = sum(1 for key, value in read.items() if truth.numbers.get(key) != value)
    text = label.ingredients.text if label.ingredients else ""
    wrong = distance(text.rstrip(". "), truth.ingredients)
    gtin = label.gtin == truth.gtin if truth.gtin else None
    return Score(right, len(truth.numbers), made_up, max(0.0, 1 - wrong / len(truth.ingredients)), gtin, ms, cpu_ms)


def distance(one: str, other: str) -> int:
    """Levenshtein's distance."""
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        before, row[0] = row[0], i
        for j, b in enumerate(other, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (a != b))
    return row[-1]


def measure(
    kept: Report,
    name: str,
    read: Callable[[bytes], SeenPage],
    drawn: Sequence[Drawn],
    worked_s: Callable[[], float],
    *,
    verbose: bool,
) -> list[Score]:
    """Every image read once, after one that warms up; `worked_s` are processor seconds so far of whatever reads."""
    scores = []
    for one in drawn:
        began, worked = time.perf_counter(), worked_s()
        page = read(one.image)
        ms, cpu_ms = (time.perf_counter() - began) * 1000, (worked_s() - worked) * 1000
        scores.append(score(understood(page), one.truth, ms, cpu_ms))
        if verbose:
            last = scores[-1]
            print(
                f"  {last.right:2}/{last.numbers:2} +{last.made_up} {last.characters:6.1%} {last.ms:5.0f} ms"
                f" gtin {last.gtin}  {one.how}"
            )
    report(kept, name, scores)
    return scores


def report(kept: Report, name: str, scores: Sequence[Score]) -> None:
    """One line, and what is kept of it."""
    numbers = sum(one.numbers for one in scores)
    right = sum(one.right for one in scores) / numbers
    made_up = sum(one.made_up for one in scores)
    characters = statistics.fmean(one.characters for one in scores)
    codes = [one.gtin for one in scores if one.gtin is not None]
    times = sorted(one.ms for one in scores)
    p95 = times[min(len(times) - 1, round(0.95 * (len(times) - 1)))]
    print(
        f"{name:34} {len(scores):2} images: {right:6.1%} of {numbers} numbers, {made_up} made up;"
        f" ingredients {characters:6.1%}; GTIN {sum(codes)}/{len(codes)};"
        f" {statistics.median(times):.0f} ms, p95 {p95:.0f} ms,"
        f" of one core {statistics.median(one.cpu_ms for one in scores):.0f} ms"
    )
    kept.kept["figures"][name] = {"numbers": right, "made_up": made_up, "ingredients": characters, "p95_ms": p95}


def main() -> None:
    """Measure and print; `--json FILE` keeps the figures."""
    parser = argparse.ArgumentParser(prog="bench.ocr", description=__doc__)
    parser.add_argument("--seed", type=int, default=HELD_BACK)
    parser.add_argument("--labels", type=int, default=20)
    parser.add_argument("--photos", type=int, default=5)
    parser.add_argument("--verbose", action="store_true", help="a line for each image")
    parser.add_argument("--no-tesseract", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    kept = Report("ocr")
    names = ", ".join(path.stem if path else "Pillow's own" for path in fonts())
    kept.note(f"seed {options.seed}; fonts: {names}")
    labels = [draw(options.seed, number, photo=False) for number in range(options.labels)]
    photos = [draw(options.seed, number, photo=True) for number in range(options.photos)]
    engine = OcrProcess()
    began = time.perf_counter()
    first = engine.read(labels[0].image)
    print(f"start and first image: {time.perf_counter() - began:.1f} s ({first.engine})")
    for kind, drawn in (("labels", labels), ("like photographs", photos)):
        name = f"{first.engine}, {kind}"
        measure(kept, name, engine.read, drawn, lambda: _worked(engine.pid), verbose=options.verbose)
    engine.close()
    if not options.no_tesseract:
        _tesseract(kept, labels, photos, verbose=options.verbose)
    kept.write(options.json)


def _tesseract(kept: Report, labels: Sequence[Drawn], photos: Sequence[Drawn], *, verbose: bool) -> None:
    from claimlens.adapters.ocr.tesseract import TesseractReader

    try:
        reader = TesseractReader()
    except FileNotFoundError:
        kept.note("left out: tesseract is not installed (Debian and Ubuntu: apt install tesseract-ocr)")
        return

    def read(image: bytes) -> SeenPage:
        pixels = unpacked(image)
        height, width = pixels.shape[:2]
        return SeenPage(width=width, height=height, engine=reader.name, lines=reader.read(pixels))

    for kind, drawn in (("labels", labels), ("like photographs", photos)):
        measure(kept, f"{reader.name}, {kind}", read, drawn, _worked_here, verbose=verbose)


def _worked(pid: int | None) -> float:
    """Processor seconds of a process, where the system tells them; else the clock's."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return time.perf_counter()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _worked_here() -> float:
    """Processor seconds of this process and of those it waited for."""
    told = os.times()
    return told.user + told.system + told.children_user + told.children_system


if __name__ == "__main__":
    main()
