"""The OpenAPI 3.1 document, from what the routes say of themselves."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from litestar.handlers import HTTPRouteHandler

import claimlens
from claimlens.entry.api import gate_shapes
from claimlens.entry.api.spec import KEY, Answer, Spec, Takes
from claimlens.entry.web.problems import KINDS, MEDIA_TYPE, Problem, type_of

_REF = "#/components/schemas/{name}"
_PARAMETER = re.compile(r"\{(\w+):(\w+)\}")
_PATHS = {
    "uuid": {"type": "string", "format": "uuid"},
    "str": {"type": "string", "minLength": 1},
}
#: Statuses and headers that need words.
_HEADERS: dict[str, tuple[str, dict[str, Any]]] = {
    "X-Correlation-ID": ("The name of this request, yours or made.", {"type": "string"}),
    "RateLimit": ('What is left of each limit: `"key";r=99;t=12`.', {"type": "string"}),
    "RateLimit-Policy": ('The limits: `"key";q=100;w=60`.', {"type": "string"}),
    "Retry-After": ("Seconds to wait.", {"type": "string", "pattern": "^[0-9]+$"}),
    "Idempotency-Replayed": ("`true` for an answer that was given before.", {"const": "true"}),
    "Allow": ("The methods of this route.", {"type": "string"}),
    "X-Next-Cursor": ("The `cursor` of the next part; absent after the last.", {"type": "string"}),
    "WWW-Authenticate": ("`Bearer`.", {"type": "string"}),
    "Location": ("Where the new thing is.", {"type": "string"}),
    "Content-Disposition": ("A name for the file.", {"type": "string"}),
}
_ABOUT = """\
Send food text before it is published; get **allow**, **modify** or **block**, with the law for every reason.

