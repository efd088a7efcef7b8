"""Problem details (RFC 9457): the one shape of every error, whoever noticed it."""

import http
from typing import Any, NamedTuple

import msgspec

from claimlens.domain.errors import InputError, InvalidError, RequestError

#: Where a problem type is explained. A path, so that it is the same on every installation and can be read without a
#: way out; each code has its anchor there, and in docs/reference/api.md.
TYPE_BASE = "/docs/problems#"
MEDIA_TYPE = "application/problem+json"
METHOD_NOT_ALLOWED, INTERNAL_ERROR, NOT_FOUND = "METHOD_NOT_ALLOWED", "INTERNAL_ERROR", "NOT_FOUND"


class Kind(NamedTuple):
    """A kind of problem: its statuses, its title, and what a client does about it."""

    statuses: tuple[int, ...]
    title: str
    advice: str


#: Every code there is; `docs/reference/api.md` and the docs page show this list.
KINDS: dict[str, Kind] = {
    "INVALID_SCHEMA": Kind(
        (400,),
        "The request does not have the shape that is asked for",
        "`errors` names each place by a JSON Pointer into the body. Mend it; the same request fails again.",
    ),
    "UNKNOWN_LOCALE": Kind(
        (400,),
        "No jurisdiction for this locale",
        "Send a locale of the list in `detail`, or set the tenant's default locale.",
    ),
    "INVALID_API_KEY": Kind(
        (401,),
        "No API key, or one that opens nothing",
        "Send `Authorization: Bearer cl_…` with a key that is neither revoked nor expired.",
    ),
    "INSUFFICIENT_PERMISSIONS": Kind(
        (403,),
        "The key may not do this",
        "Use a key whose role may; `detail` says which roles may.",
    ),
    NOT_FOUND: Kind(
        (404,),
        "There is no such thing",
        "It does not exist, or it belongs to another tenant: the answer is the same.",
    ),
    METHOD_NOT_ALLOWED: Kind(
        (405,),
        "This route has no such method",
        "The header `Allow` lists the methods that it has.",
    ),
    "IDEMPOTENCY_CONFLICT": Kind(
        (409, 422),
        "The request clashes with what is there",
        "409: a request with this `Idempotency-Key` is still being answered, or its answer held a secret and was not "
        "kept, or a name is taken. 422: the key was used with another body; take a fresh key.",
    ),
    "PAYLOAD_TOO_LARGE": Kind(
        (413,),
        "The body is too long",
        "`detail` says how long it may be. Send more items in several calls or as a job.",
    ),
    "RATE_LIMIT_EXCEEDED": Kind(
        (429,),
        "A rate limit is used up",
        "Wait as many seconds as `Retry-After` says; `RateLimit` says what is left of each limit.",
    ),
    INTERNAL_ERROR: Kind(
        (500,),
        "Something went wrong here",
        "Nothing was recorded as answered. Repeat the request; tell us the `correlation_id` if it stays.",
    ),
    "MAINTENANCE": Kind(
        (503,),
        "Closed for maintenance",
        "Reads stay open. Come back after `Retry-After` seconds.",
    ),
    "OVERLOADED": Kind(
        (503,),
        "No room at this moment",
        "Nothing was recorded and no verdict was given. Repeat the request after `Retry-After` seconds.",
    ),
}


class Place(msgspec.Struct, frozen=True):
    """Where in the body something is wrong (JSON Pointer, RFC 6901; empty for the whole or a query), and what."""

    pointer: str
    detail: str


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Problem details as they are sent."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    correlation_id: str
    errors: tuple[Place, ...] = ()


_encoder = msgspec.json.Encoder()


def problem(code: str, status: int, detail: str, correlation_id: str, errors: tuple[Place, ...] = ()) -> bytes:
    """The body of an error."""
    return _encoder.encode(
        Problem(
            type=type_of(code),
            title=KINDS[code].title,
            status=status,
            detail=detail,
            code=code,
            correlation_id=correlation_id,
            errors=errors,
        )
    )


def type_of(code: str) -> str:
    """The URL of a kind of problem."""
    return TYPE_BASE + anchor_of(code)


def anchor_of(code: str) -> str:
    """The anchor of a code on the page of problems."""
    return code.lower().replace("_", "-")


class Refusal(NamedTuple):
    """What an error comes to: the status, the code, what to say, and which headers go with it."""

    status: int
    code: str
    detail: str
    errors: tuple[Place, ...] = ()
    headers: tuple[tuple[bytes, bytes], ...] = ()


#: Sent instead of what an unknown error says: its text may hold anything.
INTERNAL = Refusal(500, INTERNAL_ERROR, "The request failed; it was logged under its correlation id.")


def refusal_of(error: Exception) -> Refusal:
    """What to answer for an error. What is not expected tells nothing of itself."""
    if isinstance(error, InvalidError):
        return Refusal(error.status, error.code, error.detail, tuple(Place(*each) for each in error.problems))
    if isinstance(error, RequestError):
        places = (Place(error.pointer, error.detail),) if error.pointer else ()
        wait = error.retry_after_s
        if wait is None and error.status in (429, 503):
            wait = 1
        headers = ((b"retry-after", str(wait).encode("ascii")),) if wait is not None else ()
        if error.status == 401:
            headers = ((b"www-authenticate", b"Bearer"),)
        return Refusal(error.status, error.code, error.detail, places, headers)
    if isinstance(error, InputError):
        return Refusal(400, error.code, error.detail, (Place(error.pointer, error.detail),))
    return INTERNAL


def refusal_of_status(status: int, headers: dict[str, Any] | None = None) -> Refusal:
    """What to answer where the framework refuses by a status of its own (no such route, no such method)."""
    kept = tuple(
        (name.lower().encode("ascii"), str(value).encode("latin-1")) for name, value in (headers or {}).items()
    )
    if status == 404:
        return Refusal(404, NOT_FOUND, "there is no such route; /docs lists them", (), kept)
    if status == 405:
        return Refusal(405, METHOD_NOT_ALLOWED, "this route has no such method", (), kept)
    if status == 413:
        return Refusal(413, "PAYLOAD_TOO_LARGE", "the body is longer than this route takes", (), kept)
    if 400 <= status < 500:
        return Refusal(400, "INVALID_SCHEMA", http.HTTPStatus(status).phrase.lower(), (), kept)
    return INTERNAL
