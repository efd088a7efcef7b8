"""Audits and exports."""

from typing import Any
from uuid import UUID

from litestar.params import FromPath
from litestar.response import Response, Stream

from claimlens.domain.verdict import Outcome
from claimlens.entry.api import reply
from claimlens.entry.api.call import TheCall
from claimlens.entry.api.spec import Answer, Parameter, Spec, route
from claimlens.entry.api.vocabulary import CURSOR, END, LIMIT, START, VERDICT
from claimlens.usecases.menu_export import MOST_ITEMS, USUAL_ITEMS

_TAG = "Records"
_NDJSON = "application/x-ndjson"
_MARKDOWN = "text/markdown"
_FORMATS = ("json", "markdown")
_ONE = "/v1/audits/{audit_id:uuid}"
_UUID = {"type": "string", "format": "uuid"}
_MOMENT = {"type": "string", "format": "date-time"}
_TEXT = {"type": "string"}

_FILTERS = (
    START,
    END,
    VERDICT,
    Parameter(name="item_id", about="Of this item only.", example="j-1"),
    Parameter(name="rule_id", about="With a finding of this rule that counts.", example="GB-HEALTH-IMMUNITY-001"),
    Parameter(name="correlation_id", about="Of this request only.", example="till-4711"),
    Parameter(name="job_id", about="Of this job only."),
    Parameter(
        name="needs_review",
        about="Waiting for evidence or a person, or not.",
        schema={"type": "string", "enum": ["true", "false"]},
    ),
)

#: An audit as it stands in a list.
ROW: dict[str, Any] = {
    "type": "object",
    "required": ["id", "ts", "item_id", "verdict", "needs_review", "locale", "profile", "rules", "correlation_id"],
    "properties": {
        "id": _UUID,
        "ts": _MOMENT,
        "item_id": _TEXT,
        "verdict": {"enum": [str(outcome) for outcome in Outcome]},
        "needs_review": {"type": "boolean"},
        "locale": _TEXT,
        "profile": _TEXT,
        "rules": {"type": "array", "items": _TEXT},
        "degraded": {"type": "boolean"},
        "test": {"type": "boolean"},
        "correlation_id": _TEXT,
        "job_id": {"type": ["string", "null"]},
    },
}
_PAGE: dict[str, Any] = {
    "type": "object",
    "required": ["audits", "next_cursor"],
    "properties": {"audits": {"type": "array", "items": ROW}, "next_cursor": {"type": ["string", "null"]}},
}
_RECORD: dict[str, Any] = {
    "type": "object",
    "description": "Canonical JSON (RFC 8785), byte for byte as it was hashed. The item is without personal data.",
    "required": ["schema", "audit_id", "ts", "tenant_id", "item", "verdict"],
    "properties": {
        "schema": {"type": "integer"},
        "audit_id": _UUID,
        "ts": _MOMENT,
        "tenant_id": _TEXT,
        "correlation_id": _TEXT,
        "profile": _TEXT,
        "kind": _TEXT,
        "locale": _TEXT,
        "on": {"type": "string", "format": "date"},
        "engine": _TEXT,
        "pack_digests": {"type": "object"},
        "item": {"type": "object"},
        "item_digest": _TEXT,
        "verdict": {"type": "object"},
        "services": {"type": "object"},
        "test": {"type": "boolean"},
        "job_id": {"type": ["string", "null"]},
    },
}
_HEX_32 = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_HEX_64 = {"type": "string", "pattern": "^[0-9a-f]{128}$"}
_SEAL = {
    "type": "object",
    "required": ["schema", "tenant_id", "number", "first_seq", "count", "root", "previous", "key"],
}
_PROOF: dict[str, Any] = {
    "type": "object",
    "required": ["audit_id", "sealed"],
    "properties": {
        "audit_id": _UUID,
        "sealed": {"type": "boolean"},
        "seq": {"type": "integer", "minimum": 1},
        "index": {"type": "integer", "minimum": 0},
        "leaf": _HEX_32,
        "path": {"type": "array", "items": _HEX_32},
        "seal": _SEAL,
        "signature": _HEX_64,
    },
}
_HEAD: dict[str, Any] = {
    "type": "object",
    "required": ["public_key", "public_keys", "head", "seal", "signature"],
    "properties": {
        "public_key": _HEX_32,
        "public_keys": {"type": "array", "items": _HEX_32, "description": "That one, and those before it."},
        "head": {"anyOf": [_HEX_32, {"type": "null"}]},
        "seal": {"anyOf": [_SEAL, {"type": "null"}]},
        "signature": {"anyOf": [_HEX_64, {"type": "null"}]},
    },
}
_ID = "0192f3a4-5b6c-7d8e-9f01-23456789abcd"
ROW_EXAMPLE = {
    "id": _ID,
    "ts": "2026-11-23T10:30:00.000000Z",
    "item_id": "j-1",
    "verdict": "modify",
    "needs_review": False,
    "locale": "en-GB",
    "profile": "menushield_gb",
    "rules": ["GB-HEALTH-IMMUNITY-001"],
    "degraded": False,
    "test": False,
    "correlation_id": "till-4711",
    "job_id": None,
}


