"""Makes the file of the index: built beside the old one, then put in its place."""

import os
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import msgspec

from claimlens.adapters.recalls.spelling import pairs
from claimlens.domain.recall import Recall, RecallStatus, SourceState
from claimlens.domain.recall_match import record_words

#: Raised when the tables or the words of a recall change; an older file is made anew at the next import.
VERSION = 1

# Without content of its own the full text ranks only in its full detail.
_TABLES = """
CREATE TABLE sources (source TEXT PRIMARY KEY, state BLOB NOT NULL);
CREATE TABLE recalls (
    number INTEGER PRIMARY KEY, source TEXT NOT NULL, market TEXT NOT NULL, open INTEGER NOT NULL,
    words BLOB NOT NULL, body BLOB NOT NULL
);
CREATE TABLE gtins (gtin TEXT NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (gtin, number)) WITHOUT ROWID;
CREATE TABLE lots (lot TEXT NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (lot, number)) WITHOUT ROWID;
CREATE TABLE words (word TEXT PRIMARY KEY, records INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE spellings (key TEXT NOT NULL, word TEXT NOT NULL, PRIMARY KEY (key, word)) WITHOUT ROWID;
CREATE VIRTUAL TABLE texts USING fts5(
    words, content='', tokenize="unicode61 remove_diacritics 0 categories 'L* M* N* Co'"
);
"""


def build(path: Path, recalls: Iterable[Recall], states: Iterable[SourceState]) -> None:
    """Write an index to `path`, whole or not at all. Raises OSError or sqlite3.Error."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    os.close(handle)
    try:
        _fill(name, recalls, states)
        with open(name, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _fill(name: str, recalls: Iterable[Recall], states: Iterable[SourceState]) -> None:
    connection = sqlite3.connect(name, isolation_level=None)
    try:
        # Nobody reads the file before it is whole: no journal is needed.
        connection.executescript(f"PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;{_TABLES}")
        connection.execute("BEGIN")
        encode = msgspec.msgpack.encode
        seen: Counter[str] = Counter()
        for number, recall in enumerate(recalls, 1):
            record = record_words(recall)
            lists = (*record.products, *record.brands, *record.ingredients)
            words = sorted({word for words in lists for word in words})
            seen.update(words)
            is_open = recall.status is RecallStatus.OPEN
            row = (number, recall.source, recall.market, is_open, encode(record), encode(recall))
            connection.execute("INSERT INTO recalls VALUES (?, ?, ?, ?, ?, ?)", row)
            connection.execute("INSERT INTO texts (rowid, words) VALUES (?, ?)", (number, " ".join(words)))
            connection.executemany("INSERT OR IGNORE INTO gtins VALUES (?, ?)", ((g, number) for g in recall.gtins))
            connection.executemany("INSERT OR IGNORE INTO lots VALUES (?, ?)", ((lot, number) for lot in recall.lots))
        connection.executemany("INSERT INTO words VALUES (?, ?)", sorted(seen.items()))
        connection.executemany("INSERT INTO spellings VALUES (?, ?)", sorted(pairs(seen)))
        connection.executemany("INSERT INTO sources VALUES (?, ?)", [(state.source, encode(state)) for state in states])
        connection.execute("COMMIT")
        connection.execute("INSERT INTO texts (texts) VALUES ('optimize')")
        connection.execute(f"PRAGMA user_version={VERSION}")
        connection.execute("ANALYZE")
    finally:
        connection.close()
