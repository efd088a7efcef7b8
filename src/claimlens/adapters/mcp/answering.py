"""HTTP for the SDK's session, in which whatever happens to one call is the answer to that call.

The SDK keeps one session for all calls. An error of the network that reaches it ends the session and every other call
in it (python-sdk issue 3560); an error response ends one call. So nothing is raised here but cancellation, and an
answer is read to its end before it is handed on: a server that dies in the middle of one is an error response too.
"""

import json

import httpx2

#: Codes of our own (JSON-RPC leaves -32099 to -32000 to implementations).
OUT, REFUSED = -32050, -32051
#: No answer of a service comes near this; one that is longer is not read to its end.
MOST_ANSWER_BYTES = 32 * 1024 * 1024


class Answering(httpx2.AsyncBaseTransport):
    """Wraps a transport. `most_bytes`: no request longer than this is sent, the server would not take it."""

    def __init__(self, wrapped: httpx2.AsyncBaseTransport, *, most_bytes: int) -> None:
        self._wrapped = wrapped
        self._most_bytes = most_bytes

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """The response, read; an error response of ours if there is none. Raises nothing but CancelledError."""
        request.headers["Accept-Encoding"] = "identity"  # a few kilobytes must not unfold into gigabytes
        try:
            if len(await request.aread()) > self._most_bytes:
                return _error(413, REFUSED, f"the call is longer than {self._most_bytes} bytes")
            response = await self._wrapped.handle_async_request(request)
            try:
                return await _whole(response)
            finally:
                await response.aclose()
        except Exception as error:  # whatever it is, it is no reason to end the other calls
            return _error(503, OUT, _said(error))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._wrapped.aclose()


async def _whole(response: httpx2.Response) -> httpx2.Response:
    if response.headers.get("content-encoding", "identity") != "identity":
        return _error(502, OUT, "the answer is compressed, which was not asked for")
    assert isinstance(response.stream, httpx2.AsyncByteStream)
    body = bytearray()
    async for chunk in response.stream:
        body += chunk
        if len(body) > MOST_ANSWER_BYTES:
            return _error(502, OUT, f"the answer is longer than {MOST_ANSWER_BYTES} bytes")
    if response.status_code >= 400 and not _is_error_of_protocol(response, body):
        code = REFUSED if response.status_code in (400, 413, 422) else OUT
        return _error(response.status_code, code, f"HTTP status {response.status_code}")
    return httpx2.Response(
        response.status_code, headers=response.headers, content=bytes(body), extensions=response.extensions
    )


def _is_error_of_protocol(response: httpx2.Response, body: bytes | bytearray) -> bool:
    if not response.headers.get("content-type", "").lower().startswith("application/json"):
        return False
    try:
        told = json.loads(body)
    except ValueError:
        return False
    return isinstance(told, dict) and isinstance(told.get("error"), dict) and "code" in told["error"]


def _error(status: int, code: int, message: str) -> httpx2.Response:
    """A response that the session hands to the one call it answers, and to no other."""
    return httpx2.Response(
        status, json={"jsonrpc": "2.0", "id": None, "error": {"code": code, "message": message[:300]}}
    )


def _said(error: Exception) -> str:
    line = (str(error).splitlines() or [""])[0]
    return f"{type(error).__name__}: {line}" if line else type(error).__name__
