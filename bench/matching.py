"""`python -m bench.matching`: the claims engine beside what finds the same words another way, on the same texts.

Ours is the whole claims path: fold, scan, rules with word order and gaps, context, numbers, verdict; spans point into
the text as submitted. The peers only match. They are given the pack's own words and phrases:

- one alternation of Python's `re`, compiled, without case, with word borders, the longest first;
- textlint with its rule prh, a rule for each phrase (one rule with all of them is ten times slower), in a warm Node
  process, all texts as one document (its best case: it reads its rules anew for every document); and prh alone, which
  reads them once;
- the bare Aho-Corasick scan of the folded texts, the floor: no engine that looks at every word can be faster.

A second table gives the peers fewer phrases, where ours still judges by the whole pack: a short list is quick for all.
"""

import argparse
import random
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from ahocorasick_rs import AhoCorasick, MatchKind

from bench.menus import items
from bench.peers import MissingPeer, Peer, textlint
from bench.rounds import Report, Round, here, in_turns, ratios, spread
from claimlens.domain.jurisdiction import Jurisdiction, jurisdiction_of
from claimlens.domain.profile import TRANSFORMS
from claimlens.domain.question import Outside
from claimlens.domain.text import fold
from claimlens.domain.verdict import Outcome, Verdict
from claimlens.wiring import open_checker

_DAY = date(2026, 11, 23)
_BATCH = 200
_NOT_CLAIMS = frozenset(TRANSFORMS) - {"detect.claims", "verify.nutrition_claims"}
_LABELS = {
    "claims": "claims engine: folded, matched, judged",
    "floor": "bare Aho-Corasick scan of the folded texts (floor)",
    "alternation": "one `re` alternation, matching only",
    "textlint": "textlint + prh, matching only",
    "prh": "prh alone, matching only",
}


def main() -> None:
    """Measure and print; `--json FILE` keeps the figures."""
    parser = argparse.ArgumentParser(prog="bench.matching", description=__doc__)
    parser.add_argument("--items", type=int, default=2_000, help="for the claims engine and the floor")
    parser.add_argument("--few", type=int, default=100, help="items for the alternation")
    parser.add_argument("--fewest", type=int, default=10, help="items for textlint and prh")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--locale", default="en-GB")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    report = Report("matching")
    Matching(report, options).run()
    report.write(options.json)


