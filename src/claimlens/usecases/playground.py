"""Trying a text before it is sent: a verdict that is shown and not recorded."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

import msgspec

from claimlens.domain.errors import InputError, InvalidError, OverloadedError
from claimlens.domain.item import Item
from claimlens.domain.jurisdiction import canonical_locale, jurisdiction_of
from claimlens.domain.label import Label
from claimlens.domain.profile import profile_for
from claimlens.domain.question import Answer, Outside, Question
from claimlens.domain.service import OCR_LABEL
from claimlens.domain.suppression import Answered
from claimlens.domain.tenant import Principal, TenantSettings
from claimlens.gate import Steps
from claimlens.gate.ingest import Read
from claimlens.gate.ingest.entry import Defaults
from claimlens.gate.ingest.image import read_image
from claimlens.gate.ingest.label.record import record_of as label_record
from claimlens.gate.ingest.record import item_of
from claimlens.gate.judge.suppressions import answer as answered_for
from claimlens.kit.json_text import JsonReader
from claimlens.ports.clock import Clock
from claimlens.ports.services import Services
from claimlens.usecases.asks import MOST_TEXT
from claimlens.usecases.checks import Checker
from claimlens.usecases.menus import Checked
from claimlens.usecases.permissions import require
from claimlens.usecases.profiles import Gaps, no_gaps

#: On what the numbers of a nutrition table may be based, as forms offer it.
BASES = ("per_100g", "per_100ml", "per_serving")
#: How long the services may take for a text that is still being typed.
_SERVICES_MS = 150
_PUBLIC = TenantSettings()


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A text as somebody types it, or as it was read from a photo.

    `nutrition` is a line for each nutrient ("fat: 8 g") or a JSON object, `label_text` all the print of a label.
    """

    name: str = ""
    description: str = ""
    ingredients: str = ""
    claims: str = ""
    allergens: str = ""
    nutrition: str = ""
    basis: str = "per_100g"
    serving: str = ""
    brand: str = ""
    label_text: str = ""
    kind: str = "menu_item"
    locale: str = ""


def record_of(draft: Draft) -> dict[str, Any]:
    """The item as the API takes it. Raises InvalidError for a nutrition table that cannot be read."""
    record: dict[str, Any] = {"id": "playground", "name": draft.name, "kind": draft.kind}
    for field in ("description", "ingredients", "brand"):
        if value := getattr(draft, field).strip():
            record[field] = value
    if claims := [line.strip() for line in draft.claims.splitlines() if line.strip()]:
        record["claims"] = claims
    if draft.label_text.strip():
        record["ocr_text"] = draft.label_text
    if draft.allergens.strip():
        record["allergens_declared"] = draft.allergens
    if table := nutrition_of(draft.nutrition):
        basis = {"basis": draft.basis} if draft.basis in BASES and "basis" not in table else {}
        serving = {"serving_size": draft.serving.strip()} if draft.serving.strip() else {}
        record["nutrition"] = {**basis, **serving, **table}
    return record


def nutrition_of(text: str) -> dict[str, Any]:
    """The table that lines ("fat: 8 g", "protein 3 g", "salt<tab>0.5 g") or a JSON object describe.

    Raises InvalidError with the line that has no number.
    """
    plain = text.strip()
    if not plain:
        return {}
    if plain.startswith("{"):
        return _object(plain)
    table: dict[str, Any] = {}
    for number, line in enumerate(plain.splitlines(), 1):
        if not line.strip():
            continue
        name, value = _split(line.strip(" \t|"))
        if not name or not value:
            raise _invalid(f"line {number} is {line.strip()!r:.60}; write a nutrient and its amount, such as fat: 8 g")
        table[name] = value
    return table


