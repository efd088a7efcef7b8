"""What the worker has to do meanwhile: webhooks for blocked items, a bulk job every minute."""

import json
import threading
import time
from collections import Counter
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from bench.menus import items
from tests.installation import Installation

JOB_LINES = 100
#: A delivery that failed is tried again after up to six minutes.
_SETTLED_S = 400.0


class Hooks:
    """An endpoint of this machine that counts what it was told about which audit."""

    def __init__(self) -> None:
        self.told: Counter[str] = Counter()
        hooks = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                event = json.loads(self.rfile.read(int(self.headers["content-length"])))
                if audit_id := event.get("data", {}).get("audit_id"):
                    hooks.told[audit_id] += 1
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                return

        class Listener(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

        self._server = Listener(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/hook"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def subscribe(self, installation: Installation) -> None:
        wanted = {"url": self.url, "events": ["menu.item.block"]}
        made = installation.apis[0].ask("POST", "/v1/webhooks", wanted)
        assert made.status == 201, made.body

    def missing(self, blocked: set[str]) -> set[str]:
        """Blocked audits about which nothing came, after waiting as long as something comes now and then."""
        known, since = 0, time.monotonic()
        while (missing := blocked - self.told.keys()) and time.monotonic() < since + _SETTLED_S:
            if len(self.told) > known:
                known, since = len(self.told), time.monotonic()
            time.sleep(1)
        return missing

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Jobs:
    """Sends a file of items now and then, in a thread of its own; the first process takes it, which is never killed."""

    def __init__(self, installation: Installation, every_s: float) -> None:
        self._api = installation.apis[0]
        self._every_s = every_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.sent: list[str] = []
        self.wrong: list[str] = []
        lines = ({"id": item.id, "name": item.name, "description": item.description} for item in items(JOB_LINES))
        self._body = b"".join(json.dumps(line).encode() + b"\n" for line in lines)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def unfinished(self, within_s: float = _SETTLED_S) -> list[str]:
        """What is wrong with the jobs that were sent, after waiting for them."""
        deadline = time.monotonic() + within_s
        wrong = list(self.wrong)
        for job in self.sent:
            while (told := self._told(job)).get("state") not in ("finished", "failed"):
                if time.monotonic() > deadline:
                    break
                time.sleep(0.5)
            if told.get("state") != "finished":
                wrong.append(f"job {job} is {told.get('state')}: {told}")
        return wrong

    def _told(self, job: str) -> dict[str, Any]:
        told: dict[str, Any] = self._api.ask("GET", f"/v1/menu/jobs/{job}").json()
        return told

    def _run(self) -> None:
        while not self._stop.wait(self._every_s):
            headers = {"Content-Type": "application/x-ndjson", "Idempotency-Key": f"job-{len(self.sent)}"}
            try:
                answer = self._api.ask("POST", "/v1/menu/jobs?locale=en-GB", self._body, headers=headers)
            except (OSError, HTTPException):
                continue  # the same name again the next time
            if answer.status in (200, 201, 202):
                self.sent.append(answer.json()["job_id"])
            elif answer.status not in (409, 503):
                self.wrong.append(f"a job is answered {answer.status} {answer.body[:300]!r}")
