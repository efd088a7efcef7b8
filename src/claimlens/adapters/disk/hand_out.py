"""New secrets in files, one for each tenant and kind, for their owners' eyes only, until they were handed over.

A line is written to the disk before what it holds is put in force, so that no secret is lost by a process that is
killed; who begins again with the same folder goes on where it ended.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from claimlens.domain.errors import ClaimLensError

_DONE = ".done"


class HandOut:
    """The files of one rotation: lines of tab-separated cells, the first cell is what the line is about."""

    def __init__(self, folder: Path, kind: str, columns: Sequence[str]) -> None:
        """Raises ClaimLensError if the folder holds a rotation that is done, or if others may look into it."""
        self._folder, self._kind, self._columns = folder, kind, columns
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if (mode := folder.stat().st_mode & 0o077) and os.name == "posix":
                raise ClaimLensError(
                    f"others may look into {folder} (mode {mode | 0o700:03o}); chmod 700 it, or name another"
                )
        except OSError as error:
            raise ClaimLensError(f"{folder} cannot be used: {(error.strerror or str(error)).lower()}") from None
        if (folder / f".{kind}{_DONE}").exists():
            raise ClaimLensError(
                f"{folder} holds a rotation that is done; hand its files over, and name another folder"
            )
        #: Subject → its line, of every file there is.
        self.lines: dict[str, list[str]] = {}
        self._files: dict[str, dict[str, list[str]]] = {}
        for path in sorted(folder.glob(f"*.{kind}.tsv")):
            rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()[1:]]
            self._files[path.name] = {row[0]: row for row in rows if len(row) == len(columns)}
            self.lines |= self._files[path.name]

    def add(self, tenant_id: str, cells: Sequence[str]) -> None:
        """Write a line, in the place of one about the same; it is on the disk when this returns."""
        name = f"{quote(tenant_id, safe='') or 'installation'}.{self._kind}.tsv"
        rows = self._files.setdefault(name, {})
        rows[cells[0]] = self.lines[cells[0]] = list(cells)
        text = "".join("\t".join(row) + "\n" for row in (list(self._columns), *rows.values()))
        part = self._folder / f".{name}.part"
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, self._folder / name)

    def done(self) -> None:
        """Everything was handed to the files: the folder takes no other rotation of the kind."""
        (self._folder / f".{self._kind}{_DONE}").touch(mode=0o600)