class Playground:
    """Judges drafts for who signed in, and for the public where the installation lets it.

    `gaps` tells what an operator switched off: a preview leaves out what a verdict would.
    """

    def __init__(
        self,
        checker: Checker,
        clock: Clock,
        services: Services | None,
        *,
        photo_ms: float = 5_000,
        gaps: Callable[[], Awaitable[Gaps]] | None = None,
    ) -> None:
        self._checker = checker
        self._clock = clock
        self._services = services
        self._photo_ms = photo_ms
        self._gaps = gaps or no_gaps

    async def preview(self, principal: Principal | None, draft: Draft) -> Checked:
        """The item and its verdict by today's law. Nothing is stored: it is no answer to publish by.

        Brand names and suppressions are those of the visitor's tenant. Raises InvalidError with the field that cannot
        be read.
        """
        if principal is not None:
            require(principal, "gate.preview")
        settings = principal.tenant.settings if principal else _PUBLIC
        record = record_of(draft)
        try:
            locale = canonical_locale(draft.locale)
            item = item_of(record, 0, Defaults(locale=locale, marks=settings.brand_names))
        except InputError as error:
            raise InvalidError(((error.pointer, error.detail),), error.code) from None
        if sum(len(text) for _, text in item.texts()) > MOST_TEXT:
            raise _invalid(f"the texts of an item have at most {MOST_TEXT:,} characters together", "")
        on = self._clock.now().date()
        verdict = await self._judged(item, locale, on)
        answered = answered_for(verdict, settings.suppressions, on) if settings.suppressions else Answered(verdict)
        return Checked("playground", Read(item, 0, record=record), answered)

    async def read_photo(self, principal: Principal, image: bytes, draft: Draft) -> Draft:
        """The draft with what stands on the photo of a label, to be looked at and mended before it is judged.

        Market and kind stay as they are in `draft`. Raises InvalidError for what is no photo or cannot be read,
        OverloadedError while nobody reads photos.
        """
        require(principal, "gate.preview")
        try:
            await asyncio.to_thread(read_image, image)
        except InputError as error:
            raise InvalidError(((error.pointer, error.detail),)) from None
        answer = None
        if self._services is not None:
            question = Question(OCR_LABEL, ({"image": image},))
            answer = await self._services.ask(question, within_ms=self._photo_ms)
        if answer is None:
            raise OverloadedError("labels cannot be read at this moment; type what stands on it", retry_after_s=30)
        (told,) = answer
        if cannot := told.get("cannot"):
            raise InvalidError((("/image", str(cannot)),))
        record, _ = label_record(msgspec.convert(told, Label))
        declared = record.get("allergens_declared", ())
        basis, table = _basis_of(record.get("nutrition", {}))
        return msgspec.structs.replace(
            draft,
            name=record["name"],
            ingredients=record.get("ingredients", ""),
            nutrition=_table_text(table),
            basis=basis or draft.basis,
            allergens=declared if isinstance(declared, str) else ", ".join(declared),
            label_text=record["ocr_text"],
        )

    async def _judged(self, item: Item, locale: str, on: date) -> Any:
        outside = Outside.UNASKED if self._services is None else Outside.ASKED
        off = (await self._gaps()).off(profile_for(None, jurisdiction_of(locale)).id)
        steps = self._checker.steps([item], locale=locale, on_date=on, outside=outside, without=off)
        answers: tuple[Answer, ...] | None = None
        while True:
            questions, verdict = await asyncio.to_thread(_advance, steps, answers)
            if verdict is not None:
                return verdict
            asked = [
                self._services.ask(question, within_ms=_SERVICES_MS) if self._services else _nobody()
                for question in questions
            ]
            answers = tuple(await asyncio.gather(*asked))


def _basis_of(table: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """A table of one column as its basis and its lines; any other as it is."""
    if len(table) == 1:
        ((key, inner),) = table.items()
        basis = key.replace("100 ", "100").replace(" ", "_")
        if basis in BASES and isinstance(inner, dict):
            return basis, inner
    return "", table


def _table_text(table: dict[str, Any]) -> str:
    """A table as people type it: lines where it is flat, else JSON."""
    if all(isinstance(value, str) for value in table.values()):
        return "\n".join(f"{name}: {value}" for name, value in table.items())
    return msgspec.json.format(msgspec.json.encode(table), indent=2).decode()


def _advance(steps: Steps, answers: tuple[Answer, ...] | None) -> tuple[Any, Any]:
    try:
        return steps.send(answers), None  # type: ignore[arg-type]
    except StopIteration as done:
        return (), done.value[0].verdict


async def _nobody() -> Answer:
    return None


def _split(line: str) -> tuple[str, str]:
    """Nutrient and amount of a line."""
    for between in ("\t", ":", "|", "="):
        name, found, value = line.partition(between)
        if found:
            return name.strip(), value.strip(" \t|:")
    start = next((at for at, sign in enumerate(line) if sign.isdigit() or sign in "<~≤"), 0)
    return line[:start].strip(), line[start:].strip()


def _object(text: str) -> dict[str, Any]:
    try:
        value, _, problem = JsonReader(300).value_at(text, 0)
    except (ValueError, RecursionError):
        raise _invalid("this begins like JSON and is none") from None
    if problem is not None or not isinstance(value, dict):
        raise _invalid("this begins like JSON and is none that can be used")
    return value


def _invalid(detail: str, pointer: str = "/nutrition") -> InvalidError:
    return InvalidError(((pointer, detail),))
