"""A scan judged once more: its rows are read again where they were, and the answers laid beside those that it wrote."""

from collections.abc import Callable, Iterator, Sequence

import msgspec

from claimlens.domain.errors import ClaimLensError, InputError
from claimlens.domain.jurisdiction import jurisdiction_of
from claimlens.domain.replay import Again, Comparison
from claimlens.domain.scan import Manifest, Piece, Terms
from claimlens.gate.record import counting_rules
from claimlens.ports.scans import ScanEngine, ScanPlace, Work
from claimlens.usecases.menus import Checked
from claimlens.usecases.reports.wire import verdict_bytes
from claimlens.usecases.scan_pieces import PieceJudge
from claimlens.usecases.scans import Scans, Setup, read_done, read_manifest

_encoder = msgspec.json.Encoder()


ReadResults = Callable[[bytes], Sequence[tuple[int, str, Sequence[str], str]]]
"""Position, verdict, rules and document of each row of a piece's results."""


class ScanReplay:
    """Replays the scan that a folder holds."""

    def __init__(self, scans: Scans, place: ScanPlace) -> None:
        self._scans = scans
        self._place = place

    def manifest(self) -> Manifest:
        """What was scanned. Raises InputError if there is no scan, or its files are not what they were."""
        manifest = read_manifest(self._place)
        if manifest is None:
            raise InputError(f"{self._place.url} holds no scan")
        self._scans.check_files(manifest)
        return manifest

    def run(
        self,
        manifest: Manifest,
        terms: Terms,
        engine: ScanEngine,
        opener: Callable[[bytes], Work],
        packs: dict[str, bytes],
    ) -> Iterator[tuple[Piece, Comparison]]:
        """The pieces that were judged, each with what came of it now. What was packed is unpacked once more."""
        done = read_done(self._place)
        pieces = {piece.number: piece for piece in self._scans.unpacked(manifest) if piece.number in done}
        setup = Setup(columns=manifest.columns, terms=terms, packs=packs, place=self._place.url, before=manifest.terms)
        tasks = [_encoder.encode(piece).decode() for piece in pieces.values()]
        for told in engine.run(opener, msgspec.msgpack.encode(setup), tasks):
            number, comparison = msgspec.json.decode(told, type=tuple[int, Comparison])
            self._scans.let_go(pieces[number])
            yield pieces[number], comparison


def replayer(setup: Setup, judge: PieceJudge, place: ScanPlace, read_results: ReadResults) -> Work:
    """What does the tasks of `ScanReplay.run`."""
    before, terms = setup.before, setup.terms
    assert before is not None

    def work(task: str) -> str:
        piece = msgspec.json.decode(task, type=Piece)
        comparison = Comparison()
        try:
            content = place.read(f"results/{piece.name}.parquet")
            if content is None:
                raise InputError(f"{place.url}/results/{piece.name}.parquet is gone")
            written = {row[0]: row for row in read_results(content)}
            for answer, _ in judge.answers(piece):
                if isinstance(answer, Checked):
                    _compare(answer, written, comparison, before, terms, judge)
        except ClaimLensError as error:
            comparison.miss(f"piece {piece.number}", str(error))
        return _encoder.encode((piece.number, comparison)).decode()

    return work


def unfit_to_replay(error: ClaimLensError) -> Work:
    """What a process does with tasks that it cannot do: it says why."""

    def work(task: str) -> str:
        piece, comparison = msgspec.json.decode(task, type=Piece), Comparison()
        comparison.miss(f"piece {piece.number}", str(error))
        return _encoder.encode((piece.number, comparison)).decode()

    return work


def _compare(
    answer: Checked,
    written: dict[int, tuple[int, str, Sequence[str], str]],
    comparison: Comparison,
    before: Terms,
    now: Terms,
    judge: PieceJudge,
) -> None:
    position = answer.entry.index
    name = f"{answer.file} at {position}"
    known = written.get(position)
    if known is None:
        comparison.miss(name, "the scan wrote no answer for it")
        return
    _, verdict, rules, document = known
    market = jurisdiction_of(answer.item.locale)
    same_law = before.digests.get(market) == now.digests.get(market) and (
        before.engine,
        before.recalls,
        before.asking,
    ) == (now.engine, now.recalls, now.asking)
    comparison.add(
        Again(
            name=name,
            tenant="",
            before=verdict,
            now=answer.verdict.verdict.value,
            rules_before=tuple(rules),
            rules_now=counting_rules(answer.answered),
            same_law=same_law,
            same_bytes=verdict_bytes(answer) == document.encode(),
        ),
        judge.categories_of(market),
    )
