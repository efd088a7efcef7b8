"""One self-contained HTML file: no scripts, nothing fetched, light and dark, fit to be mailed and printed."""

from importlib.resources import files
from typing import Any

import jinja2

from claimlens.domain.notice import NOTICE
from claimlens.domain.verdict import Outcome
from claimlens.usecases.menus import Answer, Checked, NotChecked, Tally
from claimlens.usecases.reports import Run, Write
from claimlens.usecases.reports.view import cells_of, columns_of, view_of


class HtmlReport:
    """Collects the answers and renders them at the end."""

    def __init__(self, write: Write, run: Run) -> None:
        self._write = write
        self._run = run
        self._items: list[dict[str, Any]] = []
        self._not_read: list[dict[str, Any]] = []

    def add(self, answer: Answer) -> None:
        """Take one answer."""
        if isinstance(answer, NotChecked):
            entry = answer.entry
            self._not_read.append({"file": answer.file, "entry": entry})
        else:
            self._items.append(_item(answer, len(self._items) + 1))

    def close(self, tally: Tally, failures: tuple[str, ...]) -> None:
        """Render the page."""
        columns = columns_of(self._items)
        for item in self._items:
            item["cells"] = cells_of(item, columns)
        page = _template().render(
            run=self._run,
            tally=tally,
            failures=failures,
            items=self._items,
            not_read=self._not_read,
            columns=columns,
            notice=NOTICE,
            outcomes=[(outcome.value, tally.outcomes[outcome]) for outcome in reversed(Outcome)],
            not_checked=sorted(tally.not_checked.items()),
            notes=list(tally.notes),
            packs=sorted(tally.pack_versions.items()),
        )
        self._write(page)


def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    return environment.from_string(files(__package__).joinpath("report.html.j2").read_text(encoding="utf-8"))


def _item(checked: Checked, number: int) -> dict[str, Any]:
    place = {"number": number, "file": checked.file, "line": checked.entry.line}
    return view_of(checked.item, checked.answered) | place
