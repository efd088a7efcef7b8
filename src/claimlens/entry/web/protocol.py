"""HTTP as uvicorn reads it, with bounds on what comes before a request is one."""

import asyncio
import secrets

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from claimlens.entry.web.problems import MEDIA_TYPE, problem

#: Bytes of the request line and headers of one request, and how long they may take to come in, in seconds.
MOST_HEAD, HEAD_S = 64 * 1024, 20.0


class HttpProtocol(HttpToolsProtocol):
    """One connection. What is no HTTP gets problem details too; a head that is endless or never ends is cut off."""

    _head = 0
    _in_head = True
    _waiting: asyncio.TimerHandle | None = None
    _answered: RequestResponseCycle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client connects; it has so long to say what it wants."""
        super().connection_made(transport)
        self._waiting = self.loop.call_later(HEAD_S, self._cut)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        self._heard()
        if self._answered is not None and not self._answered.response_complete:
            # uvicorn tells only the last request that came, not the one before it that is being answered.
            self._answered.disconnected = True
            self._answered.message_event.set()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes come in."""
        super().data_received(data)
        if not self._in_head or self.transport.is_closing():
            return
        self._head += len(data)
        if self._head > MOST_HEAD:
            self.send_400_response(f"the headers are longer than {MOST_HEAD:,} bytes")
        elif self._waiting is None and self._head:
            self._waiting = self.loop.call_later(HEAD_S, self._cut)

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._in_head, self._head = True, 0

    def on_headers_complete(self) -> None:
        """Its head is whole."""
        self._in_head = False
        self._heard()
        super().on_headers_complete()
        if not self.pipeline:
            self._answered = self.cycle

    def on_response_complete(self) -> None:
        """The next of several requests on this connection, if there is one, is answered."""
        if self.pipeline:
            self._answered = self.pipeline[-1][0]
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        """Problem details, and the end of the connection."""
        correlation_id = secrets.token_hex(16)
        body = problem("INVALID_SCHEMA", 400, msg, correlation_id)
        head = [STATUS_LINE[400]]
        head += [name + b": " + value + b"\r\n" for name, value in self.server_state.default_headers]
        head.append(f"x-correlation-id: {correlation_id}\r\ncache-control: no-store\r\n".encode())
        head.append(f"content-type: {MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n".encode())
        self.transport.write(b"".join(head) + body)
        self.transport.close()

    def _heard(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _cut(self) -> None:
        self._waiting = None
        if not self.transport.is_closing():
            self.transport.close()
