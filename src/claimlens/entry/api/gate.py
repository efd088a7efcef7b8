"""The ways to a verdict: one item, items, the items of a page, the photo of a label.

The first three are answered without the framework (`Express`): routing, form handling and response objects cost more
than half of what judging one item costs. They stand in the framework too, for everything that is not the plain path.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from litestar.connection import Request
from litestar.datastructures import UploadFile
from litestar.response import Response

from claimlens.domain.audit import IdempotencyKey
from claimlens.domain.errors import InvalidError
from claimlens.domain.tenant import Tenant
from claimlens.entry.api import gate_shapes as shapes
from claimlens.entry.api.admission import Admission
from claimlens.entry.api.call import READ_AT_ONCE, TheCall
from claimlens.entry.api.idempotency import Once
from claimlens.entry.api.reply import framework
from claimlens.entry.api.spec import Answer, Spec, Takes, route
from claimlens.entry.web.bodies import Receive, read_body, too_large
from claimlens.entry.web.exchange import Exchange
from claimlens.entry.web.frame import Express
from claimlens.entry.web.metrics import Metrics
from claimlens.entry.web.reply import Reply
from claimlens.entry.web.strict_json import read_json
from claimlens.gate.ingest.image import MOST_BYTES as MOST_IMAGE_BYTES
from claimlens.gate.ingest.image import read_image
from claimlens.usecases import verdicts
from claimlens.usecases.asks import Ask, read_feed, read_validate
from claimlens.usecases.label_scans import LabelScans
from claimlens.usecases.verdicts import Desk

_TAG = "Gate"
#: The image, and what stands around it in the form.
_MOST_FORM = MOST_IMAGE_BYTES + 262_144

VALIDATE = Spec(
    name="validateItem",
    tag=_TAG,
    summary="Judge one item",
    about="The quick route: one item, one verdict, no service is asked. Sent when its audit is durable.",
    action="gate.judge",
    closes=True,
    settles=True,
    takes=Takes.JSON,
    shape=shapes.ONE_ITEM,
    examples={"default": shapes.VALIDATE_EXAMPLE},
    answers=(Answer(about="The verdict.", shape=shapes.VERDICT, example=shapes.VERDICT_EXAMPLE),),
    problems=("UNKNOWN_LOCALE", "OVERLOADED"),
)
FEED = Spec(
    name="judgeItems",
    tag=_TAG,
    summary="Judge one to 200 items",
    about='An item, a list of items, or `{"items": [...]}` with `locale` or `locales` beside them; an item\'s own '
    "locale goes first. `locales` judges each item for several markets. Sent when every audit is durable.",
    action="gate.judge",
    closes=True,
    settles=True,
    takes=Takes.JSON,
    shape=shapes.FEED,
    examples={"default": shapes.FEED_EXAMPLE, "markets": shapes.MARKETS_EXAMPLE},
    answers=(Answer(about="A verdict for each item, in order.", shape=shapes.VERDICTS, example=shapes.FEED_ANSWER),),
    problems=("UNKNOWN_LOCALE", "OVERLOADED"),
)
PAGE = Spec(
    name="badgesForPage",
    tag=_TAG,
    summary="Badges for the items of a web page",
    about="Profile `claimlens_go`. Nothing is stored but counts.",
    action="gate.judge",
    closes=True,
    settles=True,
    takes=Takes.JSON,
    shape=shapes.FEED,
    examples={"default": shapes.FEED_EXAMPLE},
    answers=(Answer(about="The badges.", shape=shapes.BADGES, example=shapes.BADGES_EXAMPLE),),
    problems=("UNKNOWN_LOCALE", "OVERLOADED"),
)
SCAN = Spec(
    name="scanLabel",
    tag=_TAG,
    summary="Judge the photo of a label",
    about="PNG, JPEG or WebP, up to 15 MB and 20 megapixels. What is read becomes the item; fields of the part `item` "
    "(JSON) go before it. `label` is what was read: spans point into `ocr_text`, boxes are pixels of the photo. If the "
    "photo cannot be read, the part `item` is judged, and the answer lists `ocr.label` in `not_checked`.",
    action="gate.judge",
    closes=True,
    settles=True,
    takes=Takes.FORM,
    most_bytes=_MOST_FORM,
    shape=shapes.SCAN_FORM,
    answers=(Answer(about="The verdict.", shape=shapes.LABEL_VERDICT, example=shapes.LABEL_EXAMPLE),),
    problems=("UNKNOWN_LOCALE", "OVERLOADED"),
)

_Read = Callable[[Any, Tenant], Ask]


class GateDesk:
    """Turns requests into what the desk is asked, and its answers into replies."""

    def __init__(self, desk: Desk, labels: LabelScans, admission: Admission, once: Once, metrics: Metrics) -> None:
        self._desk = desk
        self._labels = labels
        self._admission = admission
        self._once = once
        self._metrics = metrics

    def express(self) -> dict[str, Express]:
        """The routes that are answered without the framework."""

        def through(spec: Spec) -> Express:
            async def run(exchange: Exchange, receive: Receive) -> Reply:
                await self._admission.admit(exchange, spec)
                exchange.body = await read_body(receive, exchange.headers, spec.most_bytes)
                return await self.answer(exchange, spec)

            return run

        return {
            "/v1/menu/validate": through(VALIDATE),
            "/v1/menu/feed": through(FEED),
            "/v1/web/ingest": through(PAGE),
        }

    async def answer(self, exchange: Exchange, spec: Spec) -> Reply:
        """The answer for a body of JSON."""
        read = read_validate if spec is VALIDATE else read_feed

        def asked() -> Ask:
            return read(read_json(exchange.body), exchange.asked_by.tenant)

        async def produce(key: IdempotencyKey | None) -> Reply:
            ask = asked() if len(exchange.body) <= READ_AT_ONCE else await asyncio.to_thread(asked)
            await self._admission.count_items(exchange, ask.size)
            if spec is PAGE:
                return self._said(exchange, await self._desk.badges(exchange.asked_by, ask))
            return self._said(exchange, await self._desk.answer(exchange.asked_by, ask, idempotency=key))

        # Badges leave nothing behind whose transaction could keep the answer.
        return await self._once.answer(exchange, produce, settles=spec is not PAGE)

    async def scan(self, exchange: Exchange, image: bytes, document: Any, locale: str) -> Reply:
        """The answer for a photo."""

        async def produce(key: IdempotencyKey | None) -> Reply:
            photo = await asyncio.to_thread(read_image, image)
            await self._admission.count_items(exchange, 1)
            tenant = exchange.asked_by.tenant
            ask = await self._labels.ask(image, photo.digest, document, tenant, locale=locale)
            return self._said(exchange, await self._desk.answer(exchange.asked_by, ask, idempotency=key))

        return await self._once.answer(exchange, produce, settles=True)

    def _said(self, exchange: Exchange, said: verdicts.Reply) -> Reply:
        self._metrics.judged(said.outcomes)
        exchange.profile = said.profile
        exchange.decision = " ".join([f"{outcome}:{count}" for outcome, count in said.outcomes.items()])
        return Reply(said.status, said.body, said.media_type.encode("ascii"))


@route("POST", "/v1/menu/validate", VALIDATE)
async def validate(call: TheCall) -> Response[bytes]:
    """Judge one item."""
    return framework(await call.gate.answer(call.exchange, VALIDATE))


@route("POST", "/v1/menu/feed", FEED)
async def feed(call: TheCall) -> Response[bytes]:
    """Judge items."""
    return framework(await call.gate.answer(call.exchange, FEED))


@route("POST", "/v1/web/ingest", PAGE)
async def ingest(call: TheCall) -> Response[bytes]:
    """Badges."""
    return framework(await call.gate.answer(call.exchange, PAGE))


@route("POST", "/v1/labels/scan", SCAN)
async def scan(call: TheCall, request: Request[Any, Any, Any]) -> Response[bytes]:
    """Judge a photo."""
    form = await request.form()
    image = form.get("image")
    if not isinstance(image, UploadFile):
        raise InvalidError((("/image", "the part `image` of a multipart/form-data body is missing: a photo"),))
    data = await image.read()
    if len(data) > MOST_IMAGE_BYTES:
        raise too_large(MOST_IMAGE_BYTES)
    item, locale = await _text(form.get("item"), "item"), await _text(form.get("locale"), "locale")
    document = None
    if item:
        try:
            document = read_json(item.encode())
        except InvalidError as error:
            raise InvalidError(tuple((f"/item{pointer}", detail) for pointer, detail in error.problems)) from None
    return framework(await call.gate.scan(call.exchange, data, document, locale))


async def _text(part: Any, name: str) -> str:
    """A part of the form as text: sent as a field or as a file."""
    if part is None:
        return ""
    if isinstance(part, UploadFile):
        try:
            return (await part.read()).decode("utf-8")
        except UnicodeDecodeError:
            raise InvalidError(((f"/{name}", "not UTF-8"),)) from None
    if not isinstance(part, str):
        raise InvalidError(((f"/{name}", "the part stands more than once, or is no text"),))
    return part


ROUTES = [validate, feed, ingest, scan]
