"""`python -m bench.recalls`: how long a look-up among 30,000 recalls takes, and how often it is right.

The recalls are made from the real ones of the starting set: product heads, brands and hazards of different records put
together anew, so that words are as common as they are in life, and each recall has a GTIN and lots of its own. The
queries: recalled products as a menu or a shop would write them (with slips of the keyboard, without the brand, by GTIN
alone), dishes and products that are not recalled. Baseline: the full text asked for all words of the name
(`MATCH "a" OR "b"`, best first), what one would write first.
"""

import argparse
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from bench.rounds import Report, spread
from claimlens.adapters.recalls.index import SqliteRecallIndex
from claimlens.domain.recall import Recall, RecallQuery, SourceState
from claimlens.domain.recall_words import GENERIC, words_of
from claimlens.gate.ingest.recalls import read_recalls
from claimlens.usecases.recalls import LEAST_SCORE, MOST_MATCHES
from claimlens.wiring.recalls import starting_set

_MAKERS = "Brumm Castell Dorvan Elsing Fennark Galter Hollam Ivers Jorran Kelsam Lomond Marvik Nestor Orlan".split()
_DAY = date(2026, 11, 23)

DISHES = (
    """
Chicken soup|Tomato soup|Cheese pizza|Caesar salad|Beef burger|Vegetable curry|Fish and chips|Pad thai|Masala dosa
Paneer tikka masala|Butter chicken|Chicken biryani|Mango lassi|Iced latte|Chocolate cake|Blueberry muffin|Banana bread
Garlic bread|Greek salad|Grilled salmon|Roast chicken|Mushroom risotto|Spaghetti carbonara|Prawn cocktail|Egg fried rice
Apple pie|Vanilla ice cream|Strawberry yoghurt|Peanut butter cookie|Hummus with pita|Falafel wrap|Lentil dal
Veggie burger|Oat milk flat white|Almond croissant|Ham and cheese toastie|Pulled pork sandwich|Potato salad|Coleslaw
Onion rings|Chicken noodle soup|Miso soup|Sweet potato fries|Lemon tart|Cheesecake|Tiramisu|Green salad|Fruit salad
Steak frites|Shepherd's pie|Sausage roll|Chicken wings|Nachos with salsa|Beef tacos|Chicken burrito|Quesadilla|Ramen
Sushi platter|Tuna sandwich|Bacon roll|Porridge with honey|Granola bowl|Smoothie|Orange juice|Samosa|Onion bhaji
""".replace("\n", "|")
    .strip("|")
    .split("|")
)


def real_recalls() -> list[Recall]:
    """The recalls of the starting set that name a product."""
    found = [recall for path in starting_set() for recall in read_recalls(path.read_bytes(), path.stem)[1].recalls]
    return [recall for recall in found if any(map(words_of, recall.products))]


def make(count: int, chance: random.Random) -> list[Recall]:
    """Recalls put together from parts of real ones; every tenth is a real one, under a number of its own."""
    real = real_recalls()
    branded = [recall for recall in real if recall.brands]
    syllables = [word for recall in real for word in words_of(recall.title) if word not in GENERIC and word.isalpha()]
    made = []
    for number in range(count):
        recall = chance.choice(real)
        if number % 10:
            one, other = chance.choice(real), chance.choice(real)
            head = chance.choice(one.products).split()[:4]
            tail = chance.choice(other.products).split()[-3:]
            maker = chance.choice(syllables)[:6] + chance.choice(syllables)[-4:]
            brands = chance.choice((chance.choice(branded).brands[:1], (maker.title(),)))
            recall = msgspec.structs.replace(
                recall, products=(" ".join((*brands, *head, *tail)),), brands=brands, hazard=chance.choice(real).hazard
            )
        digits = f"{chance.randrange(10**12):013}"
        recall = msgspec.structs.replace(
            recall,
            id=f"{recall.id}-{number}",
            gtins=(digits + _check(digits),),
            lots=tuple(f"L{chance.randrange(10**6):06}" for _ in range(3)),
            published=_DAY - timedelta(days=chance.randrange(700)),
        )
        made.append(recall)
    return made


