"""What a right answer of each service is, and a question that costs it little."""

from collections.abc import Callable
from typing import Any

import msgspec

from claimlens.domain.label import Label
from claimlens.domain.service import ALT_SUGGESTER, OCR_LABEL, RECALL_LOOKUP, UNIT_CONVERT
from claimlens.gate.rewrite.alternatives import Offers
from claimlens.usecases.label_reading import is_whole
from claimlens.usecases.recall_wire import RecallReply
from claimlens.usecases.unit_conversion import ConversionReply

Payload = dict[str, Any]


class Agreed(msgspec.Struct, frozen=True, kw_only=True):
    """What is agreed about one service.

    An answer is a `reply` that `fits` its payload, or `{"cannot": reason}`. `probe` is a payload that any server of the
    service answers, quickly.
    """

    reply: type
    probe: Payload
    fits: Callable[[Payload, Payload], bool] = lambda payload, answer: True

    def mistake(self, payloads: tuple[Payload, ...], answers: tuple[Payload, ...]) -> str:
        """What is wrong with the answers to these payloads; empty if nothing is."""
        if len(answers) != len(payloads):
            return f"{len(answers)} answers to {len(payloads)} payloads"
        for place, (payload, answer) in enumerate(zip(payloads, answers, strict=True)):
            if isinstance(answer.get("cannot"), str) and answer["cannot"]:
                continue
            try:
                msgspec.convert(answer, self.reply)
            except msgspec.ValidationError as error:
                return f"answer {place}: {error}"
            if not self.fits(payload, answer):
                return f"answer {place} is none to its payload"
        return ""


def _converts(payload: Payload, answer: Payload) -> bool:
    """What was asked for and nothing else: one amount, or amounts by the pointers of the question."""
    if "convert" not in payload:
        return isinstance(answer.get("amounts"), dict) and answer["amounts"].keys() <= payload["wanted"].keys()
    return {"value", "low", "high", "unit"} <= answer.keys()


def _suggests(payload: Payload, answer: Payload) -> bool:
    """A list of offers for each finding."""
    suggestions = answer.get("suggestions")
    return isinstance(suggestions, list) and len(suggestions) == len(payload["findings"])


#: The smallest PNG there is: too small for print, which any reader of labels says at once.
_DOT = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b550000000a49444154789c63f80f0001010100b138f614"
    "0000000049454e44ae426082"
)

AGREED = {
    OCR_LABEL: Agreed(reply=Label, probe={"image": _DOT}, fits=is_whole),
    UNIT_CONVERT: Agreed(
        reply=ConversionReply, probe={"convert": {"value": 1, "unit": "g", "to": "mg"}}, fits=_converts
    ),
    RECALL_LOOKUP: Agreed(reply=RecallReply, probe={"name": "probe"}),
    ALT_SUGGESTER: Agreed(
        reply=Offers, probe={"item": {"name": "probe"}, "locale": "en-GB", "findings": []}, fits=_suggests
    ),
}
