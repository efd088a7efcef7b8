"""One item, read: its texts joined and folded once, with the way back to each field."""

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from claimlens.domain.item import Item
from claimlens.domain.text import FoldedText


class Place(NamedTuple):
    """[start, end) of one field's submitted text."""

    field: int
    start: int
    end: int


class Reading:
    """The published texts of an item as one folded text; a line end stands between fields, so no pattern crosses them.

    With `only`, just those fields are read; field numbers stay those of the item.
    """

    __slots__ = ("_starts", "fields", "item", "numbers", "text")

    def __init__(
        self, item: Item, fields: list[tuple[str, str]] | None = None, only: Sequence[int] | None = None
    ) -> None:
        self.item = item
        self.fields = item.texts() if fields is None else fields
        self.numbers = only
        self._starts: list[int] | None = None
        read = self.fields if only is None else [self.fields[i] for i in only]
        # The commas of an ingredient list are ends ("beef, bacon" is not beef bacon); one sign for one sign.
        texts = [text.replace(",", ";") if pointer.startswith("/ingredients") else text for pointer, text in read]
        self.text = FoldedText("\n".join(texts))

    def place(self, start: int, end: int, text: FoldedText | None = None) -> Place:
        """Where a token run of the folded text stands in the fields as submitted."""
        first, last = (text or self.text).submitted_span(start, end)
        numbers = range(len(self.fields)) if self.numbers is None else self.numbers
        if self._starts is None:
            self._starts, at = [], 0
            for i in numbers:
                self._starts.append(at)
                at += len(self.fields[i][1]) + 1
        k = bisect_right(self._starts, first) - 1
        field, base = numbers[k], self._starts[k]
        return Place(field, first - base, min(last - base, len(self.fields[field][1])))

    def words(self, place: Place) -> str:
        """The submitted words of a place."""
        return self.fields[place.field][1][place.start : place.end]

    def pointer(self, place: Place) -> str:
        """JSON Pointer of the place's field."""
        return self.fields[place.field][0]