def _check(digits: str) -> str:
    total = sum(int(sign) * (1 if place % 2 else 3) for place, sign in enumerate(digits))
    return str(-total % 10)


def slip(name: str, chance: random.Random) -> str:
    """A name with one slip in its longest word: a letter lost, doubled, or two changed places."""
    words = name.split()
    at = max(range(len(words)), key=lambda i: len(words[i]))
    word = words[at]
    if len(word) < 6:
        return name
    i = chance.randrange(1, len(word) - 2)
    words[at] = chance.choice(
        (word[:i] + word[i + 1 :], word[:i] + word[i] + word[i:], word[:i] + word[i + 1] + word[i] + word[i + 2 :])
    )
    return " ".join(words)


def asked(recalls: Sequence[Recall], chance: random.Random, count: int) -> dict[str, list[tuple[RecallQuery, Recall]]]:
    """Kind of query → queries, each with the recall that it should find."""
    chosen = chance.sample([recall for recall in recalls if recall.brands], count)
    return {
        "GTIN": [(RecallQuery(gtin=r.gtins[0].lstrip("0").zfill(12)), r) for r in chosen],
        "brand, product": [(RecallQuery(name=r.products[0], brand=r.brands[0]), r) for r in chosen],
        "product with brand in the name": [(RecallQuery(name=f"{r.brands[0]} {r.products[0]}"), r) for r in chosen],
        "a slip in it": [(RecallQuery(name=slip(r.products[0], chance), brand=r.brands[0]), r) for r in chosen],
        "shortened": [(RecallQuery(name=" ".join(r.products[0].split()[:4]), brand=r.brands[0]), r) for r in chosen],
    }


def load(recalls: Sequence[Recall], path: Path) -> SqliteRecallIndex:
    """An index of these recalls."""
    index = SqliteRecallIndex(path)
    for source in sorted({recall.source for recall in recalls}):
        own = [recall for recall in recalls if recall.source == source]
        state = SourceState(
            source=source, rows=0, open_rows=0, markets=(), data_as_of=_DAY, imported_at=datetime.now(UTC)
        )
        index.load(own, state, keep=False)
    return index


