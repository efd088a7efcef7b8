"""The photo of a label becomes an item to be judged: read by `ocr.label`, joined with what came beside it."""

from typing import Any

import msgspec
from msgspec.structs import replace

from claimlens.domain.errors import InvalidError, OverloadedError
from claimlens.domain.jurisdiction import jurisdiction_of
from claimlens.domain.label import Label, Passage
from claimlens.domain.question import Answer, Question
from claimlens.domain.service import OCR_LABEL
from claimlens.domain.tenant import Tenant
from claimlens.gate.ingest.label.record import NAMELESS, record_of
from claimlens.gate.masking import masked_text
from claimlens.ports.services import Services
from claimlens.usecases.asks import Ask, read_label

_RETRY_S = 30
_encoder = msgspec.json.Encoder()


class LabelScans:
    """Asks `ocr.label` for at most `limit_ms`."""

    def __init__(self, services: Services, *, limit_ms: float) -> None:
        self._services = services
        self._limit_ms = limit_ms

    async def ask(self, image: bytes, digest: str, document: Any, tenant: Tenant, *, locale: str) -> Ask:
        """What is to be judged: the item as read, fields of `document` before those of the label.

        A photo that cannot be read, or nobody there to read it, leaves the item of `document`. Raises InvalidError for
        a bad item, locale or photo, OverloadedError where nothing is left to judge because the service is out.
        """
        # What is wrong with the item is said before a second is spent on the photo.
        read_label({"name": NAMELESS} if document is None else _named(document), tenant, locale=locale, image=digest)
        answer = await self._services.ask(Question(OCR_LABEL, ({"image": image},)), within_ms=self._limit_ms)
        return _joined(answer, digest, document, tenant, locale)


def _joined(answer: Answer, digest: str, document: Any, tenant: Tenant, locale: str) -> Ask:
    if answer is None:
        if document is None:
            raise OverloadedError(
                "labels cannot be read at this moment, and no text came beside the photo; try again, or send the "
                "item's own text as the part `item`",
                retry_after_s=_RETRY_S,
            )
        return replace(read_label(document, tenant, locale=locale, image=digest), missing=(OCR_LABEL,))
    (told,) = answer
    if cannot := told.get("cannot"):
        if document is None:
            raise InvalidError((("/image", str(cannot)),))
        ask = read_label(document, tenant, locale=locale, image=digest)
        return replace(ask, gaps=(OCR_LABEL,), label=_encoder.encode({"cannot": cannot}))
    label = msgspec.convert(told, Label)
    record, places = record_of(label, document)
    ask = read_label(record, tenant, locale=locale, image=digest)
    shown = masked_label(label, str(jurisdiction_of(ask.asked[0].locale)))
    return replace(ask, label=_encoder.encode({**msgspec.to_builtins(shown), "fields": places}))


def _named(document: Any) -> Any:
    """The item with a name: the label gives it one if it has none."""
    if isinstance(document, dict) and document.get("name") in (None, ""):
        return {**document, "name": NAMELESS}
    return document


def masked_label(label: Label, region: str) -> Label:
    """The label as a stored answer may hold it: personal data in its text hidden, lengths and places as before."""
    text = masked_text(label.text, region)
    if text == label.text:
        return label

    def hidden(passage: Passage) -> Passage:
        return replace(passage, text=" ".join(text[start:end] for start, end in passage.spans))

    return replace(
        label,
        text=text,
        lines=tuple(replace(line, text=text[slice(*line.span)]) for line in label.lines),
        name=hidden(label.name) if label.name else None,
        ingredients=hidden(label.ingredients) if label.ingredients else None,
        contains=tuple(map(hidden, label.contains)),
        may_contain=tuple(map(hidden, label.may_contain)),
        claims=tuple(map(hidden, label.claims)),
    )