class Matching:
    """The texts, and every side that works on them."""

    def __init__(self, report: Report, options: argparse.Namespace) -> None:
        self._report = report
        self._options = options
        self._checker = open_checker()
        self._keys = self._checker.examiner(Jurisdiction(jurisdiction_of(options.locale))).pack.patterns.keys
        self._phrases = phrases_of(self._keys)
        self._items = list(items(options.items))
        self._texts = ["\n".join(text for _, text in item.texts()) for item in self._items]
        words = sum(len(text.split()) for text in self._texts) / len(self._texts)
        report.note(
            f"{len(self._items)} items of {words:.0f} words, {options.few} for the alternation, {options.fewest} for"
            f" textlint; {options.locale}: {len(self._phrases)} words and phrases"
        )

    def run(self) -> None:
        """Both tables."""
        with ExitStack() as stack:
            self._all_phrases(stack)
        for number in (17, 100, 1_000):
            with ExitStack() as stack:
                self._fewer_phrases(number, stack)

    def _all_phrases(self, stack: ExitStack) -> None:
        few, fewest = self._texts[: self._options.few], self._texts[: self._options.fewest]
        folded = [fold(text) for text in self._texts]
        automaton = AhoCorasick(list(self._keys), matchkind=MatchKind.Standard)
        alternation = re.compile(alternation_of(self._phrases), re.IGNORECASE)
        sides: dict[str, tuple[Round, int]] = {
            "claims": (here(self._verdicts), len(self._items)),
            "floor": (
                here(lambda: [automaton.find_matches_as_indexes(text, overlapping=True) for text in folded]),
                len(folded),
            ),
            "alternation": (here(partial(_found, alternation, few)), len(few)),
        }
        peers: dict[str, Peer] = {}
        for tool in ("textlint", "prh"):
            try:
                peers[tool] = stack.enter_context(textlint({"texts": fewest, "phrases": self._phrases, "tool": tool}))
            except MissingPeer as missing:
                self._report.note(f"left out: {missing}")
                break
            sides[tool] = (peers[tool].round, len(fewest))
        if peers:
            self._report.note(f"peer: {peers['textlint'].versions}")
        print()
        each = _seconds_each(sides, self._options.rounds)
        for name in each:
            self._report.figure(_LABELS[name], spread([1 / one for one in each[name]]), "items/s")
        print()
        for name, goal in (("alternation", ">= 20"), ("textlint", ">= 50"), ("prh", ""), ("floor", "")):
            if name in each:
                self._report.ratio("claims engine", _LABELS[name], ratios(each[name], each["claims"]), goal)
        print()
        self._compare_finds(fewest, alternation, peers)

    def _compare_finds(self, texts: list[str], alternation: "re.Pattern[str]", peers: Mapping[str, Peer]) -> None:
        """What each finds in the same texts: a word of the pack is not yet a claim."""
        told = {"alternation": f"{len(_found(alternation, texts))} words"}
        for tool, peer in peers.items():
            found: list[Any] = peer.found()
            told[tool] = f"{len(found) if tool == 'textlint' else sum(map(len, found))} words, each phrase by itself"
        verdicts = self._verdicts(len(texts))
        claims = sum(len(one.reasons) for one in verdicts)
        flagged = sum(one.verdict is not Outcome.ALLOW for one in verdicts)
        told["claims engine"] = f"{claims} claims, {flagged} items to change or stop"
        for name, what in told.items():
            self._report.note(f"found in {len(texts)} texts by {name}: {what}")
        print("\n  the peers with fewer phrases, ours with the whole pack")

    def _fewer_phrases(self, number: int, stack: ExitStack) -> None:
        several = [phrase for phrase in self._phrases if " " in phrase]
        phrases = phrases_of(random.Random(7).sample(several, min(number, len(several))))
        pattern = re.compile(alternation_of(phrases), re.IGNORECASE)
        few = self._texts[: self._options.few]
        sides: dict[str, tuple[Round, int]] = {
            "claims": (here(self._verdicts), len(self._items)),
            "alternation": (here(partial(_found, pattern, self._texts)), len(self._texts)),
        }
        try:
            peer = stack.enter_context(textlint({"texts": few, "phrases": phrases, "tool": "textlint"}))
            sides["textlint"] = (peer.round, len(few))
        except MissingPeer:
            pass  # told above
        each = _seconds_each(sides, self._options.rounds)
        for name in ("alternation", "textlint"):
            if name in each:
                label = f"{name} of {number} phrases"
                self._report.ratio("claims engine", label, ratios(each[name], each["claims"]))

    def _verdicts(self, number: int | None = None) -> list[Verdict]:
        """Verdicts by the claims rules alone, in batches."""
        verdicts: list[Verdict] = []
        chosen = self._items[:number]
        for start in range(0, len(chosen), _BATCH):
            steps = self._checker.steps(
                chosen[start : start + _BATCH],
                locale=self._options.locale,
                on_date=_DAY,
                outside=Outside.APART,
                without=_NOT_CLAIMS,
            )
            try:
                while True:
                    next(steps)
            except StopIteration as done:
                verdicts += [one.verdict for one in done.value]
        return verdicts


def _seconds_each(sides: Mapping[str, tuple[Round, int]], rounds: int) -> dict[str, list[float]]:
    """Seconds of an item, side by side; a first round of each warms up."""
    for work, _ in sides.values():
        work()
    taken = in_turns({name: work for name, (work, _) in sides.items()}, rounds)
    return {name: [one / sides[name][1] for one in took] for name, took in taken.items()}


def _found(pattern: "re.Pattern[str]", texts: Sequence[str]) -> list[str]:
    return [match.group() for text in texts for match in pattern.finditer(text)]


def phrases_of(keys: Iterable[str]) -> list[str]:
    """The words and phrases of keys, the longest first."""
    return sorted({key.strip() for key in keys}, key=lambda phrase: (-len(phrase), phrase))


def alternation_of(phrases: Sequence[str]) -> str:
    """One regular expression of them all."""
    return r"\b(?:" + "|".join(re.escape(phrase) for phrase in phrases) + r")\b"


if __name__ == "__main__":
    main()
