"""The tutorials show what the program does: the commands of a page give its output, its verdicts are the real ones."""

import json
import re
from datetime import date

import pytest

from claimlens.entry.cli import run
from claimlens.gate.ingest.entry import Defaults
from claimlens.gate.ingest.record import item_of
from claimlens.wiring import open_checker
from tests.journeys.documented import ROOT, console_blocks, page, tables

MARKETS = ("en-IN", "en-US", "en-GB", "en-IE")
DAY = date(2026, 11, 23)
FOUR = page("tutorial/same-claim-four-markets.md")
VERDICTS = tables(FOUR, "claim", "item", *MARKETS)
REASONS = tables(FOUR, "market", "verdict", "rule", "why", "law")

RUN = [
    (name, arguments, output)
    for name in (
        "tutorial/same-claim-four-markets.md",
        "explanation/how-a-verdict-is-made.md",
        "how-to/suppress-a-finding.md",
    )
    for arguments, output in console_blocks(page(name))
]


@pytest.mark.parametrize(("name", "arguments", "output"), RUN, ids=lambda part: part if isinstance(part, str) else "")
def test_a_command_gives_the_output_shown(name, arguments, output, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    run(arguments)
    shown = capsys.readouterr()
    assert (shown.out + shown.err).strip().splitlines() == output.strip().splitlines()


@pytest.fixture(scope="module")
def verdict_of():
    checker = open_checker()

    def judge(file, market):
        item = item_of(json.loads((ROOT / "docs/tutorial/data" / f"{file}.json").read_bytes()), 0, Defaults())
        return checker.check([item], locale=market, on_date=DAY)[0]

    return judge


def files() -> list[str]:
    return [found[1] for row in VERDICTS if (found := re.search(r"\(data/([a-z-]+)\.json\)", row[1]))]


def test_seven_claims_are_shown_in_four_markets():
    assert len(files()) == 7
    assert len(REASONS) == 28


@pytest.mark.parametrize(("row", "file"), list(zip(VERDICTS, files(), strict=True)), ids=files())
def test_the_table_shows_the_real_verdicts(row, file, verdict_of):
    verdicts = [verdict_of(file, market) for market in MARKETS]
    assert row[2:] == [f"{v.verdict} †" if v.needs_review else str(v.verdict) for v in verdicts]


@pytest.mark.parametrize(
    ("file", "row"),
    [(file, REASONS[4 * i + k]) for i, file in enumerate(files()) for k in range(4)],
    ids=lambda part: part if isinstance(part, str) else part[0],
)
def test_the_reasons_and_the_law_are_the_real_ones(file, row, verdict_of):
    market, outcome, rule, why, law = row
    verdict = verdict_of(file, market)
    assert verdict.verdict == outcome
    said = {r.rule_id: (r.why, f"{r.citation.instrument}, {r.citation.section}") for r in verdict.reasons}
    assert said.get(rule) == (why, law)
