"""JSON: `{"verdicts": […], "not_read": […], "files": […], "summary": {…}, "notice": "…"}`, one verdict a line.

`verdicts` are in the order of the files; `files` says how many of them belong to each.
"""

from claimlens.domain.notice import NOTICE
from claimlens.usecases.menus import Answer, Checked, Tally
from claimlens.usecases.reports import Run, Write, summary
from claimlens.usecases.reports.wire import encode, unread_bytes, verdict_bytes


class JsonReport:
    """Writes verdicts as they come; the rest of the document follows at the end."""

    def __init__(self, write: Write, run: Run) -> None:
        self._write = write
        self._run = run
        self._opened = False
        self._not_read: list[str] = []
        self._counts = {file: [0, 0] for file in run.files}

    def add(self, answer: Answer) -> None:
        """Write one verdict, or keep one item that was not read."""
        counts = self._counts.setdefault(answer.file, [0, 0])
        if not isinstance(answer, Checked):
            counts[1] += 1
            self._not_read.append(unread_bytes(answer).decode())
            return
        counts[0] += 1
        self._write((",\n" if self._opened else '{"verdicts": [\n') + verdict_bytes(answer).decode())
        self._opened = True

    def close(self, tally: Tally, failures: tuple[str, ...]) -> None:
        """Close the list and write what follows it."""
        self._write("\n],\n" if self._opened else '{"verdicts": [],\n')
        missed = ",\n".join(self._not_read)
        self._write(f'"not_read": [{missed}],\n')
        files = [
            {"file": file, "verdicts": verdicts, "not_read": not_read}
            for file, (verdicts, not_read) in self._counts.items()
        ]
        self._write(f'"files": {encode(files)},\n')
        self._write(f'"summary": {encode(summary(tally, self._run, failures))},\n"notice": {encode(NOTICE)}}}\n')
