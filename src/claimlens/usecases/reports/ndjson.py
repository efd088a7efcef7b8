"""NDJSON: a verdict a line, written as it comes, closed by `{"_summary": …}`.

An item that could not be read is a line `{"_unread": …}`; between several files stands `{"_file": "<name>"}`. Without
the summary the stream was cut.
"""

from claimlens.usecases.menus import Answer, Checked, Tally
from claimlens.usecases.reports import Run, Write, summary
from claimlens.usecases.reports.wire import encode, unread_bytes, verdict_bytes


class NdjsonReport:
    """Writes each answer at once."""

    def __init__(self, write: Write, run: Run) -> None:
        self._write = write
        self._run = run
        self._file = ""

    def add(self, answer: Answer) -> None:
        """Write one line."""
        if len(self._run.files) > 1 and answer.file != self._file:
            self._file = answer.file
            self._write(encode({"_file": answer.file}) + "\n")
        if isinstance(answer, Checked):
            self._write(verdict_bytes(answer).decode() + "\n")
        else:
            self._write('{"_unread":' + unread_bytes(answer).decode() + "}\n")

    def close(self, tally: Tally, failures: tuple[str, ...]) -> None:
        """Write the line that says the stream is whole."""
        self._write(encode({"_summary": summary(tally, self._run, failures)}) + "\n")
