"""What an engine saw on a label becomes its text in reading order, its figures and its parts.

    seen lines → level (layout.py) → table (nutrition.py) → text (sheet.py) → parts (passages.py, codes.py)

Nothing is guessed: a sign is mended only where one other sign can be meant, and every mended one is listed.
"""

from claimlens.domain.label import Label, LabelColumn, Repair, SeenPage
from claimlens.gate.ingest.label.codes import fssai_of, gtin_of
from claimlens.gate.ingest.label.layout import level, rows_of, upright
from claimlens.gate.ingest.label.nutrition import columns_of, find_table, lean_of, serving_size_in
from claimlens.gate.ingest.label.passages import read_passages
from claimlens.gate.ingest.label.run_in import run_in_columns
from claimlens.gate.ingest.label.sheet import Written, written

__all__ = ["understood"]

#: A left edge that leans more is a page seen from one side.
_LEANS = 0.01


def understood(page: SeenPage) -> Label:
    """The label on a page. Takes some milliseconds; never raises for what an engine can see."""
    sheet = level(page.lines)
    pieces = sheet.pieces
    table = find_table(pieces)
    if table and abs(lean := lean_of(table)) > _LEANS:
        pieces = upright(pieces, lean)
        table = find_table(pieces)
    text = written(pieces, sheet.aside, table.pieces if table else [])
    columns, repairs = columns_of(table, text.places) if table else ([], [])
    if not columns:
        columns, repairs = _run_in(text)
    figures = [amount.span for column in columns for amount in column.amounts]
    passages = read_passages(text, figures)
    rows = [" ".join(piece.text for piece in row) for row in rows_of(pieces)] + [line.text for line in text.lines]
    return Label(
        engine=page.engine,
        width=page.width,
        height=page.height,
        turned=sheet.turned,
        text=text.text,
        lines=tuple(text.lines),
        name=passages.name,
        nutrition=tuple(columns),
        serving_size=serving_size_in(pieces),
        ingredients=passages.ingredients,
        contains=passages.contains,
        may_contain=passages.may_contain,
        claims=passages.claims,
        gtin=gtin_of(page.barcodes, rows),
        fssai=fssai_of(rows),
        repairs=tuple(repairs),
    )


def _run_in(text: Written) -> tuple[list[LabelColumn], list[Repair]]:
    for paragraph in text.paragraphs:
        start, end = paragraph.span
        column, repairs = run_in_columns(text.text[start:end], start)
        if column is not None:
            return [column], repairs
    return [], []
