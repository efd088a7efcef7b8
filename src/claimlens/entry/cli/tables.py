"""Rows for people (a table in a terminal) and for pipes (tab-separated)."""

import sys
from collections.abc import Iterable, Sequence


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows; columns are headed only in a terminal, so that `cut` and `sort` see data alone."""
    if not sys.stdout.isatty():
        for row in rows:
            print("\t".join(str(cell) for cell in row))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        # As text: a name that somebody gave must not be read as rich's markup.
        table.add_row(*[Text(str(cell)) for cell in row])
    Console().print(table)
