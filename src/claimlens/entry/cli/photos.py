"""Photos of labels as the command line reads them: each becomes one item."""

from collections.abc import Iterator
from pathlib import Path

from claimlens.domain.errors import InputError
from claimlens.gate.ingest import Defaults, Entry
from claimlens.usecases.label_entries import entry_of
from claimlens.wiring.answering import Logic


class Photos:
    """Reads photos; the engine is started with the first one. Use as a context: the engine ends with it."""

    def __init__(self) -> None:
        self._logic: Logic | None = None

    def __enter__(self) -> "Photos":
        return self

    def __exit__(self, *_: object) -> None:
        if self._logic is not None:
            self._logic.close()

    def entries(self, path: Path, defaults: Defaults) -> Iterator[Entry]:
        """The item of one photo. Raises InputError for a file that cannot be opened, ClaimLensError without engine."""
        try:
            image = path.read_bytes()
        except OSError as error:
            raise InputError((error.strerror or str(error)).lower()) from None
        if self._logic is None:
            from claimlens.config import read_settings
            from claimlens.domain.service import OCR_LABEL
            from claimlens.wiring.answering import open_logic

            self._logic = open_logic(OCR_LABEL, read_settings())
        (answer,) = self._logic.answer(({"image": image},))
        yield entry_of(answer, path.stem, defaults)
