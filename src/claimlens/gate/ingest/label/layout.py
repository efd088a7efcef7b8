"""Where the pieces of print stand to each other: turned level, put into rows, parted into blocks in reading order."""

import math
from collections.abc import Sequence

import msgspec

from claimlens.domain.label import SeenLine

#: A piece this many times longer than high says how the print lies.
_LONG = 2.0
#: Pieces that run another way than the page, by more than this (degrees), are print along an edge.
_ASIDE = 30.0
#: Two pieces are of one row if their middles lie nearer than this share of the lower one's height.
_SAME_ROW = 0.5
#: Gaps, in heights of print: between columns, and between one block and the one below.
_COLUMN_GAP, _BLOCK_GAP = 0.6, 0.45
#: Rows that a column of running text has at least.
_COLUMN_ROWS = 2
_DEEPEST = 40
#: Lines of a heading that spans columns.
_MOST_HEADINGS = 8


class Piece(msgspec.Struct, frozen=True, gc=False):
    """A seen line in level coordinates: `y` is its middle, corrected for a page that was taken askew."""

    text: str
    x0: float
    x1: float
    y: float
    height: float
    seen: SeenLine

    @property
    def top(self) -> float:
        """Upper edge."""
        return self.y - self.height / 2

    @property
    def bottom(self) -> float:
        """Lower edge."""
        return self.y + self.height / 2

    @property
    def centre(self) -> float:
        """Middle, from left to right."""
        return (self.x0 + self.x1) / 2


Row = list[Piece]


class Sheet(msgspec.Struct, frozen=True):
    """All pieces of a page, level. `turned` is how far its print is turned, in degrees clockwise."""

    turned: float
    pieces: list[Piece]
    aside: list[Piece]


def level(lines: Sequence[SeenLine]) -> Sheet:
    """The page turned so that its print runs from left to right."""
    turned = _direction(lines)
    cos, sin = math.cos(math.radians(turned)), math.sin(math.radians(turned))
    pieces: list[Piece] = []
    aside: list[Piece] = []
    for line in lines:
        if not line.text.strip():
            continue
        piece = _piece(line, cos, sin)
        astray = _length(line) >= _LONG * piece.height and abs(_difference(_angle(line), turned)) > _ASIDE
        (aside if astray else pieces).append(piece)
    return Sheet(turned, _unskewed(pieces, cos, sin), aside)


def _direction(lines: Sequence[SeenLine]) -> float:
    """The angle of most of the print: long pieces count by their length."""
    told = [(_angle(line), _length(line)) for line in lines if _length(line) >= _LONG * _thickness(line)]
    told = told or [(_angle(line), _length(line)) for line in lines]
    if not told:
        return 0.0
    quarters = [0.0] * 4
    for angle, length in told:
        quarters[round(angle / 90.0) % 4] += length
    quarter = 90.0 * max(range(4), key=lambda i: quarters[i])
    near = sorted((_difference(angle, quarter), length) for angle, length in told)
    near = [(angle, length) for angle, length in near if abs(angle) <= 45.0]
    half, passed = sum(length for _, length in near) / 2, 0.0
    for angle, length in near:
        passed += length
        if passed >= half:
            return round((quarter + angle) % 360.0, 2)
    return quarter


def _angle(line: SeenLine) -> float:
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = line.box
    return math.degrees(math.atan2(by - ay + cy - dy, bx - ax + cx - dx)) % 360.0


def _length(line: SeenLine) -> float:
    a, b, c, d = line.box
    return (math.dist(a, b) + math.dist(d, c)) / 2


def _thickness(line: SeenLine) -> float:
    a, b, c, d = line.box
    return max(1.0, (math.dist(a, d) + math.dist(b, c)) / 2)


def _difference(angle: float, other: float) -> float:
    return (angle - other + 180.0) % 360.0 - 180.0


def _piece(line: SeenLine, cos: float, sin: float) -> Piece:
    corners = [(x * cos + y * sin, y * cos - x * sin) for x, y in line.box]
    xs = [x for x, _ in corners]
    middle = sum(y for _, y in corners) / 4
    return Piece(line.text.strip(), min(xs), max(xs), middle, _thickness(line), line)


def _unskewed(pieces: list[Piece], cos: float, sin: float) -> list[Piece]:
    """Rows that lean, each a little more than the one above (a page seen from one side), set level.

    A line through the slopes of long pieces, by height, says how much.
    """
    told = []
    for piece in pieces:
        length = piece.x1 - piece.x0
        if length >= 6 * piece.height:
            (ax, ay), (bx, by), (cx, cy), (dx, dy) = piece.seen.box
            right, down = bx - ax + cx - dx, by - ay + cy - dy
            told.append((piece.y, (down * cos - right * sin) / max(1.0, right * cos + down * sin), length))
    if len(told) < 3:
        return pieces
    weight = sum(length for _, _, length in told)
    mean_y = sum(y * length for y, _, length in told) / weight
    mean_slope = sum(slope * length for _, slope, length in told) / weight
    spread = sum(length * (y - mean_y) ** 2 for y, _, length in told)
    lean = sum(length * (y - mean_y) * (slope - mean_slope) for y, slope, length in told) / spread if spread else 0.0
    middle = sum(piece.centre for piece in pieces) / len(pieces)
    return [
        msgspec.structs.replace(piece, y=piece.y - (mean_slope + lean * (piece.y - mean_y)) * (piece.centre - middle))
        for piece in pieces
    ]