def times(queries: Sequence[RecallQuery], ask: Callable[[RecallQuery], object]) -> tuple[list[float], list[float]]:
    """Milliseconds of each query by the clock and of the processor, in one go: asked again, it would be remembered."""
    by_clock, of_processor = [], []
    for query in queries:
        start, used = time.perf_counter(), time.thread_time()
        ask(query)
        by_clock.append((time.perf_counter() - start) * 1000)
        of_processor.append((time.thread_time() - used) * 1000)
    return by_clock, of_processor


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of the values do not pass."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def main() -> None:
    """Measure and print; `--json FILE` keeps the figures."""
    parser = argparse.ArgumentParser(prog="bench.recalls", description=__doc__)
    parser.add_argument("--recalls", type=int, default=30_000)
    parser.add_argument("--queries", type=int, default=300, help="queries of each kind")
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    recalls = make(options.recalls, chance)
    report = Report("recalls")
    figures: dict[str, Any] = report.kept["figures"]
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        index = load(recalls, Path(folder, "recalls.db"))
        figures["import_s"] = round(time.perf_counter() - start, 1)
        figures["mb"] = round(Path(folder, "recalls.db").stat().st_size / 1e6, 1)
        print(f"{len(recalls)} recalls, {figures['import_s']} s to import (three sources), {figures['mb']} MB")
        kinds = asked(recalls, chance, options.queries)
        kinds["dish, not recalled"] = [(RecallQuery(name=dish), recalls[0]) for dish in DISHES]
        baseline = _baseline(Path(folder, "recalls.db"))
        index.search([RecallQuery(name="warm up")], least=LEAST_SCORE, limit=MOST_MATCHES)

        def ask(query: RecallQuery) -> object:
            return index.search([query], least=LEAST_SCORE, limit=MOST_MATCHES)

        every: list[float] = []
        cpu: list[float] = []
        beside: list[float] = []
        print(f"{'query':<32}{'p50':>8}{'p95':>8}{'most':>8} ms   {'found':>6}   OR query p95")
        for kind, pairs in kinds.items():
            queries = [query for query, _ in pairs]
            spent, used = times(queries, ask)
            every += spent
            cpu += used
            results = index.search(queries, least=LEAST_SCORE, limit=MOST_MATCHES)
            if kind.endswith("not recalled"):
                found = sum(map(bool, results)) / len(results)
            else:
                found = sum(
                    any(match.recall.id == recall.id or match.recall.products == recall.products for match in matches)
                    for (_, recall), matches in zip(pairs, results, strict=True)
                ) / len(results)
            plain = percentile(times(queries, baseline)[0], 0.95)
            row = (statistics.median(spent), percentile(spent, 0.95), max(spent))
            if kind != "GTIN":  # it has no words
                beside.append(plain / row[1])
            print(f"{kind:<32}{row[0]:>8.2f}{row[1]:>8.2f}{row[2]:>8.2f}      {found:>6.1%}   {plain:>8.2f}")
            figures[kind] = {"p50": row[0], "p95": row[1], "max": row[2], "found": found, "baseline_p95": plain}
        report.ratio("recall.lookup at p95, each kind of query", "all words by OR", spread(beside))
        figures["p95_ms"] = percentile(every, 0.95)
        figures["p95_cpu_ms"] = percentile(cpu, 0.95)
        print(f"{'all':<32}{statistics.median(every):>8.2f}{figures['p95_ms']:>8.2f}{max(every):>8.2f}")
        print(f"{'all, processor time':<32}{statistics.median(cpu):>8.2f}{figures['p95_cpu_ms']:>8.2f}{max(cpu):>8.2f}")
        figures["feed_cpu_ms"], figures["feed_again_cpu_ms"] = feed = _feed(index, chance)
        print(f"{'a feed of 50 products, processor':<32}{feed[0]:>8.2f} the first time, {feed[1]:.2f} again")
    report.write(options.json)


def _feed(index: SqliteRecallIndex, chance: random.Random) -> tuple[float, float]:
    """Processor time in ms of 50 packaged products, not recalled, in one call: the first time, and again."""
    ingredients = ("wheat flour", "sugar", "palm oil", "skimmed milk powder", "cocoa butter", "salt", "lecithin (soya)")
    first: list[float] = []
    again: list[float] = []
    for _ in range(10):
        queries = [
            RecallQuery(
                name=f"{chance.choice(_MAKERS)}{chance.choice(('ela', 'ovo', 'itta'))} {chance.choice(DISHES)}",
                brand=f"{chance.choice(_MAKERS)} {chance.randrange(1000)}",
                gtin=f"{chance.randrange(10**12):013}",
                ingredients=ingredients,
            )
            for _ in range(50)
        ]
        for spent in (first, again):
            start = time.thread_time()
            index.search(queries, least=LEAST_SCORE, limit=MOST_MATCHES)
            spent.append((time.thread_time() - start) * 1000)
    return statistics.median(first), statistics.median(again)


def _baseline(path: Path) -> Callable[[RecallQuery], object]:
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    sql = (
        "SELECT body FROM texts JOIN recalls ON recalls.number = texts.rowid WHERE texts MATCH ? ORDER BY rank LIMIT 10"
    )

    def ask(query: RecallQuery) -> object:
        words = " OR ".join(f'"{word}"' for word in words_of(f"{query.brand} {query.name}"))
        return connection.execute(sql, (words,)).fetchall() if words else []

    return ask


if __name__ == "__main__":
    main()
