"""`python -m bench.pii`: personal data found, beside Presidio's pattern recognisers on the same texts.

Both are library calls in a warm process that return spans of one text. Presidio is set up as its documentation says for
patterns without a language model, twice: `shipped`, with the recognisers it enables by itself, and `tuned`, with those
of what is looked for and an engine for each market (`bench/peers/presidio_patterns.py`). Its score threshold is the one
that gives it the best F1 on each set. Sets: made-up labelled texts of the bench's own (`bench.personal`), half of them
with personal data, and the withheld half of the evaluation set; made-up menus, which hold none, for the speed on what
is mostly read. Kinds that Presidio has no pattern for (UPI ids, street addresses, postcodes outside the UK) count in
the second F1 only. A labelled span is found when 90 % of its letters and digits are covered; a reported one is wrong
when less than half of its own lie in labelled ones.
"""

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench.menus import items
from bench.peers import MissingPeer, Peer, presidio
from bench.personal import Labelled, labelled
from bench.rounds import Report, here, in_turns, ratios, spread
from claimlens.gate.normalise.pii import find_pii

_WITHHELD = Path(__file__).parents[1] / "evaluation" / "withheld" / "pii.jsonl"
#: What Presidio calls the kinds that both know; a UK postcode is the only one it has.
_BOTH = {
    "PHONE_NUMBER": "phone",
    "EMAIL_ADDRESS": "email",
    "URL": "url",
    "IN_PAN": "pan",
    "IN_AADHAAR": "aadhaar",
    "CREDIT_CARD": "card",
    "UK_POSTCODE": "postcode",
}
#: (kind, start, end), text by text.
Spans = Sequence[Sequence[tuple[str, int, int]]]


def main() -> None:
    """Measure and print; `--json FILE` keeps the figures."""
    parser = argparse.ArgumentParser(prog="bench.pii", description=__doc__)
    parser.add_argument("--texts", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    report = Report("pii")
    own = list(labelled(options.texts))
    withheld = _withheld()
    menus = [
        Labelled("\n".join(text for _, text in item.texts()), "GB", ()) for item in items(options.texts // 4, seed=3)
    ]
    every = own + withheld
    report.note(f"{len(own)} made-up texts, {len(withheld)} of the withheld set, {len(menus)} of menus")
    theirs: dict[str, list[Any]] = {}
    for name, texts in (("labelled texts", every), ("menus", menus)):
        with ExitStack() as stack:
            peers = _peers(stack, report, texts)
            _speed(report, name, texts, peers, options.rounds)
            if texts is every:
                theirs = {how: peer.found() for how, peer in peers.items()}
        print()
    for name, texts, start in (("made-up texts", own, 0), ("withheld set", withheld, len(own))):
        _accuracy(report, name, texts, {how: found[start : start + len(texts)] for how, found in theirs.items()})
    report.write(options.json)


def _peers(stack: ExitStack, report: Report, texts: Sequence[Labelled]) -> dict[str, Peer]:
    given = {"texts": [one.text for one in texts], "markets": [one.market for one in texts]}
    peers = {}
    try:
        for how in ("shipped", "tuned"):
            peers[how] = stack.enter_context(presidio({**given, "how": how}))
        report.note(f"peer: {peers['tuned'].versions}")
    except MissingPeer as missing:
        report.note(f"left out: {missing}")
    return peers


def _speed(report: Report, name: str, texts: Sequence[Labelled], peers: Mapping[str, Peer], rounds: int) -> None:
    sides = {"ours": here(lambda: [find_pii(one.text, one.market) for one in texts])}
    sides |= {f"Presidio {how}": peer.round for how, peer in peers.items()}
    sides["ours"]()
    seconds = in_turns(sides, rounds)
    for side, took in seconds.items():
        report.figure(f"{name}, {side}", spread([len(texts) / one for one in took]), "texts/s")
    for how in peers:
        report.ratio(
            f"find_pii on {name}", f"Presidio {how}", ratios(seconds[f"Presidio {how}"], seconds["ours"]), ">= 20"
        )


def _accuracy(report: Report, name: str, texts: Sequence[Labelled], theirs: Mapping[str, list[Any]]) -> None:
    ours = [[(hit.type, hit.start, hit.end) for hit in find_pii(one.text, one.market)] for one in texts]
    for label, common in (("kinds that both know", True), ("all kinds", False)):
        counts = _judged(common)
        report.figure(f"F1 on {name}, {label}, ours", f1(texts, ours, counts), "")
        for how, found in theirs.items():
            thresholds = sorted({score for hits in found for _, _, _, score in hits})
            tried = {least: f1(texts, _known(found, least), counts) for least in thresholds}
            best = max(tried, key=tried.__getitem__)
            report.figure(f"F1 on {name}, {label}, Presidio {how} at {best:g}", tried[best], "")


def _judged(common: bool) -> Callable[[str, str], bool]:
    """Whether spans of a kind, as published in a market, count."""

    def counts(kind: str, market: str) -> bool:
        return not common or (kind in _BOTH.values() and (kind != "postcode" or market == "GB"))

    return counts


def _known(theirs: Sequence[Any], least: float) -> Spans:
    """What Presidio reports of kinds that ours have too; its others (dates, crypto wallets) are left aside."""
    return [
        [(_BOTH[kind], start, end) for kind, start, end, score in found if score >= least and kind in _BOTH]
        for found in theirs
    ]


def f1(texts: Sequence[Labelled], found: Spans, counts: Callable[[str, str], bool]) -> float:
    """Harmonic mean of precision and recall over the spans that count; the others are left aside on both sides."""
    right = missed = wrong = 0
    for one, hits in zip(texts, found, strict=True):
        personal = set().union(*(_signs(one.text, start, end) for _, start, end in one.spans))
        reported = [_signs(one.text, start, end) for kind, start, end in hits if counts(kind, one.market)]
        covered = set().union(*reported)
        for kind, start, end in one.spans:
            if counts(kind, one.market):
                signs = _signs(one.text, start, end)
                is_found = len(signs & covered) >= 0.9 * len(signs)
                right, missed = right + is_found, missed + (not is_found)
        wrong += sum(len(signs & personal) < 0.5 * len(signs) for signs in reported if signs)
    return 2 * right / (2 * right + missed + wrong) if right else 0.0


def _signs(text: str, start: int, end: int) -> set[int]:
    return {place for place in range(start, end) if text[place].isalnum()}


def _withheld() -> list[Labelled]:
    texts = []
    for line in _WITHHELD.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        spans, after = [], 0
        for entry in row["expected"]:
            start = row["text"].find(entry["span"], after)
            start = start if start >= 0 else row["text"].find(entry["span"])
            spans.append((entry["type"], start, start + len(entry["span"])))
            after = start
        texts.append(Labelled(row["text"], row["jurisdiction"], tuple(spans)))
    return texts


if __name__ == "__main__":
    main()