def upright(pieces: Sequence[Piece], lean: float) -> list[Piece]:
    """The pieces of a page whose edges lean, `lean` pixels to the right for each pixel down, moved back."""
    middle = sum(piece.y for piece in pieces) / len(pieces)
    return [
        msgspec.structs.replace(piece, x0=piece.x0 - move, x1=piece.x1 - move)
        for piece in pieces
        for move in (lean * (piece.y - middle),)
    ]


def rows_of(pieces: Sequence[Piece]) -> list[Row]:
    """Pieces that stand beside each other, rows from above, pieces from the left."""
    rows: list[Row] = []
    for piece in sorted(pieces, key=lambda piece: (piece.y, piece.x0)):
        for row in reversed(rows[-4:]):
            if _is_beside(piece, row):
                row.append(piece)
                break
        else:
            rows.append([piece])
    for row in rows:
        row.sort(key=lambda piece: piece.x0)
    rows.sort(key=lambda row: sum(piece.y for piece in row) / len(row))
    return rows


def _is_beside(piece: Piece, row: Row) -> bool:
    nearest = min(row, key=lambda other: max(other.x0 - piece.x1, piece.x0 - other.x1))
    if abs(piece.y - nearest.y) >= _SAME_ROW * min(piece.height, nearest.height):
        return False
    overlap = min(piece.x1, nearest.x1) - max(piece.x0, nearest.x0)
    return overlap < 0.3 * min(piece.x1 - piece.x0, nearest.x1 - nearest.x0)


def blocks_of(groups: Sequence[list[Piece]]) -> list[list[Piece]]:
    """Groups of pieces in reading order, put together to blocks of one column each.

    A group stays whole (a table); single pieces come as groups of one. White space from top to bottom parts columns,
    white space from side to side parts what stands above from what stands below.
    """
    heights = sorted(piece.height for group in groups for piece in group)
    if not heights:
        return []
    return _parted([_Frame(group) for group in groups], heights[len(heights) // 2], 0)


class _Frame:
    """The place of a group."""

    __slots__ = ("bottom", "group", "top", "x0", "x1")

    def __init__(self, group: list[Piece]) -> None:
        self.group = group
        self.x0, self.x1 = min(piece.x0 for piece in group), max(piece.x1 for piece in group)
        self.top, self.bottom = min(piece.top for piece in group), max(piece.bottom for piece in group)


def _parted(frames: list[_Frame], height: float, depth: int) -> list[list[Piece]]:
    if len(frames) > 1 and depth < _DEEPEST:
        for parting in (_columns, _stacked, _columns_below):
            parts = parting(frames, height)
            if len(parts) > 1:
                return [block for part in parts for block in _parted(part, height, depth + 1)]
    pieces = [piece for frame in frames for piece in frame.group]
    return [pieces] if len(frames) == 1 or all(len(frame.group) == 1 for frame in frames) else _apart(frames)


def _apart(frames: list[_Frame]) -> list[list[Piece]]:
    """A table and what stands so near to it that no white space parts them."""
    found: list[list[Piece]] = []
    loose: list[Piece] = []
    for frame in sorted(frames, key=lambda frame: frame.top):
        if len(frame.group) == 1:
            loose += frame.group
            continue
        found += [loose] if loose else []
        found.append(frame.group)
        loose = []
    return found + ([loose] if loose else [])


def _columns(frames: list[_Frame], height: float) -> list[list[_Frame]]:
    """The columns that stand beside each other all the way down; one if there are none."""
    parts: list[list[_Frame]] = []
    reach = -math.inf
    for frame in sorted(frames, key=lambda frame: frame.x0):
        if not parts or frame.x0 - reach > _COLUMN_GAP * height:
            parts.append([])
        parts[-1].append(frame)
        reach = max(reach, frame.x1)
    if len(parts) > 1 and all(_rows_high(part, height) >= _COLUMN_ROWS for part in parts):
        return parts
    return [frames]


def _columns_below(frames: list[_Frame], height: float) -> list[list[_Frame]]:
    """A heading over columns that no white space parts from them; one part if there is none."""
    ordered = sorted(frames, key=lambda frame: frame.top)
    for i in range(1, min(len(ordered) - 2 * _COLUMN_ROWS, _MOST_HEADINGS) + 1):
        above, below = ordered[:i], ordered[i:]
        is_over = max(frame.bottom for frame in above) < below[0].top + _SAME_ROW * height
        if is_over and len(_columns(below, height)) > 1:
            return [above, below]
    return [frames]


def _rows_high(frames: list[_Frame], height: float) -> int:
    if any(len(frame.group) > 1 for frame in frames):
        return _COLUMN_ROWS
    return len(rows_of([frame.group[0] for frame in frames]))


def _stacked(frames: list[_Frame], height: float) -> list[list[_Frame]]:
    """What stands above each other with white space between: cut at the widest gaps first."""
    ordered = sorted(frames, key=lambda frame: frame.top)
    gaps = []
    reach = ordered[0].bottom
    for i, frame in enumerate(ordered[1:], 1):
        gaps.append((frame.top - reach, i))
        reach = max(reach, frame.bottom)
    widest = max(gaps)[0]
    if widest < _BLOCK_GAP * height:
        return [frames]
    cuts = [i for gap, i in gaps if gap >= 0.8 * widest]
    return [ordered[start:end] for start, end in zip([0, *cuts], [*cuts, len(ordered)], strict=True)]
