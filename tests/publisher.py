"""A publisher of recalls: an HTTP server on this machine whose files a test puts there."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Publisher:
    """`files`: path without query → (status, headers, body). `asked`: what it was asked for, in order."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.files: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.asked: list[str] = []

    def offer(self, path: str, body: bytes, status: int = 200, **headers: str) -> None:
        self.files[path] = (status, headers, body)


@contextmanager
def publishing() -> Iterator[Publisher]:
    """A publisher for the length of a block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            publisher.asked.append(self.path)
            status, headers, body = publisher.files.get(self.path.partition("?")[0], (404, {}, b"no such file"))
            self.send_response(status)
            for name, value in {"content-length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        publisher = Publisher(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield publisher
        finally:
            server.shutdown()
            thread.join()
