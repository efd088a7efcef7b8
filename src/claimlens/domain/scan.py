"""A scan: many items judged out of files, piece by piece, each piece written whole or not at all."""

from datetime import date
from enum import StrEnum

import msgspec

from claimlens.domain.item import Kind
from claimlens.domain.suppression import Suppression


class Form(StrEnum):
    """The forms a scanned file may have."""

    PARQUET = "parquet"
    NDJSON = "ndjson"
    CSV = "csv"


class Packing(StrEnum):
    """How a text file may be compressed."""

    NONE = ""
    GZIP = "gzip"
    ZSTD = "zstd"


class SourceFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file that is scanned. `mark` changes when its content does (time of change, ETag)."""

    url: str
    size: int
    mark: str
    form: Form
    packing: Packing = Packing.NONE


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """What one process judges in one go.

    Parquet: rows `[start, end)` of row group `group`, whose first row is row `base` of the file. Text: the lines that
    begin in bytes `[start, end)` of `place`, whose byte 0 is byte `base` of the text of `source` (a packed file is
    unpacked elsewhere first). `size` is its share of the bytes of all files. `heading` is the first line of a CSV file.
    """

    number: int
    source: str
    place: str
    form: Form
    start: int
    end: int
    size: int
    base: int = 0
    group: int = 0
    heading: str = ""

    @property
    def name(self) -> str:
        """The name of its files in the output, in the order of the pieces."""
        return f"{self.number:06d}"


class Columns(msgspec.Struct, frozen=True, kw_only=True):
    """Which column is what: a known set of columns, and `mapping`, field of an item → column, which goes before it."""

    schema: str = "items"
    mapping: dict[str, str] = {}


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """By what items are judged; all of a scan by the same.

    `digests` are those of the packs, by jurisdiction, `recalls` what `recall.lookup` knew (empty: not asked), `engine`
    the version that judges.
    """

    locale: str
    kind: Kind | None
    profile: str | None
    on: date
    suppressions: tuple[Suppression, ...]
    asking: bool
    digests: dict[str, str]
    recalls: str
    engine: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a scan is: where from, by what, in which pieces. Written once, at its start."""

    source: str
    files: tuple[SourceFile, ...]
    left_out: tuple[str, ...]
    columns: Columns
    terms: Terms
    pieces: tuple[Piece, ...]


class Counts(msgspec.Struct):
    """What was found, counted; of a piece or of a whole scan.

    `rules` counts items by rule and severity, `categories` items by the category of their rules that count against
    them, `verdicts` items by jurisdiction and verdict, `bad` rows that are no items by error code.
    """

    rows: int = 0
    items: int = 0
    needs_review: int = 0
    suppressed: int = 0
    verdicts: dict[str, dict[str, int]] = msgspec.field(default_factory=dict)
    kinds: dict[str, dict[str, int]] = msgspec.field(default_factory=dict)
    rules: dict[str, dict[str, int]] = msgspec.field(default_factory=dict)
    categories: dict[str, int] = msgspec.field(default_factory=dict)
    not_checked: dict[str, int] = msgspec.field(default_factory=dict)
    bad: dict[str, int] = msgspec.field(default_factory=dict)
    pack_versions: dict[str, str] = msgspec.field(default_factory=dict)

    def add(self, other: "Counts") -> None:
        """Count another's in."""
        self.rows += other.rows
        self.items += other.items
        self.needs_review += other.needs_review
        self.suppressed += other.suppressed
        for mine, theirs in ((self.verdicts, other.verdicts), (self.kinds, other.kinds), (self.rules, other.rules)):
            for name, counts in theirs.items():
                _add(mine.setdefault(name, {}), counts)
        _add(self.categories, other.categories)
        _add(self.not_checked, other.not_checked)
        _add(self.bad, other.bad)
        self.pack_versions.update(other.pack_versions)

    @property
    def outcomes(self) -> dict[str, int]:
        """Items by verdict, over all jurisdictions."""
        total: dict[str, int] = {}
        for counts in self.verdicts.values():
            _add(total, counts)
        return total


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """How a piece ended: what was found, or, if it could not be read at all, why.

    `fatal`: the process that had it can judge no piece at all.
    """

    piece: int
    counts: Counts = msgspec.field(default_factory=Counts)
    seconds: float = 0.0
    error: str = ""
    fatal: bool = False


class Transition(msgspec.Struct, frozen=True, kw_only=True):
    """So many items had one verdict before and have another now.

    `same_item`: the item is what it was, so that the law changed, not the text.
    """

    before: str
    after: str
    items: int
    same_item: bool = True


class Transitions(msgspec.Struct, frozen=True, kw_only=True):
    """A scan beside an earlier one, item by item (id and locale).

    `appeared` and `vanished` count items by rule that counts against them now, or did before.
    """

    compared: int = 0
    only_before: int = 0
    only_now: int = 0
    verdicts: tuple[Transition, ...] = ()
    appeared: dict[str, int] = {}
    vanished: dict[str, int] = {}


def _add(mine: dict[str, int], theirs: dict[str, int]) -> None:
    for name, count in theirs.items():
        mine[name] = mine.get(name, 0) + count
