"""A folder for one process at a time."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from claimlens.domain.errors import ClaimLensError

_NAME = "serve.lock"


@contextlib.contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold the folder until the block ends. Raises ClaimLensError if another process holds it.

    The lock is the operating system's and ends with the process, however that ends: a file that was left behind locks
    nothing.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(folder / _NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise ClaimLensError(f"the data folder {folder} cannot be used: {error.strerror}") from None
    try:
        if not _locked(handle):
            holder = os.read(handle, 20).decode("ascii", "replace").strip()
            by = f" (process {holder})" if holder else ""
            raise ClaimLensError(
                f"another claimlens serve{by} uses the data folder {folder}; stop it, or name another folder"
                " in CLAIMLENS_DATA_DIR"
            )
        os.ftruncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode("ascii"), 0)
        yield
    finally:
        os.close(handle)


def _locked(handle: int) -> bool:
    try:
        import fcntl
    except ImportError:  # Windows
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
