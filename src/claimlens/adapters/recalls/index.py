"""RecallIndex over one SQLite file in the data folder."""

import contextlib
import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import combinations
from pathlib import Path
from typing import TypeVar

import msgspec

from claimlens.adapters.recalls.build import VERSION, build
from claimlens.adapters.recalls.spelling import keys_for, nearness
from claimlens.domain.errors import ClaimLensError
from claimlens.domain.jurisdiction import Jurisdiction
from claimlens.domain.recall import Recall, RecallMatch, RecallQuery, RecallStatus, SourceState
from claimlens.domain.recall_match import GENERIC_WEIGHT, Asked, RecordWords, Scored, asked_words, score, weight_of
from claimlens.domain.recall_words import GENERIC

#: A word in more recalls than this is looked up only together with another.
_COMMON = 150
#: Recalls that are scored for one query at most.
_CANDIDATES = 60
#: A word in fewer recalls than this may be a slip that a recall made, too: its neighbours are looked up as well.
_RARE = 4
_MOST_LOTS = 20
#: Queries whose matches are remembered, and words whose neighbours are: some megabytes, until another index comes.
_MOST_FOUND, _MOST_FORMS = 4_000, 20_000
#: Letters of a query that is remembered.
_MOST_TEXT = 5_000
#: A phrase of an ingredient list must weigh this to be looked up by itself.
_TELLING_PHRASE = 0.9


K = TypeVar("K")
V = TypeVar("V")


