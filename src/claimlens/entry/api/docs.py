"""/openapi.json and the pages made from it: /docs, /docs/problems. No script, nothing from elsewhere."""

from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any

import jinja2
import msgspec
from litestar.response import Response

from claimlens.entry.api import reply
from claimlens.entry.api.call import Call, TheCall
from claimlens.entry.api.spec import Answer, Spec, route
from claimlens.entry.web.problems import KINDS, anchor_of

_TAG = "Documents"
_HTML = "text/html"
#: Pages have a style sheet of ours and nothing else.
PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Cache-Control": "no-cache",
}
_METHODS = ("get", "post", "patch", "delete")


@lru_cache
def _templates() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("claimlens.entry.api", "pages"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )


def page(template: str, *, headers: Mapping[str, str] = {}, **values: Any) -> Response[bytes]:
    """A page from its template; `headers` go before those of every page."""
    text = _templates().get_template(template).render(**values)
    return reply.raw(text.encode(), _HTML, headers={**PAGE_HEADERS, **headers})


@route(
    "GET",
    "/openapi.json",
    Spec(
        name="getOpenApi",
        tag=_TAG,
        summary="This document",
        public=True,
        answers=(Answer(about="OpenAPI 3.1.", shape={"type": "object"}),),
    ),
)
async def openapi(call: TheCall) -> Response[bytes]:
    """The document."""
    return reply.raw(_encoded(call), headers={"Cache-Control": "no-cache"})


@route(
    "GET",
    "/docs",
    Spec(
        name="getDocs",
        tag=_TAG,
        summary="The document for people",
        public=True,
        answers=(Answer(about="The page.", media_type="text/html"),),
    ),
)
async def docs(call: TheCall) -> Response[bytes]:
    """The document for people."""
    return page("docs.html.j2", document=call.document, groups=_groups(call.document), pretty=_pretty)


@route(
    "GET",
    "/docs/problems",
    Spec(
        name="getProblems",
        tag=_TAG,
        summary="Every kind of problem",
        public=True,
        answers=(Answer(about="The page.", media_type="text/html"),),
    ),
)
async def problems(call: TheCall) -> Response[bytes]:
    """Every kind of problem."""
    return page("problems.html.j2", kinds=KINDS, anchor=anchor_of)


@route(
    "GET",
    "/docs/style.css",
    Spec(
        name="getStyle",
        tag=_TAG,
        summary="The style sheet of these pages",
        public=True,
        answers=(Answer(about="CSS.", media_type="text/css"),),
    ),
)
async def style(call: TheCall) -> Response[bytes]:
    """The style sheet."""
    return reply.raw(_style(), "text/css", headers={"Cache-Control": "max-age=3600"})


@lru_cache
def _style() -> bytes:
    return (files("claimlens.entry.api") / "pages" / "style.css").read_bytes()


def _encoded(call: Call) -> bytes:
    return msgspec.json.encode(call.document)


def _groups(document: Mapping[str, Any]) -> dict[str, list[tuple[str, str, Mapping[str, Any]]]]:
    """Tag → (method, path, operation)."""
    groups: dict[str, list[tuple[str, str, Mapping[str, Any]]]] = {tag["name"]: [] for tag in document["tags"]}
    for path, methods in document["paths"].items():
        for method in _METHODS:
            if method in methods:
                groups[methods[method]["tags"][0]].append((method.upper(), path, methods[method]))
    return groups


def _pretty(value: Any) -> str:
    """A value as people read JSON; a text as it is."""
    return value if isinstance(value, str) else msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


ROUTES = [openapi, docs, problems, style]
