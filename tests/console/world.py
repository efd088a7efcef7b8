"""A server with people of every role, and browsers in which they are signed in."""

import re
import time
from base64 import b32decode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page

from claimlens.kit.totp import code_at, step_at
from tests.serving import Server, serving

PASSWORD = "correct horse battery"
ROLES = ("platform_admin", "admin", "editor", "viewer", "publisher")
TENANT = "tenant-001"
#: Something that needs a person, something to change, something to leave alone.
DOUBTFUL = {
    "id": "halwa-1",
    "name": "Diabetic-friendly halwa",
    "description": "Helps control blood sugar. Gluten free.",
}
CHANGED = {"id": "juice-1", "name": "Immunity Boost Orange Juice", "ingredients": "orange juice", "kind": "beverage"}
PLAIN = {
    "id": "dal-1",
    "name": "Dal tadka",
    "ingredients": "lentils, cumin, oil",
    "description": "Slow-cooked lentils.",
}


class World:
    """One server, its people and their browsers."""

    def __init__(self, server: Server, browser: Browser) -> None:
        self.server = server
        self._browser = browser
        self._states: dict[str, Any] = {}
        self.secrets: dict[str, bytes] = {}
        #: What pages complained about: scripts that failed, files that the policy refused.
        self.complaints: list[str] = []
        for role in ROLES:
            self.add_person(f"{role}@kitchen.example", role)

    def add_person(self, email: str, role: str) -> str:
        wanted = {"tenant_id": TENANT, "email": email, "role": role, "password": PASSWORD}
        answer = self.server.ask("POST", "/v1/users", wanted)
        assert answer.status == 201, answer.body
        return str(answer.json()["id"])

    def judge(self, *items: Mapping[str, Any], locale: str = "en-IN") -> list[dict[str, Any]]:
        """Verdicts by the API, as a kitchen's integration gets them."""
        answer = self.server.ask("POST", "/v1/menu/feed", {"items": list(items), "locale": locale})
        assert answer.status == 200, answer.body
        verdicts: list[dict[str, Any]] = answer.json()["verdicts"]
        return verdicts

    @contextmanager
    def as_(self, role: str, **options: Any) -> Iterator[Page]:
        """A browser of its own in which a person of this role is signed in; `stranger` for nobody."""
        if role != "stranger" and role not in self._states:
            with self._opened() as context:
                page = self._new_page(context)
                self.sign_in(page, f"{role}@kitchen.example")
                self._states[role] = context.storage_state()
        with self._opened(storage_state=self._states.get(role), **options) as context:
            yield self._new_page(context)

    def sign_in(self, page: Page, email: str) -> None:
        """By the form, as far as it goes: a second factor is set up or shown where it is asked for."""
        page.goto(f"{self.server.url}/console/sign-in")
        page.get_by_label("E-mail address").fill(email)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        if page.url.endswith("/second-factor"):
            self.set_up_factor(page, email)
            page.get_by_role("link", name="I have kept them").click()
        page.wait_for_url(re.compile(r"/console(/audits)?$"))

    def set_up_factor(self, page: Page, email: str) -> None:
        """On the page that asks for it: tell the app the letters, and the page the code."""
        self.secrets[email] = b32decode(page.locator(".letters").inner_text().replace(" ", ""))
        page.get_by_label("Code").fill(self.code(email))
        page.get_by_role("button", name="Confirm").click()

    def code(self, email: str, later: int = 0) -> str:
        """The code that the person's app shows now, or so many steps later."""
        return code_at(self.secrets[email], step_at(time.time()) + later)

    @contextmanager
    def _opened(self, **options: Any) -> Iterator[BrowserContext]:
        context = self._browser.new_context(base_url=self.server.url, **options)
        context.set_default_timeout(60_000)
        try:
            yield context
        finally:
            context.close()

    def _new_page(self, context: BrowserContext) -> Page:
        page = context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))
        page.on("console", lambda said: self._note(page, said.type, said.text))
        return page

    def _note(self, page: Page, kind: str, text: str) -> None:
        # Who leaves a page while it asks for its banner breaks that request off: no script failed.
        expected = ("the server responded with a status of", "Status Error Code", "htmx:sendAbort", "htmx:afterRequest")
        if kind == "error" and not any(words in text for words in expected):
            self.complaints.append(f"{page.url}: {text}")


@contextmanager
def world(folder: Path, browser: Browser, database_url: str, **environ: str) -> Iterator[World]:
    """A server over a database, with its people."""
    # The engine that reads photos may start slowly on a busy machine; no test is about that.
    usual = {"DATABASE_URL": database_url, "CLAIMLENS_OCR_LIMIT_MS": "60000", "CLAIMLENS_WEBHOOKS_TO_PRIVATE": "1"}
    with serving(folder, environ=usual | environ) as server:
        yield World(server, browser)
