"""Rows as plain text: for pipes, files and terminals that want no colour."""

import textwrap
import unicodedata
from collections.abc import Callable

from claimlens.entry.cli.pretty import Part, Row

_LEAST = 30


def row_writer(write: Callable[[str], object], width: int) -> Callable[[Row], None]:
    """Writes rows as lines of at most `width` columns; marks of a difference are `[-out-]` and `{+in+}`."""

    def write_row(row: Row) -> None:
        write(plain_row(row, width) + "\n")

    return write_row


def plain_row(row: Row, width: int) -> str:
    """One row, its parts wrapped beside its label."""
    label = row.label.text.ljust(row.width) if row.width else ""
    gap = " " if label else ""
    first = " " * row.indent + label + gap
    hang = " " * len(first)
    text = "".join(_marked(part) for part in row.parts).rstrip()
    if not text:
        return first.rstrip()
    # A narrow terminal gets the text below the label rather than two words a line.
    if width - len(first) < _LEAST and label:
        hang = " " * (row.indent + 2)
        head = [first.rstrip()] if row.label.text else []
        return "\n".join([*head, *_wrapped(text, hang, hang, width)])
    return "\n".join(_wrapped(text, first, hang, width))


def _marked(part: Part) -> str:
    if part.style == "out":
        return f"[-{part.text}-]"
    return f"{{+{part.text}+}}" if part.style == "in" else part.text


def _wrapped(text: str, first: str, hang: str, width: int) -> list[str]:
    """Lines of at most `width` columns; a longer word stands alone and whole, so that addresses can be copied."""
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text) if not text.isascii() else 0
    narrower = max(width - (wide * width) // max(len(text), 1), _LEAST)
    return textwrap.wrap(
        text,
        width=max(narrower, len(hang) + 10),
        initial_indent=first,
        subsequent_indent=hang,
        break_long_words=False,
        break_on_hyphens=False,
        drop_whitespace=True,
    )