@route(
    "GET",
    "/v1/audits",
    Spec(
        name="listAudits",
        tag=_TAG,
        summary="List audits",
        about="Newest first.",
        action="audits.read",
        query=(*_FILTERS, CURSOR, LIMIT),
        answers=(Answer(shape=_PAGE, example={"audits": [ROW_EXAMPLE], "next_cursor": None}),),
    ),
)
async def page(call: TheCall) -> Response[bytes]:
    """List audits."""
    return reply.raw(await call.service.audits.page(call.principal, call.query()))


@route(
    "GET",
    _ONE,
    Spec(
        name="getAudit",
        tag=_TAG,
        summary="One audit",
        about="The record as it was hashed; `format=markdown` for people.",
        action="audits.read",
        query=(
            Parameter(
                name="format", about="`json` (the default) or `markdown`.", schema={"type": "string", "enum": _FORMATS}
            ),
        ),
        answers=(Answer(shape=_RECORD), Answer(media_type=_MARKDOWN)),
        problems=("NOT_FOUND",),
    ),
)
async def find(call: TheCall, audit_id: FromPath[UUID]) -> Response[bytes]:
    """One audit."""
    if call.query().get("format") == "markdown":
        text = await call.service.audits.markdown(call.principal, str(audit_id))
        return reply.raw(text.encode(), _MARKDOWN)
    return reply.raw(await call.service.audits.one(call.principal, str(audit_id)))


@route(
    "GET",
    f"{_ONE}/proof",
    Spec(
        name="getProof",
        tag=_TAG,
        summary="The proof of an audit",
        about="`sealed` is false until the audit stands under a signed seal. Then `path` leads from `leaf`, the hash "
        "of the record, to the `root` of the `seal` (RFC 6962), which `signature` covers.",
        action="audits.prove",
        answers=(Answer(shape=_PROOF, example={"audit_id": _ID, "sealed": False}),),
        problems=("NOT_FOUND",),
    ),
)
async def proof(call: TheCall, audit_id: FromPath[UUID]) -> Response[bytes]:
    """The proof of an audit."""
    return reply.raw(await call.service.proofs.one(call.principal, str(audit_id)))


@route(
    "GET",
    "/v1/seals/head",
    Spec(
        name="getSealHead",
        tag=_TAG,
        summary="The last seal and the public keys",
        about="Keep `head` somewhere else: with it `claimlens audits verify --head` finds a tail that was cut off with "
        "all its seals.",
        action="audits.prove",
        answers=(Answer(shape=_HEAD),),
    ),
)
async def head(call: TheCall) -> Response[bytes]:
    """The last seal and the public key."""
    return reply.raw(await call.service.proofs.head(call.principal))


@route(
    "GET",
    "/v1/export/audits",
    Spec(
        name="exportAudits",
        tag=_TAG,
        summary="Take audits out",
        about="NDJSON of any length, a record a line, oldest first. The last line is `_summary`; without it the stream "
        "was cut.",
        action="audits.export",
        query=_FILTERS,
        answers=(Answer(about="The records.", media_type=_NDJSON),),
    ),
)
async def export(call: TheCall) -> Stream:
    """Take audits out."""
    return await reply.stream(await call.service.audits.export(call.principal, call.query()), _NDJSON)


@route(
    "GET",
    "/v1/export/menu.ndjson",
    Spec(
        name="exportMenu",
        tag=_TAG,
        summary="The menu as it may be published",
        about="NDJSON: the latest text of each item with its changes made, in order of the ids. The last line is "
        "`_summary`.",
        action="menu.export",
        query=(
            CURSOR,
            Parameter(
                name="limit",
                about="Items of the page.",
                schema={"type": "integer", "minimum": 1, "maximum": MOST_ITEMS, "default": USUAL_ITEMS},
                example="200",
            ),
        ),
        answers=(Answer(about="The items.", media_type=_NDJSON, headers=("X-Next-Cursor",)),),
    ),
)
async def menu(call: TheCall) -> Response[bytes]:
    """The menu as it may be published."""
    body, next_cursor = await call.service.menu_export.page(call.principal, call.query())
    return reply.raw(body, _NDJSON, headers={"X-Next-Cursor": next_cursor} if next_cursor else None)


ROUTES = [page, find, proof, head, export, menu]
