"""`ocr.label`: pictures of labels in, what stands on them out."""

import base64
import binascii
from collections.abc import Sequence
from typing import Any

import msgspec

from claimlens.domain.errors import InputError
from claimlens.domain.label import Label
from claimlens.gate.ingest.image import MOST_BYTES, read_image
from claimlens.gate.ingest.label import understood
from claimlens.ports.label_engine import EngineError, LabelEngine, UnreadableError
from claimlens.ports.services import ServiceError

#: Base64 has four letters for three bytes; line ends may stand between them.
_LONGEST_TEXT = MOST_BYTES * 4 // 3 * 82 // 80 + 4
NO_PRINT = "no print was found in the photo"


class LabelPayload(msgspec.Struct, frozen=True):
    """One photo: PNG, JPEG or WebP, as bytes in this process and as base64 text between processes."""

    image: bytes
    market: str | None = None


class LabelReading:
    """The service over one engine."""

    def __init__(self, engine: LabelEngine) -> None:
        self._engine = engine

    def answer(self, payloads: Sequence[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
        """A label (`domain.label.Label`) for each payload, or `{"cannot": reason}` for a photo nobody can read.

        About a second for each. Raises ServiceError when the engine reads no photo at all.
        """
        return tuple(self._answer(payload) for payload in payloads)

    def _answer(self, payload: dict[str, Any]) -> dict[str, Any]:
        try:
            image = _image(payload.get("image"))
            read_image(image)
            page = self._engine.read(image)
        except InputError as error:
            return {"cannot": error.detail}
        except UnreadableError as error:
            return {"cannot": str(error)}
        except EngineError as error:
            raise ServiceError(str(error)) from error
        label = understood(page)
        if not label.text and not label.gtin:
            return {"cannot": NO_PRINT}
        answer: dict[str, Any] = msgspec.to_builtins(label)
        return answer

    def close(self) -> None:
        """Let go of the engine."""
        self._engine.close()


def _image(given: Any) -> bytes:
    if isinstance(given, bytes):
        return given
    if not isinstance(given, str):
        raise InputError("`image` is missing: the bytes of a photo as base64 text", "/image")
    if len(given) > _LONGEST_TEXT:
        raise InputError(f"the photo has more than {MOST_BYTES // 1024**2} MB", "/image")
    try:
        return base64.b64decode("".join(given.split()), validate=True)
    except (binascii.Error, ValueError):
        raise InputError("`image` is no base64 text", "/image") from None


def is_whole(payload: dict[str, Any], answer: dict[str, Any]) -> bool:
    """Whether an answer says something, its spans are places of its text, and its lines stand where they say."""
    label = msgspec.convert(answer, Label)
    size = len(label.text)
    if not size and not label.gtin:
        return False
    spans = [line.span for line in label.lines]
    for passage in (label.name, label.ingredients, *label.contains, *label.may_contain, *label.claims):
        spans += passage.spans if passage else ()
    spans += [amount.span for column in label.nutrition for amount in column.amounts]
    spans += [repair.span for repair in label.repairs]
    return all(0 <= start <= end <= size for start, end in spans) and all(
        label.text[slice(*line.span)] == line.text for line in label.lines
    )
