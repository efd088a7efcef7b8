"""The results of a piece as a Parquet file."""

from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

_TEXT = pa.string()
_FINDING = pa.struct(
    [
        ("rule_id", _TEXT), ("severity", _TEXT), ("resolution", _TEXT), ("field", _TEXT),
        ("start", pa.int32()), ("end", pa.int32()), ("matched_text", _TEXT),
    ]
)  # fmt: skip
_CHANGE = pa.struct([("field", _TEXT), ("before", _TEXT), ("after", _TEXT)])
SCHEMA = pa.schema(
    [
        ("source", _TEXT), ("position", pa.int64()), ("item_id", _TEXT), ("item_digest", pa.binary(16)),
        ("locale", _TEXT), ("verdict", _TEXT), ("needs_review", pa.bool_()), ("rules", pa.list_(_TEXT)),
        ("reasons", pa.list_(_FINDING)), ("changes", pa.list_(_CHANGE)), ("contains", pa.list_(_TEXT)),
        ("may_contain", pa.list_(_TEXT)), ("allergens_complete", pa.bool_()), ("not_checked", pa.list_(_TEXT)),
        ("pack_digest", _TEXT), ("document", _TEXT),
    ]
)  # fmt: skip
#: Rows held as Python objects; more of them wait as Arrow's.
_HELD = 1_000
_DICTIONARY = ["source", "locale", "verdict", "pack_digest"]


class Results:
    """A ResultRows (`ports/scans.py`)."""

    def __init__(self) -> None:
        self._rows: list[dict[str, Any]] = []
        self._batches: list[Any] = []

    def add(self, row: dict[str, Any]) -> None:
        """One more row."""
        self._rows.append(row)
        if len(self._rows) >= _HELD:
            self._turn()

    def close(self) -> bytes:
        """The table as the bytes of a Parquet file."""
        self._turn()
        sink = pa.BufferOutputStream()
        table = pa.Table.from_batches(self._batches, SCHEMA)
        pq.write_table(table, sink, compression="zstd", use_dictionary=_DICTIONARY, write_statistics=["source"])
        return bytes(sink.getvalue())

    def _turn(self) -> None:
        rows = self._rows
        columns = [pa.array([row[name] for row in rows], SCHEMA.field(name).type) for name in SCHEMA.names]
        self._batches.append(pa.RecordBatch.from_arrays(columns, schema=SCHEMA))
        self._rows = []


def answers_in(content: bytes) -> list[tuple[int, str, list[str], str]]:
    """Position, verdict, rules and document of each row of a piece's results, as it was written."""
    names = ["position", "verdict", "rules", "document"]
    table = pq.read_table(pa.BufferReader(content), columns=names)
    return list(zip(*[table[name].to_pylist() for name in names], strict=True))
