"""Folders and files by path or URL: the local disk, or whatever object store obstore speaks to."""

import io
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store, from_url

from claimlens.domain.errors import ClaimLensError, InputError

_RETRIES, _PATIENCE = 5, timedelta(seconds=60)
#: What is fetched of an object in one go.
_BLOCK = 4 << 20


class Found(NamedTuple):
    """A file: where, how long, and what changes when it does."""

    url: str
    size: int
    mark: str


def is_remote(url: str) -> bool:
    """Whether it is a URL and not a path."""
    return "://" in url and not url.startswith("file://")


def local_path(url: str) -> Path:
    """The path of a file here."""
    return Path(unquote(urlsplit(url).path)) if url.startswith("file://") else Path(url)


def found(url: str) -> list[Found]:
    """The file at a URL or path, or every file below it, in order. Raises InputError if there is nothing."""
    with _words(url, "cannot be read"):
        files = _remote_files(url) if is_remote(url) else _local_files(local_path(url))
    if not files:
        raise InputError(f"{url}: there is nothing there")
    return files


def opened(url: str) -> BinaryIO:
    """A file to be read from anywhere in it. Raises InputError."""
    with _words(url, "cannot be read"):
        if not is_remote(url):
            return local_path(url).open("rb")
        where, _, name = url.rpartition("/")
        store = _store(where)
        size = obstore.head(store, name)["size"]
        return io.BufferedReader(_Object(store, name, size), _BLOCK)


class Place:
    """A ScanPlace (`ports/scans.py`)."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/") if is_remote(url) else str(local_path(url).absolute())
        self._store = _store(self.url) if is_remote(url) else None
        self._root = local_path(self.url)

    def read(self, name: str) -> bytes | None:
        """The content of a file; None if there is none."""
        with _words(f"{self.url}/{name}", "cannot be read"):
            try:
                if self._store is None:
                    return (self._root / name).read_bytes()
                return bytes(obstore.get(self._store, name).bytes())
            except FileNotFoundError:
                return None

    def write(self, name: str, content: bytes) -> None:
        """Keep a file, whole or not at all; one of that name is replaced."""
        with _words(f"{self.url}/{name}", "cannot be written"):
            if self._store is not None:
                obstore.put(self._store, name, content)
                return
            path = self._root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            # Beside the folders that people read: what a killed process leaves behind is in nobody's way.
            handle, temporary = tempfile.mkstemp(prefix=".unfinished-", dir=self._root)
            try:
                with open(handle, "wb") as file:
                    file.write(content)
                os.chmod(temporary, 0o666 & ~_UMASK)
                os.replace(temporary, path)
            except BaseException:
                os.unlink(temporary)
                raise

    def names(self, folder: str) -> list[str]:
        """The files of a folder below, in order."""
        with _words(f"{self.url}/{folder}", "cannot be listed"):
            if self._store is None:
                return sorted(path.name for path in (self._root / folder).glob("[!.]*") if path.is_file())
            listed = obstore.list(self._store, prefix=folder)
            return sorted(str(each["path"]).rpartition("/")[2] for batch in listed for each in batch)

    def remove(self, name: str) -> None:
        """Remove a file; none is no error."""
        with _words(f"{self.url}/{name}", "cannot be removed"):
            if self._store is not None:
                obstore.delete(self._store, name)
            else:
                (self._root / name).unlink(missing_ok=True)

    def sweep(self) -> None:
        """Remove what killed processes left unfinished."""
        if self._store is None:
            for path in self._root.glob(".unfinished-*"):
                path.unlink(missing_ok=True)


class _Object(io.RawIOBase):
    """An object of a store as a file, fetched range by range."""

    def __init__(self, store: Any, name: str, size: int) -> None:
        self._store, self._name, self._size, self._at = store, name, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + (0, self._at, self._size)[whence]
        return self._at

    def readinto(self, buffer: Any) -> int:
        length = min(len(buffer), self._size - self._at)
        if length <= 0:
            return 0
        got = obstore.get_range(self._store, self._name, start=self._at, length=length)
        buffer[:length] = memoryview(got)
        self._at += length
        return length


def _store(url: str) -> Any:
    options: dict[str, Any] = {
        "client_options": {"timeout": "10m", "connect_timeout": "10s"},
        "retry_config": {"max_retries": _RETRIES, "retry_timeout": _PATIENCE},
    }
    if url.startswith("s3://"):
        endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
        options["client_options"]["allow_http"] = endpoint.startswith("http://")
        return S3Store.from_url(url, config={"endpoint": endpoint} if endpoint else None, **options)
    if url.startswith("http://"):
        options["client_options"]["allow_http"] = True
    return from_url(url, **options)


def _remote_files(url: str) -> list[Found]:
    url = url.rstrip("/")
    where, _, name = url.rpartition("/")
    if urlsplit(url).scheme in ("http", "https"):
        return [_of_object(where, obstore.head(_store(where), name))]
    if not where.endswith(":/"):
        try:
            return [_of_object(where, obstore.head(_store(where), name))]
        except FileNotFoundError:
            pass  # a folder
    listed = [each for batch in obstore.list(_store(url)) for each in batch]
    return sorted(_of_object(url, each) for each in listed if not _is_hidden(str(each["path"])))


def _of_object(where: str, told: Any) -> Found:
    mark = told.get("e_tag") or told["last_modified"].isoformat()
    return Found(f"{where}/{told['path']}", told["size"], str(mark))


def _local_files(path: Path) -> list[Found]:
    if path.is_dir():
        inside = [each for each in path.rglob("*") if each.is_file() and not _is_hidden(str(each.relative_to(path)))]
        return sorted(_of_path(each) for each in inside)
    return [_of_path(path)]


def _of_path(path: Path) -> Found:
    told = path.stat()
    return Found(str(path.absolute()), told.st_size, str(told.st_mtime_ns))


def _is_hidden(name: str) -> bool:
    return any(part.startswith((".", "_")) for part in name.split("/"))


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


_UMASK = _umask()


@contextmanager
def _words(url: str, what: str) -> Iterator[None]:
    try:
        yield
    except ClaimLensError:
        raise
    except (BaseError, OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or (str(error).splitlines() or [""])[0]
        raise InputError(f"{url} {what}: {reason:.300}") from error
