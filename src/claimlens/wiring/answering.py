"""The logic of each service, for whatever process it runs in: this one, or an MCP server of its own."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import msgspec

from claimlens.config import Settings
from claimlens.domain.errors import ClaimLensError, PackError
from claimlens.domain.jurisdiction import Jurisdiction
from claimlens.domain.references import NutrientReferences
from claimlens.domain.service import ALT_SUGGESTER, OCR_LABEL, RECALL_LOOKUP, UNIT_CONVERT
from claimlens.usecases.checks import Checker

Answering = Callable[[Sequence[dict[str, Any]]], tuple[dict[str, Any], ...]]
"""One answer for each payload, never an exception for a bad one. May take its time: call it in a thread."""


class Part(msgspec.Struct, frozen=True):
    """Something a service rests on: `ok` or `degraded`, and what an operator should know."""

    name: str
    status: str
    detail: str


class Logic(msgspec.Struct, frozen=True, kw_only=True):
    """A service: how it answers, the types of a payload and of a reply, what it rests on."""

    service: str
    answer: Answering
    payload: type[msgspec.Struct]
    reply: type[msgspec.Struct]
    look: Callable[[], list[Part]] = list
    close: Callable[[], None] = lambda: None


def open_logic(service: str, settings: Settings, checker: Checker | None = None) -> Logic:
    """The logic of one of `SERVICES`. Raises ClaimLensError with one line if something it needs is missing.

    `checker` is the one that this process judges by, if it does: its packs are not read a second time.
    """
    return _OPENERS[service](settings, checker)


def _unit_convert(settings: Settings, checker: Checker | None) -> Logic:
    from claimlens.usecases.unit_conversion import ConversionPayload, ConversionReply, UnitConversion
    from claimlens.wiring import open_packs

    packs: dict[Jurisdiction, NutrientReferences] = {}
    folder = None if checker else open_packs(settings)
    if folder is not None:  # a server of its own: the first call has no time to read a pack
        for jurisdiction in Jurisdiction:
            with suppress(PackError):  # asked for it, the answer says what is wrong with it
                packs[jurisdiction] = folder.load(jurisdiction).references

    def references_of(jurisdiction: Jurisdiction) -> NutrientReferences:
        if checker is not None:
            return checker.examiner(jurisdiction).pack.references
        if folder is not None and jurisdiction not in packs:
            packs[jurisdiction] = folder.load(jurisdiction).references
        return packs[jurisdiction]

    conversion = UnitConversion(references_of)
    return Logic(service=UNIT_CONVERT, answer=conversion.answer, payload=ConversionPayload, reply=ConversionReply)


def _recall_lookup(settings: Settings, checker: Checker | None) -> Logic:
    from claimlens.usecases.recall_wire import RecallPayload, RecallReply
    from claimlens.wiring.recalls import open_recalls

    recalls = open_recalls(settings)

    def look() -> list[Part]:
        try:
            found = recalls.status()
        except ClaimLensError as error:
            return [Part("index", "degraded", str(error))]
        return [Part(one.source, "ok" if one.state == "fresh" else "degraded", one.detail) for one in found]

    return Logic(service=RECALL_LOOKUP, answer=recalls.answer, payload=RecallPayload, reply=RecallReply, look=look)


def _alt_suggester(settings: Settings, checker: Checker | None) -> Logic:
    from claimlens.adapters.system.clock import SystemClock
    from claimlens.gate.rewrite.alternatives import Offers
    from claimlens.usecases.alternatives import Alternatives, Wanted
    from claimlens.wiring import open_checker

    alternatives = Alternatives(checker or open_checker(settings), SystemClock())
    return Logic(service=ALT_SUGGESTER, answer=alternatives.answer, payload=Wanted, reply=Offers)


def _ocr_label(settings: Settings, checker: Checker | None) -> Logic:
    from claimlens.adapters.ocr.engines import missing
    from claimlens.adapters.ocr.process import OcrProcess
    from claimlens.domain.label import Label
    from claimlens.usecases.label_reading import LabelPayload, LabelReading

    if lacks := missing():
        raise ClaimLensError(lacks)
    reading = LabelReading(OcrProcess())
    return Logic(service=OCR_LABEL, answer=reading.answer, payload=LabelPayload, reply=Label, close=reading.close)


_OPENERS: dict[str, Callable[[Settings, Checker | None], Logic]] = {
    OCR_LABEL: _ocr_label,
    UNIT_CONVERT: _unit_convert,
    RECALL_LOOKUP: _recall_lookup,
    ALT_SUGGESTER: _alt_suggester,
}
