"""Rows in colour: for a terminal that a person watches."""

import sys
from collections.abc import Callable

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from claimlens.entry.cli.pretty import Row

_STYLES = {
    "allow": "bold green",
    "modify": "bold yellow",
    "block": "bold red",
    "info": "cyan",
    "strong": "bold",
    "soft": "dim",
    "out": "red strike",
    "in": "green underline",
    "link": "blue underline",
}
_LEAST = 30


def row_writer(error: bool = False) -> Callable[[Row], None]:
    """Writes rows to standard output (or error) in the colours that the terminal has."""
    console = Console(stderr=error, highlight=False, soft_wrap=False, file=None if error else sys.stdout)

    def write_row(row: Row) -> None:
        text = Text.assemble(*[(part.text, _STYLES.get(part.style, "")) for part in row.parts])
        label = Text(row.label.text, style=_STYLES.get(row.label.style, ""))
        if not row.width:
            console.print(text)
        elif console.width - row.indent - row.width < _LEAST:
            if row.label.text:
                console.print(Padding(label, (0, 0, 0, row.indent)))
            console.print(Padding(text, (0, 0, 0, row.indent + 2)))
        else:
            beside = Table.grid(padding=(0, 1, 0, 0))
            beside.add_column(width=row.width, no_wrap=True)
            beside.add_column(overflow="fold")
            beside.add_row(label, text)
            console.print(Padding(beside, (0, 0, 0, row.indent)))

    return write_row
