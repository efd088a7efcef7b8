"""What a run says on standard error: items not checked, ids that stand twice, fields nobody judged."""

import sys

from claimlens.domain.suppression import Suppression
from claimlens.usecases.menus import Answer, Checked

#: So many ids are remembered to find those that stand twice; of a longer file only the first are compared.
MOST_IDS = 200_000
#: So many names of fields that nobody judged are collected, and so many shown.
MOST_NAMES, _NAMED = 1000, 12


def say(line: str) -> None:
    """One line on standard error."""
    print(f"claimlens: {line}", file=sys.stderr)


class Remarks:
    """Listens to the answers of a run.

    Where the report goes to the same terminal (`beside`), remarks wait for its end, and items that were not checked,
    which it shows, are not said twice.
    """

    def __init__(self, suppressions: tuple[Suppression, ...], *, beside: bool = False) -> None:
        self._beside = beside
        self._waiting: list[str] = []
        self._unmet = dict.fromkeys(suppressions)
        self._unjudged: dict[str, None] = {}
        self._file = ""
        self._ids: dict[str, int] = {}

    def hear(self, answer: Answer) -> None:
        """Say at once what concerns one item."""
        if answer.file != self._file:
            self._file, self._ids = answer.file, {}
        place = shown_name(answer.file) + (f":{answer.entry.line}" if answer.entry.line else "")
        if isinstance(answer, Checked):
            self._judged(answer, place)
            return
        if self._beside:
            return
        missed = answer.entry
        pointer = f"{missed.pointer} " if missed.pointer else ""
        say(f"{place}: item {missed.item_index + 1} ({missed.item_id}) was not checked: {pointer}{missed.detail}")

    def _judged(self, checked: Checked, place: str) -> None:
        item, index = checked.item, checked.entry.index
        first = self._ids.get(item.id)
        if first is not None:
            remark = f"{place}: item {index + 1} has the id {item.id!r} of item {first + 1}; both are judged"
            if self._beside:
                self._waiting.append(remark)
            else:
                say(remark)
        elif len(self._ids) < MOST_IDS:
            self._ids[item.id] = index
        if item.extra and len(self._unjudged) < MOST_NAMES:
            self._unjudged.update(dict.fromkeys(item.extra))
        for met in (*checked.answered.suppressed.values(), *checked.answered.expired.values()):
            self._unmet.pop(met, None)

    def close(self) -> None:
        """Say what concerns the whole run."""
        for remark in self._waiting:
            say(remark)
        named = list(self._unjudged)
        if named:
            more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
            say(f"fields that are no published text and were not judged: {', '.join(named[:_NAMED])}{more}")
        for suppression in self._unmet:
            say(f"the suppression of {suppression.rule} on line {suppression.line} met no finding")


def shown_name(file: str) -> str:
    """A file's name as people read it."""
    return "standard input" if file == "-" else file
