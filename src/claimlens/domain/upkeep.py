"""What maintenance of the store came to."""

import msgspec


class Size(msgspec.Struct, frozen=True):
    """How large a piece of the store is, in bytes, indexes apart.

    `dead`: rows that were deleted or replaced and whose space is not free yet (PostgreSQL), free pages (SQLite).
    """

    rows: int
    dead: int
    bytes: int
    index_bytes: int


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """A table, or the file of a store of one file: what was done with it, in order, and what was `left` undone and why.

    `rows` of a table are PostgreSQL's own estimate; of a file they are not counted (0).
    """

    name: str
    before: Size
    after: Size
    done: tuple[str, ...]
    left: tuple[str, ...] = ()
    seconds: float = 0.0


class Upkeep(msgspec.Struct, frozen=True, kw_only=True):
    """One maintenance. `notes`: what an operator should know beside it. `sound`: the store is not damaged."""

    store: str
    pieces: tuple[Piece, ...]
    notes: tuple[str, ...] = ()
    sound: bool = True
    seconds: float = 0.0

    @property
    def whole(self) -> bool:
        """Whether nothing was left undone."""
        return not any(piece.left for piece in self.pieces)
