"""Keys and people, in a real browser."""

import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from playwright.sync_api import expect

from tests.console.world import PASSWORD
from tests.valkey import eventually


@contextmanager
def receiving():
    """The other end of a webhook: its address, and what it got."""
    got: list[bytes] = []

    class Taker(BaseHTTPRequestHandler):
        def do_POST(self):
            got.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            """No lines among those of the tests."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Taker)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/in", got
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def delivered_twice(page):
    page.reload()
    return page.locator("tbody").get_by_role("button", name="Send again").count() == 2


class TestKeys:
    def test_a_key_is_made_used_rotated_and_revoked(self, console):
        with console.as_("admin") as page:
            page.goto("/console/keys")
            page.get_by_label("Name").fill("till in Pune")
            page.get_by_role("button", name="Make a key").click()
            key = page.locator(".secret").inner_text()
            ask = {"item": {"name": "Tomato soup"}, "locale": "en-IN"}
            assert console.server.ask("POST", "/v1/menu/validate", ask, key=key).status == 200
            row = page.locator("tr", has_text="till in Pune").first
            row.get_by_role("button", name="Rotate").click()
            second = page.locator(".secret").inner_text()
            assert second != key
            page.goto("/console/keys")
            expect(page.locator(".secret")).to_have_count(0)
            row = page.locator("tr", has_text="till in Pune").filter(has_text=second[:12])
            row.get_by_text("Revoke").click()
            row.get_by_role("button", name="Yes, end it at once").click()
            expect(page.locator("tr", has_text=second[:12])).to_contain_text("revoked")

    def test_an_administrator_hands_on_no_more_than_they_have(self, console):
        with console.as_("admin") as page:
            page.goto("/console/keys")
            assert "platform_admin" not in page.locator("#role option").all_inner_texts()
            token = page.locator("body").get_attribute("data-form-token")
            answer = page.request.post("/console/keys", form={"form_token": token, "role": "platform_admin"})
            assert answer.status == 403


class TestPeople:
    def test_somebody_is_let_in_helped_and_shut_out(self, console):
        email = "new@kitchen.example"
        with console.as_("admin") as page, console.as_("stranger") as theirs:
            page.goto("/console/users")
            page.get_by_label("E-mail address").fill(email)
            page.get_by_label("Role", exact=True).first.select_option("viewer")
            page.get_by_role("button", name="Let them in").click()
            password = page.locator(".secret").inner_text()
            assert len(password) >= 12

            def sign_in(with_password):
                theirs.goto("/console/sign-in")
                theirs.get_by_label("E-mail address").fill(email)
                theirs.get_by_label("Password").fill(with_password)
                theirs.get_by_role("button", name="Sign in").click()

            sign_in(password)
            expect(theirs.get_by_role("link", name=email)).to_be_visible()
            page.goto("/console/users")
            row = page.locator("tr", has_text=email)
            row.get_by_text("Change").click()
            row.get_by_role("button", name="New password").click()
            second = page.locator(".secret").inner_text()
            theirs.goto("/console/audits")
            expect(theirs).to_have_url(re.compile("/console/sign-in"))
            sign_in(second)
            expect(theirs.get_by_role("link", name=email)).to_be_visible()
            page.goto("/console/users")
            row = page.locator("tr", has_text=email)
            row.get_by_text("Change").click()
            row.get_by_role("button", name="Shut out").click()
            expect(page.locator("tr", has_text=email)).to_contain_text("shut out")
            theirs.goto("/console/audits")
            expect(theirs).to_have_url(re.compile("/console/sign-in"))

    def test_a_lost_phone_is_reset(self, console):
        email = "phone@kitchen.example"
        console.add_person(email, "admin")
        with console.as_("stranger") as theirs:
            console.sign_in(theirs, email)
            with console.as_("platform_admin") as page:
                page.goto("/console/users")
                row = page.locator("tr", has_text=email)
                row.get_by_text("Change").click()
                row.get_by_role("button", name="Reset second factor").click()
            theirs.goto("/console/sign-in")
            theirs.get_by_label("E-mail address").fill(email)
            theirs.get_by_label("Password").fill(PASSWORD)
            theirs.get_by_role("button", name="Sign in").click()
            expect(theirs.get_by_role("heading", level=1)).to_have_text("Set up a second factor")


class TestWebhooks:
    def test_an_endpoint_is_added_and_a_delivery_sent_again(self, console):
        with receiving() as (url, got), console.as_("admin") as page:
            page.goto("/console/webhooks")
            if not page.get_by_label("Address").is_visible():
                page.get_by_text("Add an endpoint").click()
            page.get_by_label("Address").fill(url)
            page.get_by_role("button", name="Add").click()
            assert page.locator(".secret").inner_text().startswith("whsec_")
            console.judge({"id": "told-1", "name": "Tomato soup"})
            eventually(lambda: len(got) == 1, "the verdict is told")
            page.get_by_role("link", name=url).click()
            expect(page.locator("tbody tr")).to_have_count(1)

            def delivered():
                page.reload()
                return page.locator("tbody").get_by_role("button", name="Send again").count() == 1

            eventually(delivered, "the page shows it as delivered")
            page.locator("tbody").get_by_role("button", name="Send again").click()
            eventually(lambda: len(got) == 2, "it is told again")
            page.reload()
            expect(page.locator("tbody tr")).to_have_count(2)
            eventually(lambda: delivered_twice(page), "both are delivered")
            page.get_by_text("Send many again").click()
            page.get_by_label("What", exact=True).select_option("what was delivered")
            page.locator("form[action$=replay]").get_by_role("button").click()
            # Both are of one event, which is told once.
            expect(page.get_by_text("1 delivery is on the way again.")).to_be_visible()
            eventually(lambda: len(got) == 3, "it is told once more")
            page.get_by_role("button", name="Switch off").click()
            expect(page.get_by_text("Nothing is sent to it.")).to_be_visible()
