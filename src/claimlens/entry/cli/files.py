"""Files of a call: bytes in as pieces, results out whole or not at all."""

import contextlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from claimlens.domain.errors import InputError

_PIECE = 1 << 18


def pieces(file: str, seen: Callable[[int], object] | None = None) -> Iterator[bytes]:
    """The bytes of a file (`-`: standard input), piece by piece; `seen` is told the size of each.

    Raises InputError in words a person can act on.
    """
    try:
        with contextlib.ExitStack() as stack:
            source = sys.stdin.fileno() if file == "-" else stack.enter_context(Path(file).open("rb")).fileno()
            # What a pipe holds now, so that items sent one by one are judged as they come.
            while piece := os.read(source, _PIECE):
                if seen:
                    seen(len(piece))
                yield piece
    except IsADirectoryError:
        raise InputError("is a folder, not a file") from None
    except OSError as error:
        raise InputError((error.strerror or str(error)).lower()) from None


def size_of(files: tuple[str, ...]) -> int | None:
    """The bytes of all files together; None when one has no size to be known."""
    try:
        return sum(Path(file).stat().st_size for file in files) if "-" not in files else None
    except OSError:
        return None


@contextlib.contextmanager
def written(path: Path) -> Iterator[Callable[[str], object]]:
    """Write a file whole or not at all: it takes its name only when the block ends well.

    Text that came with bytes of another encoding gets them back. Raises InputError when the place cannot be written.
    """
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise InputError(f"cannot write {path}: {(error.strerror or str(error)).lower()}") from None
    temporary = Path(name)
    try:
        with open(handle, "w", encoding="utf-8", errors="surrogateescape", newline="") as out:
            yield out.write
        with contextlib.suppress(OSError):
            temporary.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def to_stdout() -> Callable[[str], object]:
    """Writes UTF-8 to standard output whatever the terminal's encoding is."""
    out = sys.stdout.buffer

    def write(text: str) -> object:
        return out.write(text.encode("utf-8", "surrogateescape"))

    return write


def same_file(one: str, other: Path) -> bool:
    """Whether both names mean one file."""
    if one == "-":
        return False
    try:
        return os.path.samefile(one, other)
    except OSError:
        return False


@contextlib.contextmanager
def quiet_when_nobody_reads() -> Iterator[None]:
    """Flush standard output at the end; when its reader has gone (`… | head`), leave with code 1 and no complaint."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        # What is left in the buffer goes nowhere, else Python complains once more when it flushes at exit.
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None