Every route answers under `/v1` and under `/api/v1`. A body is JSON whatever its Content-Type says. Errors have one
shape, `application/problem+json`, explained under [`/docs/problems`](/docs/problems)."""
_TAGS = {
    "Gate": "Verdicts.",
    "Jobs": "Up to 100 MB of items at once, judged by the worker.",
    "Records": "Audits, exports, proofs.",
    "Reviews": "What needs a person, and what people decided.",
    "Keys": "API keys.",
    "Tenants": "Organisations and what they set for themselves.",
    "Users": "People who sign in.",
    "Webhooks": "Where a tenant is told.",
    "Access log": "Who did what.",
    "Operations": "Health, metrics, maintenance.",
    "Documents": "This document.",
}


def document(handlers: Sequence[HTTPRouteHandler]) -> dict[str, Any]:
    """The document of these routes."""
    routes = [(path, _method(handler), handler.opt[KEY]) for handler in handlers for path in sorted(handler.paths)]
    shapes = _Shapes([spec for _, _, spec in routes])
    paths: dict[str, dict[str, Any]] = {}
    for path, method, spec in routes:
        paths.setdefault(_PARAMETER.sub(r"{\1}", path), {})[method] = _operation(path, method, spec, shapes)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "ClaimLens",
            "version": claimlens.__version__,
            "summary": "A pre-publish gate for food text.",
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "This server."}],
        "tags": [{"name": name, "description": about} for name, about in _TAGS.items()],
        "paths": paths,
        "components": {
            "schemas": shapes.components,
            "headers": {name: {"description": about, "schema": schema} for name, (about, schema) in _HEADERS.items()},
            "responses": {str(status): _problem_answer(status, codes) for status, codes in _BY_STATUS.items()},
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "bearerFormat": "cl_live_…"}},
        },
    }


class _Shapes:
    """Every type on the wire as a schema, named once."""

    def __init__(self, specs: Sequence[Spec]) -> None:
        shapes = [shape for spec in specs for shape in (spec.shape, *(answer.shape for answer in spec.answers))]
        types = list(dict.fromkeys([shape for shape in shapes if isinstance(shape, type)]))
        found, self.components = msgspec.json.schema_components([*types, Problem], ref_template=_REF)
        self._named = dict(zip(types, found, strict=False))
        self.components["Item"] = gate_shapes.ITEM

    def of(self, shape: Any) -> dict[str, Any]:
        """The schema of a type, or the schema itself."""
        return shape if isinstance(shape, Mapping) else self._named[shape]  # type: ignore[return-value]


def _method(handler: HTTPRouteHandler) -> str:
    (method,) = handler.http_methods
    return str(method).lower()


def _operation(path: str, method: str, spec: Spec, shapes: _Shapes) -> dict[str, Any]:
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": _PATHS[kind]}
        for name, kind in _PARAMETER.findall(path)
    ]
    for each in spec.query:
        parameter: dict[str, Any] = {"name": each.name, "in": "query", "description": each.about, "schema": each.schema}
        if each.example:
            parameter["example"] = each.example
        parameters.append(parameter)
    if method == "post" and not spec.public:
        parameters.append(_IDEMPOTENCY_KEY)
    parameters.append(_CORRELATION)
    operation: dict[str, Any] = {
        "operationId": spec.name,
        "tags": [spec.tag],
        "summary": spec.summary,
        "parameters": parameters,
        "responses": _responses(method, spec, shapes),
    }
    if about := _about(spec):
        operation["description"] = about
    if not spec.public:
        operation["security"] = [{"key": []}, {}] if spec.operators else [{"key": []}]
    if spec.takes is not Takes.NOTHING:
        operation["requestBody"] = _body(spec, shapes)
    return operation


def _about(spec: Spec) -> str:
    parts = [spec.about] if spec.about else []
    if spec.action:
        parts.append(f"Action: `{spec.action}`.")
    if spec.closes:
        parts.append("Closed during maintenance.")
    return "\n\n".join(parts)


_MEDIA = {
    Takes.JSON: "application/json",
    Takes.FORM: "multipart/form-data",
    Takes.STREAM: "application/x-ndjson",
}
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Your name for this request, 1 to 255 visible ASCII characters, kept 24 hours: sent again with the "
    "same body, it is answered with the same bytes.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
}
_CORRELATION = {
    "name": "X-Correlation-ID",
    "in": "header",
    "description": "Your name for this request in logs, audits and webhooks: 1 to 128 visible ASCII characters. "
    "Anything else, or nothing, is replaced by one that is made.",
    "schema": {"type": "string"},
}


def _body(spec: Spec, shapes: _Shapes) -> dict[str, Any]:
    content: dict[str, Any] = {"schema": shapes.of(spec.shape) if spec.shape is not None else {}}
    if spec.examples:
        content["examples"] = {name: {"value": value} for name, value in spec.examples.items()}
    return {"required": True, "content": {_MEDIA[spec.takes]: content}}


def _responses(method: str, spec: Spec, shapes: _Shapes) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for answer in spec.answers:
        response = responses.setdefault(
            str(answer.status), {"description": answer.about, "headers": _headers(method, spec)}
        )
        response["headers"] |= {name: _header(name) for name in answer.headers}
        if answer.status != 204:
            response.setdefault("content", {})[answer.media_type] = _content(answer, shapes)
    for status in sorted(_statuses(method, spec)):
        responses.setdefault(str(status), {"$ref": f"#/components/responses/{status}"})
    return responses


def _content(answer: Answer, shapes: _Shapes) -> dict[str, Any]:
    content: dict[str, Any] = {"schema": {"type": "string"} if answer.shape is None else shapes.of(answer.shape)}
    if answer.example is not None:
        content["example"] = answer.example
    return content


def _headers(method: str, spec: Spec) -> dict[str, Any]:
    names = ["X-Correlation-ID"]
    if not spec.uncounted:
        names += ["RateLimit", "RateLimit-Policy"]
    if method == "post" and not spec.public:
        names.append("Idempotency-Replayed")
    return {name: _header(name) for name in names}


def _header(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/headers/{name}"}


def _statuses(method: str, spec: Spec) -> set[int]:
    """Statuses of the problems that a route may answer."""
    statuses = {500}
    for code in spec.problems:
        statuses.update(KINDS[code].statuses)
    if not spec.uncounted:
        statuses.add(429)
    # A query that is no text, an Idempotency-Key of bad letters, a body of the wrong shape.
    if not spec.public or spec.query:
        statuses.add(400)
    if not spec.public:
        # The store is asked who holds a key, so it can be out for every such route.
        statuses |= {401, 403, 503}
    if spec.takes is not Takes.NOTHING:
        statuses |= {400, 413}
    if method == "post" and not spec.public:
        statuses |= {409, 422}
    return statuses


_BY_STATUS: dict[int, tuple[str, ...]] = {}
for _code, _kind in KINDS.items():
    for _status in _kind.statuses:
        _BY_STATUS[_status] = (*_BY_STATUS.get(_status, ()), _code)

_EXTRA_HEADERS = {401: ("WWW-Authenticate",), 405: ("Allow",), 429: ("Retry-After",), 503: ("Retry-After",)}


def _problem_answer(status: int, codes: tuple[str, ...]) -> dict[str, Any]:
    code = codes[0]
    example = {
        "type": type_of(code),
        "title": KINDS[code].title,
        "status": status,
        "detail": KINDS[code].title,
        "code": code,
        "correlation_id": "till-4711",
        "errors": [],
    }
    headers = ("X-Correlation-ID", "RateLimit", "RateLimit-Policy", *_EXTRA_HEADERS.get(status, ()))
    return {
        "description": "; ".join(f"`{each}`: {KINDS[each].title}" for each in codes) + ".",
        "headers": {name: _header(name) for name in headers},
        "content": {MEDIA_TYPE: {"schema": {"$ref": _REF.format(name="Problem")}, "example": example}},
    }
