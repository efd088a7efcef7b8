"""A scan from its first file to its summary: planned once, judged piece by piece, taken up again where it stopped."""

from collections.abc import Callable, Iterator, Sequence
from time import perf_counter
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from claimlens.domain.errors import ClaimLensError, InputError
from claimlens.domain.scan import Columns, Counts, Done, Form, Manifest, Piece, SourceFile, Terms, Transitions
from claimlens.gate.ingest.columns import check_mapping, recognised
from claimlens.ports.scans import ScanEngine, ScanPlace, ScanSources, Work

MANIFEST, SUMMARY = "scan.json", "summary.json"
_DONE = "done"
_SPOOL = "unpacked"
_encoder = msgspec.json.Encoder()


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """What a process must know before its first piece.

    `packs` are compiled packs by jurisdiction; `before`, of a replay, is by what the scan was judged that is replayed.
    """

    columns: Columns
    terms: Terms
    packs: dict[str, bytes]
    place: str
    before: Terms | None = None


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What a scan found. `failed` are pieces that could not be read; `seconds` is this run, without pauses."""

    source: str
    terms: Terms
    counts: Counts
    pieces: int
    failed: tuple[str, ...]
    left_out: tuple[str, ...]
    transitions: Transitions | None = None


class Step(NamedTuple):
    """A piece has ended: it, how, and whether it was done in an earlier run."""

    piece: Piece
    done: Done
    earlier: bool


class Scans:
    """Plans, runs and sums up one scan in one folder."""

    def __init__(self, sources: ScanSources, place: ScanPlace) -> None:
        self._sources = sources
        self._place = place

    def plan(self, source: str, columns: Columns | None, mapping: dict[str, str], terms: Terms) -> Manifest:
        """Find the files, look at their columns, cut them. Raises InputError for a folder that holds a scan."""
        if self._place.read(MANIFEST) is not None:
            raise InputError(
                f"{self._place.url} holds a scan already: go on with it (--resume), or name another folder for this one"
            )
        files, left_out = self._sources.files(source)
        chosen = self._columns(files, columns, mapping)
        manifest = Manifest(
            source=source,
            files=tuple(files),
            left_out=tuple(left_out),
            columns=chosen,
            terms=terms,
            pieces=tuple(self._pieces(files)),
        )
        self._place.write(MANIFEST, _encoder.encode(manifest))
        return manifest

    def resumed(self, source: str, terms: Terms) -> Manifest | None:
        """The plan of the scan that the folder holds; None if it holds none.

        Raises InputError if files, law or engine are not what they were.
        """
        manifest = read_manifest(self._place)
        if manifest is None:
            return None
        if source != manifest.source:
            raise InputError(f"{self._place.url} holds a scan of {manifest.source}, not of {source}")
        for name in Terms.__struct_fields__:
            before, now = getattr(manifest.terms, name), getattr(terms, name)
            if before != now:
                raise InputError(
                    f"the scan in {self._place.url} was begun with another {_NAMED.get(name, name)}"
                    f" ({_short(before)}, now {_short(now)}); begin a new one in another folder"
                )
        self.check_files(manifest)
        return manifest

    def manifest(self) -> Manifest | None:
        """The plan of the scan that the folder holds; None if it holds none."""
        return read_manifest(self._place)

    def check_files(self, manifest: Manifest) -> None:
        """Raises InputError if a file is not what it was when the scan was planned."""
        files, _ = self._sources.files(manifest.source)
        now = {file.url: file for file in files}
        for file in manifest.files:
            if now.get(file.url) != file:
                raise InputError(f"{file.url} is not what it was when the scan was begun; begin a new one")

    def run(
        self, manifest: Manifest, engine: ScanEngine, opener: Callable[[bytes], Work], packs: dict[str, bytes]
    ) -> Iterator[Step]:
        """Judge what is not judged yet; a step for each piece, those of earlier runs first."""
        earlier = self._done()
        by_number = {piece.number: piece for piece in manifest.pieces}
        for number, done in earlier.items():
            if number in by_number:
                yield Step(by_number[number], done, True)
        setup = Setup(columns=manifest.columns, terms=manifest.terms, packs=packs, place=self._place.url)
        due = [piece for piece in manifest.pieces if piece.number not in earlier]
        for done in run_tasks(engine, opener, setup, due):
            piece = by_number[done.piece]
            if not done.error:
                self.let_go(piece)
            yield Step(piece, done, False)

    def unpacked(self, manifest: Manifest) -> list[Piece]:
        """The pieces of a scan, those of packed files unpacked once more."""
        pieces = list(manifest.pieces)
        for index, file in enumerate(manifest.files):
            if file.packing:
                own = [i for i, piece in enumerate(pieces) if piece.source == file.url]
                for i, again in zip(own, self._sources.cut(file, self._spool(index)), strict=True):
                    pieces[i] = replace(again, number=pieces[i].number)
        return pieces

    def let_go(self, piece: Piece) -> None:
        """Remove what was unpacked for a piece."""
        if piece.place != piece.source:
            self._place.remove(piece.place.removeprefix(f"{self._place.url}/"))

    def summed(self, manifest: Manifest, failed: Sequence[str], transitions: Transitions | None = None) -> Summary:
        """Write down what the scan found, over all runs."""
        counts = Counts()
        done = self._done()
        for one in done.values():
            counts.add(one.counts)
        summary = Summary(
            source=manifest.source,
            terms=manifest.terms,
            counts=counts,
            pieces=len(done),
            failed=tuple(failed),
            left_out=manifest.left_out,
            transitions=transitions,
        )
        self._place.write(SUMMARY, msgspec.json.format(_encoder.encode(summary), indent=1) + b"\n")
        return summary

    def _done(self) -> dict[int, Done]:
        return read_done(self._place)

    def _columns(self, files: Sequence[SourceFile], columns: Columns | None, mapping: dict[str, str]) -> Columns:
        schemas: dict[str, str] = {}
        for file in files:
            names = self._sources.names(file)
            schema = columns.schema if columns else recognised(names)
            schemas.setdefault(schema, file.url)
            # A record need not name all its fields; columns do.
            check_mapping(mapping, schema, () if file.form is Form.NDJSON else names)
        if len(schemas) > 1:
            told = ", ".join(f"{url} looks like {schema}" for schema, url in schemas.items())
            raise InputError(f"files of several sorts: {told}; say which with --schema, or scan them one by one")
        return Columns(schema=next(iter(schemas)), mapping=mapping)

    def _pieces(self, files: Sequence[SourceFile]) -> Iterator[Piece]:
        number = 0
        for index, file in enumerate(files):
            for piece in self._sources.cut(file, self._spool(index)):
                yield replace(piece, number=number)
                number += 1

    def _spool(self, index: int) -> str:
        return f"{self._place.url}/{_SPOOL}/{index:06d}"


def read_manifest(place: ScanPlace) -> Manifest | None:
    """The plan of the scan that a folder holds; None if it holds none. Raises InputError for what is no plan."""
    content = place.read(MANIFEST)
    if content is None:
        return None
    try:
        return msgspec.json.decode(content, type=Manifest)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise InputError(f"{place.url}/{MANIFEST} is no plan of a scan: {error}") from None


def read_done(place: ScanPlace) -> dict[int, Done]:
    """The pieces of a folder that are done, by number, in their order."""
    found = {}
    for name in place.names(_DONE):
        content = place.read(f"{_DONE}/{name}")
        if content is not None:
            done = msgspec.json.decode(content, type=Done)
            found[done.piece] = done
    return found


def run_tasks(
    engine: ScanEngine, opener: Callable[[bytes], Work], setup: Setup, pieces: Sequence[Piece]
) -> Iterator[Done]:
    """How each piece ended, as they end.

    Raises ClaimLensError if the engine lost one, or if a process could not judge any; the others are waited for.
    """
    packed = msgspec.msgpack.encode(setup)
    tasks = [_encoder.encode(piece).decode() for piece in pieces]
    waiting = {piece.number for piece in pieces}
    unfit = ""
    for told in engine.run(opener, packed, tasks):
        done = msgspec.json.decode(told, type=Done)
        waiting.discard(done.piece)
        if done.fatal:
            unfit = done.error
        else:
            yield done
    if unfit:
        raise ClaimLensError(unfit)
    if waiting:
        lost = f"the engine gave no answer for {len(waiting)} of {len(pieces)} pieces"
        raise ClaimLensError(f"{lost}; go on with --resume")


def worker(setup: Setup, judge: Callable[[Piece], Done], place: ScanPlace | None) -> Work:
    """What does the tasks of `run_tasks`; with a `place` it says there that a piece is done, as the last thing."""

    def work(task: str) -> str:
        piece = msgspec.json.decode(task, type=Piece)
        began = perf_counter()
        try:
            done = replace(judge(piece), seconds=perf_counter() - began)
            if place is not None:
                place.write(f"{_DONE}/{piece.name}.json", _encoder.encode(done))
        except ClaimLensError as error:
            # Said, not raised: the other pieces go on.
            done = Done(piece=piece.number, error=str(error))
        return _encoder.encode(done).decode()

    return work


def unfit(error: ClaimLensError) -> Work:
    """What a process does with tasks that it cannot do: it says why. An engine does not survive one that raises."""

    def work(task: str) -> str:
        piece = msgspec.json.decode(task, type=Piece)
        return _encoder.encode(Done(piece=piece.number, error=str(error), fatal=True)).decode()

    return work


_NAMED = {"on": "day (--date)", "digests": "rule packs", "asking": "choice of services", "recalls": "state of recalls"}


def _short(value: object) -> str:
    text = value if isinstance(value, str) else _encoder.encode(value).decode()
    return text if len(text) <= 60 else f"{text[:59]}…"
