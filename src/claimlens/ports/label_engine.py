"""Reading the print in a picture."""

from typing import Protocol

from claimlens.domain.errors import ClaimLensError
from claimlens.domain.label import SeenPage


class UnreadableError(ClaimLensError):
    """Nothing can be read in this picture; the text says why, for who sent it."""


class EngineError(ClaimLensError):
    """No picture can be read now: the engine is missing, busy or broken; one line for an operator."""


class EngineMissingError(EngineError):
    """What reads pictures is not installed; the text says how to install it."""


class LabelEngine(Protocol):
    """Reads pictures, one at a time; may be called from several threads."""

    def read(self, image: bytes) -> SeenPage:
        """What stands in a PNG, JPEG or WebP. Blocks for about a second.

        Raises UnreadableError (this picture) and EngineError (any picture, at this moment).
        """
        ...

    def close(self) -> None:
        """Let go of the engine; the next picture starts it again."""
        ...
