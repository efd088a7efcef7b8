"""A photo of a label: what the engine saw on it, and what that was understood to be."""

import msgspec

#: A place in the picture: pixels from its left and upper edge, the picture turned as its EXIF data say.
Point = tuple[int, int]
#: Four corners, clockwise from where the text begins: the first to the second is the direction of reading.
Box = tuple[Point, Point, Point, Point]
#: `[start, end)` in code points of `Label.text`.
Span = tuple[int, int]


class SeenLine(msgspec.Struct, frozen=True):
    """A piece of one line of print as the engine read it; `confidence` is 0 to 1."""

    text: str
    box: Box
    confidence: float


class SeenPage(msgspec.Struct, frozen=True, kw_only=True):
    """Everything an engine saw in a picture, in no order. `barcodes` are the digits of EAN and UPC codes."""

    width: int
    height: int
    engine: str
    lines: tuple[SeenLine, ...] = ()
    barcodes: tuple[str, ...] = ()


class LabelLine(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of a line, in reading order: `text` is `Label.text[span]`."""

    text: str
    span: Span
    box: Box
    confidence: float


class Passage(msgspec.Struct, frozen=True):
    """A part of the label: its words with line breaks mended, and where they stand in `Label.text`."""

    text: str
    spans: tuple[Span, ...]


class LabelAmount(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One figure of the nutrition table.

    `nutrient` and `unit` are the gate's own names, `text` the figure as it was taken. Below: "less than `value`".
    Unsure: seen, and too unclear to be judged by.
    """

    nutrient: str
    value: float
    unit: str
    text: str
    span: Span
    below: bool = False
    unsure: bool = False


class LabelColumn(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one column. `basis` is `100 g`, `100 ml`, `serving`, `day` or empty (not stated)."""

    basis: str
    stated: str
    amounts: tuple[LabelAmount, ...]


class Repair(msgspec.Struct, frozen=True):
    """A sign that was taken for another one, because only the other one can be meant: `8.9 9` → `8.9 g`."""

    read: str
    taken_as: str
    span: Span


class Label(msgspec.Struct, frozen=True, kw_only=True):
    """What stands on a label.

    `text` is all of it in reading order, `lines` the pieces it was read in. `turned` says how far the text is turned
    against the picture, in degrees clockwise. `gtin` has 14 digits and a check digit that fits, `fssai` is the number
    of an Indian food licence.
    """

    engine: str = ""
    width: int = 0
    height: int = 0
    turned: float = 0.0
    text: str = ""
    lines: tuple[LabelLine, ...] = ()
    name: Passage | None = None
    nutrition: tuple[LabelColumn, ...] = ()
    serving_size: str = ""
    ingredients: Passage | None = None
    contains: tuple[Passage, ...] = ()
    may_contain: tuple[Passage, ...] = ()
    claims: tuple[Passage, ...] = ()
    gtin: str = ""
    fssai: str = ""
    repairs: tuple[Repair, ...] = ()
