"""The reading process as its parent sees it: started at first use, bounded, replaced when it hangs or dies."""

import contextlib
import os
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import IO, BinaryIO, cast

import claimlens
from claimlens.adapters.ocr.frames import Hello, Missing, Seen, Unreadable, Word, read_word, write_frame
from claimlens.domain.label import SeenPage
from claimlens.ports.label_engine import EngineError, EngineMissingError, UnreadableError

#: Seconds for one picture, its wait for others included; and for starting the engine.
LIMIT_S, START_LIMIT_S = 20.0, 60.0
#: Callers that may wait for their turn.
WAITING = 4
#: Address space of the child in megabytes. Reading 20 megapixels takes about a quarter of it.
MEGABYTES = 4_096
#: Pictures after which a child is replaced by a new one: what libraries leak goes with it.
PICTURES = 500
#: After so many pictures in a row that ended a child, the engine is to blame and not the picture.
_STRIKES = 3
#: What the child needs to know of its parent's environment; keys and passwords are none of it.
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TESSDATA_PREFIX", "LD_LIBRARY_PATH", "SYSTEMROOT")
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OMP_THREAD_LIMIT": "1", "OPENBLAS_NUM_THREADS": "1"}


class OcrProcess:
    """A LabelEngine. One picture is read at a time; `waiting` callers may wait, more are refused at once."""

    def __init__(
        self,
        *,
        limit_s: float = LIMIT_S,
        start_limit_s: float = START_LIMIT_S,
        waiting: int = WAITING,
        pictures: int = PICTURES,
        megabytes: int = MEGABYTES,
    ) -> None:
        self._limit_s = limit_s
        self._start_limit_s = start_limit_s
        self._pictures = pictures
        self._megabytes = megabytes
        self._room = threading.BoundedSemaphore(waiting + 1)
        self._turn = threading.Lock()
        self._child: _Child | None = None
        self._strikes = 0

    @property
    def pid(self) -> int | None:
        """The child's process id; None while there is none."""
        child = self._child
        return child.pid if child is not None else None

    def read(self, image: bytes) -> SeenPage:
        """What stands in the picture. Raises UnreadableError and EngineError."""
        if not self._room.acquire(blocking=False):
            raise EngineError("too many photos wait to be read; try again in a few seconds")
        try:
            deadline = time.monotonic() + self._limit_s
            if not self._turn.acquire(timeout=self._limit_s):
                raise EngineError(f"no photo could be read within {self._limit_s:g} s; others were before it")
            try:
                return self._read(image, deadline)
            finally:
                self._turn.release()
        finally:
            self._room.release()

    def close(self) -> None:
        """End the child. The next picture starts another one."""
        with self._turn:
            self._drop()

    def _read(self, image: bytes, deadline: float) -> SeenPage:
        """Tried again once: a child may have been ended by something that has nothing to do with the picture."""
        for last_try in (False, True):
            child = self._started()
            left_s = max(1.0, deadline - time.monotonic())
            word = child.ask(image, left_s)
            if child.read >= self._pictures:
                self._drop()
            if word is None:
                last_words = child.last_words
                self._drop()
                if child.was_slow:
                    raise self._struck(f"the photo could not be read within {self._limit_s:g} s", last_words)
                if last_try:
                    raise self._struck("reading the photo ended the reading process", last_words)
                continue
            self._strikes = 0
            if isinstance(word, Seen):
                return word.page
            raise UnreadableError(
                word.detail if isinstance(word, Unreadable) else "the reading process lost its thread"
            )
        raise AssertionError("unreachable")

    def _struck(self, detail: str, last_words: str) -> UnreadableError | EngineError:
        self._strikes += 1
        if self._strikes < _STRIKES:
            return UnreadableError(detail)
        return EngineError(f"{self._strikes} photos in a row: {detail}" + (f" ({last_words})" if last_words else ""))

    def _started(self) -> "_Child":
        """The child, made if there is none. What a fork of this process inherited is not ours to talk to."""
        child = self._child
        if child is not None and child.parent == os.getpid() and child.is_alive():
            return child
        self._drop()
        child = _Child(self._megabytes)
        word = child.hear(self._start_limit_s)
        if isinstance(word, Hello):
            self._child = child
            return child
        last_words = child.last_words or "it said nothing"
        child.end()
        if isinstance(word, Missing):
            raise EngineMissingError(word.detail)
        slow = f" within {self._start_limit_s:g} s" if child.was_slow else ""
        raise EngineError(f"the reading process does not start{slow}: {last_words}")

    def _drop(self) -> None:
        child, self._child = self._child, None
        if child is not None and child.parent == os.getpid():
            child.end()


class _Child:
    """One reading process. It ends with its parent, however that ends: its standard input is closed then."""

    def __init__(self, megabytes: int) -> None:
        self.parent = os.getpid()
        self.was_slow = False
        self.read = 0
        self._complaints: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `end`
        source = str(Path(claimlens.__file__).resolve().parent.parent)
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "claimlens.adapters.ocr.child", str(megabytes)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._complaints,
                env=kept | _ONE_THREAD | {"PYTHONPATH": os.pathsep.join([source, *filter(None, sys.path)])},
                start_new_session=True,  # an interrupt at the terminal is its parent's business
            )
        except OSError as error:
            self._complaints.close()
            raise EngineError(f"the reading process does not start: {error.strerror or error}") from None
        self.pid = self._process.pid
        self._in, self._out = cast(BinaryIO, self._process.stdin), cast(BinaryIO, self._process.stdout)
        self._at_exit = weakref.finalize(self, _end, self._process)

    @property
    def last_words(self) -> str:
        """The last line it wrote on standard error, for operators."""
        with contextlib.suppress(OSError, ValueError):
            size = self._complaints.seek(0, os.SEEK_END)
            self._complaints.seek(max(0, size - 4096))
            lines = self._complaints.read().decode("utf-8", "replace").strip().splitlines()
            return lines[-1][:200] if lines else ""
        return ""

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, image: bytes, within_s: float) -> Word | None:
        """Its answer to a picture; None if it ended, or was ended because time was up."""
        self.read += 1
        with self._ended_after(within_s), contextlib.suppress(OSError):
            write_frame(self._in, image)
            return read_word(self._out)
        return None

    def hear(self, within_s: float) -> Word | None:
        """Its next word; None as above."""
        with self._ended_after(within_s):
            return read_word(self._out)

    def end(self) -> None:
        """Kill it and wait until it is gone."""
        self._at_exit()
        self._complaints.close()

    @contextlib.contextmanager
    def _ended_after(self, seconds: float) -> Iterator[None]:
        def kill() -> None:
            self.was_slow = True
            self._process.kill()

        timer = threading.Timer(seconds, kill)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()


def _end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(OSError):
        process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()