class SqliteRecallIndex:
    """The index in `path`. Threads may share it: one searches at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._file: _File | None = None

    def load(self, recalls: Iterable[Recall], state: SourceState, *, keep: bool) -> SourceState:
        """See RecallIndex.load. Imports of several processes wait for one another."""
        with self._writing():
            kept: dict[tuple[str, str], Recall] = {}
            states: dict[str, SourceState] = {}
            if self.path.exists():
                with contextlib.closing(_File(self.path, any_version=True)) as old:
                    states = {one.source: one for one in old.states()}
                    held = states.get(state.source)
                    if held is not None and state.starting:
                        return held
                    if held is not None and held.starting:
                        keep = False
                    if held is not None and keep:
                        day = max(state.data_as_of, held.data_as_of)
                        state = msgspec.structs.replace(state, data_as_of=day)
                    kept = {(r.source, r.id): r for r in old.recalls() if keep or r.source != state.source}
            kept |= {(recall.source, recall.id): recall for recall in recalls}
            own = [recall for recall in kept.values() if recall.source == state.source]
            states[state.source] = state = msgspec.structs.replace(
                state,
                rows=len(own),
                open_rows=sum(recall.status is RecallStatus.OPEN for recall in own),
                markets=tuple(sorted({*state.markets, *(recall.market for recall in own)})),
            )
            build(self.path, kept.values(), (states[name] for name in sorted(states)))
            return state

    def note_failure(self, source: str, at: datetime, reason: str) -> None:
        """See RecallIndex.note_failure."""
        with self._writing():
            if not self.path.exists():
                return
            with contextlib.closing(sqlite3.connect(self.path, timeout=5)) as connection, connection:
                row = connection.execute("SELECT state FROM sources WHERE source = ?", (source,)).fetchone()
                if row is None:
                    return
                state = msgspec.msgpack.decode(row[0], type=SourceState)
                state = msgspec.structs.replace(state, failed_at=at, failure=reason[:300])
                connection.execute(
                    "UPDATE sources SET state = ? WHERE source = ?", (msgspec.msgpack.encode(state), source)
                )

    def search(self, queries: Sequence[RecallQuery], *, least: float, limit: int) -> list[list[RecallMatch]]:
        """See RecallIndex.search."""
        with self._reading() as file:
            return [file.matches(query, least, limit) for query in queries]

    def status(self) -> list[SourceState]:
        """See RecallIndex.status."""
        if not self.path.exists():
            return []
        with self._reading() as file:
            return file.states()

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None

    @contextlib.contextmanager
    def _reading(self) -> Iterator["_File"]:
        with self._lock:
            try:
                if self._file is None or self._file.replaced():
                    fresh = _File(self.path)
                    if self._file is not None:
                        self._file.close()
                    self._file = fresh
                yield self._file
            except (OSError, sqlite3.Error, msgspec.DecodeError, msgspec.ValidationError) as error:
                raise ClaimLensError(f"the index of recalls cannot be read: {_first_line(error)}") from error

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                with contextlib.suppress(ImportError):  # Windows
                    import fcntl

                    fcntl.flock(handle, fcntl.LOCK_EX)
                yield
            finally:
                os.close(handle)
        except (OSError, sqlite3.Error, msgspec.DecodeError, msgspec.ValidationError) as error:
            hint = f"; remove {self.path} and import every source anew" if _is_no_index(error) else ""
            raise ClaimLensError(f"the index of recalls cannot be written: {_first_line(error)}{hint}") from error


class _File:
    """One whole index, open for reading: what it says stays the same although another takes its place."""

    def __init__(self, path: Path, *, any_version: bool = False) -> None:
        self._path = path
        self._at = _identity(path)
        self._connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, check_same_thread=False)
        version = self._ask("PRAGMA user_version")[0][0]
        if version != VERSION and not any_version:
            self.close()
            raise sqlite3.DatabaseError(f"another version of ClaimLens made it ({version}); import a source anew")
        if not any_version:
            self._records: dict[str, int] = dict(self._ask("SELECT word, records FROM words"))
            self._total: int = self._ask("SELECT count(*) FROM recalls")[0][0]
            self._weights: dict[str, float] = {}
            self._unheard = weight_of("", 0, self._total)
            self._forms: dict[str, Mapping[str, float]] = {}
            self._found: dict[tuple[RecallQuery, float, int], list[RecallMatch]] = {}

    def close(self) -> None:
        self._connection.close()

    def replaced(self) -> bool:
        return _identity(self._path) != self._at

    def states(self) -> list[SourceState]:
        rows = self._ask("SELECT state FROM sources ORDER BY source")
        return [msgspec.msgpack.decode(row[0], type=SourceState) for row in rows]

    def recalls(self) -> Iterator[Recall]:
        decode = msgspec.msgpack.Decoder(Recall).decode
        for (body,) in self._connection.execute("SELECT body FROM recalls ORDER BY number"):
            yield decode(body)

    def matches(self, query: RecallQuery, least: float, limit: int) -> list[RecallMatch]:
        """See RecallIndex.search. A menu is asked about again and again: what was found is remembered."""
        if len(query.name) + sum(map(len, query.ingredients)) > _MOST_TEXT:
            return self._search(query, least, limit)
        key = (query, least, limit)
        found = self._found.get(key)
        if found is None:
            found = _remember(self._found, key, self._search(query, least, limit), _MOST_FOUND)
        return list(found)

    def _search(self, query: RecallQuery, least: float, limit: int) -> list[RecallMatch]:
        asked = self._spelled(asked_words(query))
        found: list[tuple[Scored, int, bool]] = []
        left = {True: limit, False: limit}
        for number, is_open, words in self._candidates(asked, query.market):
            record = msgspec.msgpack.decode(words, type=RecordWords)
            scored = score(asked, record, self._weigh)
            if scored is not None and scored.score >= least:
                found.append((scored, number, bool(is_open)))
        found.sort(key=lambda one: (-one[0].score, one[1]))
        matches = []
        for scored, number, is_open in found:
            if left[is_open]:
                left[is_open] -= 1
                body = self._ask("SELECT body FROM recalls WHERE number = ?", number)[0][0]
                recall = msgspec.msgpack.decode(body, type=Recall)
                matches.append(
                    RecallMatch(recall=recall, score=round(scored.score, 3), reason=scored.reason, fields=scored.fields)
                )
        return matches

    def _weigh(self, word: str) -> float:
        weight = self._weights.get(word)
        if weight is None:
            records = self._records.get(word, 0)
            if not records:  # a word that nobody has recalled; remembered, they would fill the memory
                return min(self._unheard, GENERIC_WEIGHT) if word in GENERIC else self._unheard
            weight = self._weights[word] = weight_of(word, records, self._total)
        return weight

    def _spelled(self, asked: Asked) -> Asked:
        """The query with the words of the index that its own words may have been meant to be."""
        forms = {word: near for word in dict.fromkeys((*asked.brand, *asked.name)) if (near := self._near(word))}
        return msgspec.structs.replace(asked, forms=forms)

    def _near(self, word: str) -> Mapping[str, float]:
        """The words of the index that a word may have been meant to be, and how near they are; none of a known one."""
        if self._records.get(word, 0) >= _RARE:
            return {}
        best = self._forms.get(word)
        if best is None:
            best = {}
            if keys := keys_for(word):
                marks = ",".join("?" * len(keys))
                rows = self._ask(f"SELECT DISTINCT word FROM spellings WHERE key IN ({marks})", *keys)
                near = sorted((n, other) for (other,) in rows if other != word and (n := nearness(word, other)))
                best = {other: n for n, other in reversed(near[-5:])}
            _remember(self._forms, word, best, _MOST_FORMS)
        return best

    def _candidates(self, asked: Asked, market: Jurisdiction | None) -> list[tuple[int, bool, bytes]]:
        """The recalls that may match: (number, whether open, words)."""
        numbers: set[int] = set()
        if asked.gtin:
            numbers.update(n for (n,) in self._ask("SELECT number FROM gtins WHERE gtin = ? LIMIT 100", asked.gtin))
        for lot in asked.lots[:_MOST_LOTS]:
            numbers.update(n for (n,) in self._ask("SELECT number FROM lots WHERE lot = ? LIMIT 100", lot))
        for wanted in self._wanted(asked):
            rows = self._ask("SELECT rowid FROM texts WHERE texts MATCH ? ORDER BY rank LIMIT ?", wanted, _CANDIDATES)
            numbers.update(n for (n,) in rows)
        if not numbers:
            return []
        marks = ",".join("?" * len(numbers))
        sql = f"SELECT number, open, words FROM recalls WHERE number IN ({marks})"
        if market is not None:
            return self._ask(f"{sql} AND market = ?", *numbers, market.value)
        return self._ask(sql, *numbers)

    def _wanted(self, asked: Asked) -> Iterator[str]:
        """What to ask the full text for: rare words alone, common ones in pairs, telling ingredients whole.

        Words of any kitchen are asked for only when there are enough of them to make a match.
        """
        known = {
            form: self._records[form]
            for word in dict.fromkeys((*asked.brand, *asked.name))
            for form in (word, *asked.forms.get(word, ()))
            if form in self._records
        }
        telling = sorted((word for word in known if word not in GENERIC), key=known.__getitem__)[:12]
        others = sorted((word for word in known if word in GENERIC), key=known.__getitem__)[:8]
        every = " OR ".join(f'"{word}"' for word in (*telling, *others))
        if telling:
            alone = [f'"{word}"' for word in telling if known[word] <= _COMMON or len(known) == 1]
            paired = [
                f'("{one}" AND "{other}")'
                for at, one in enumerate(telling)
                if known[one] > _COMMON
                for other in (*telling[at + 1 :], *others)
            ]
            # What follows AND only ranks: a recall that shares the common words, too, comes first.
            yield f"({' OR '.join((*alone, *paired))}) AND ({every})"
        elif sum(map(self._weigh, others)) >= _TELLING_PHRASE:
            yield " OR ".join(f'("{one}" AND "{other}")' for one, other in combinations(others[:5], 2))
        for words in asked.ingredients:
            weights = [self._weigh(word) if word in self._records else None for word in words]
            weighed = [weight for weight in weights if weight is not None]
            if len(weighed) == len(words) and sum(weighed) >= _TELLING_PHRASE:
                yield " AND ".join(f'"{word}"' for word in words)

    def _ask(self, sql: str, *values: object) -> list[tuple]:  # type: ignore[type-arg]
        return self._connection.execute(sql, values).fetchall()


def _remember(kept: dict[K, V], key: K, value: V, most: int) -> V:
    """Keep a value, and let go of the oldest when there are too many."""
    if len(kept) >= most:
        del kept[next(iter(kept))]
    kept[key] = value
    return value


def _identity(path: Path) -> tuple[int, int]:
    found = os.stat(path)
    return found.st_dev, found.st_ino


def _is_no_index(error: Exception) -> bool:
    return isinstance(error, msgspec.DecodeError) or "not a database" in str(error) or "malformed" in str(error)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
