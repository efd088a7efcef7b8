"""Getting in and out, in a real browser."""

import re

import pytest
from playwright.sync_api import expect

from tests.console.world import PASSWORD, ROLES


class TestPasswords:
    def test_an_editor_gets_in_and_out(self, console):
        with console.as_("stranger") as page:
            page.goto("/console/audits")
            expect(page).to_have_url(re.compile(r"/console/sign-in\?next=/console/audits$"))
            page.get_by_label("E-mail address").fill("editor@kitchen.example")
            page.get_by_label("Password").fill(PASSWORD)
            page.keyboard.press("Enter")
            expect(page).to_have_url(re.compile(r"/console/audits$"))
            page.get_by_role("button", name="Sign out").click()
            expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
            page.goto("/console/audits")
            expect(page).to_have_url(re.compile("/console/sign-in"))

    def test_a_wrong_password_says_no_more_than_that(self, console):
        with console.as_("stranger") as page:
            said = []
            for email in ("editor@kitchen.example", "nobody@kitchen.example"):
                page.goto("/console/sign-in")
                page.get_by_label("E-mail address").fill(email)
                page.get_by_label("Password").fill("not the password")
                page.get_by_role("button", name="Sign in").click()
                said.append(page.get_by_role("alert").inner_text())
                assert page.get_by_label("E-mail address").input_value() == email
            assert said[0] == said[1]

    @pytest.mark.parametrize("to", ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example"])
    def test_nobody_is_sent_elsewhere_afterwards(self, console, to):
        with console.as_("stranger") as page:
            page.goto(f"/console/sign-in?next={to}")
            assert page.locator("input[name=next]").input_value() == "/console"

    def test_it_works_without_a_script(self, console):
        with console.as_("stranger", java_script_enabled=False) as page:
            console.sign_in(page, "viewer@kitchen.example")
            expect(page.get_by_role("heading", level=1)).to_have_text("May I say this here?")


class TestSecondFactors:
    def test_an_administrator_sets_it_up_and_is_asked_from_then_on(self, console):
        email = "second@kitchen.example"
        console.add_person(email, "admin")
        with console.as_("stranger") as page:
            page.goto("/console/sign-in")
            page.get_by_label("E-mail address").fill(email)
            page.get_by_label("Password").fill(PASSWORD)
            page.get_by_role("button", name="Sign in").click()
            expect(page.get_by_role("heading", level=1)).to_have_text("Set up a second factor")
            expect(page.locator("svg.qr")).to_be_visible()
            page.goto("/console/users")
            expect(page.get_by_role("heading", level=1)).to_have_text("Set up a second factor")
            page.get_by_label("Code").fill("000000")
            page.get_by_role("button", name="Confirm").click()
            expect(page.get_by_role("alert")).to_contain_text("not the present code")
            console.set_up_factor(page, email)
            page.get_by_role("link", name="I have kept them").click()
            expect(page.get_by_role("heading", level=1)).to_have_text("May I say this here?")
            page.get_by_role("button", name="Sign out").click()

            page.get_by_label("E-mail address").fill(email)
            page.get_by_label("Password").fill(PASSWORD)
            page.get_by_role("button", name="Sign in").click()
            expect(page.get_by_role("heading", level=1)).to_have_text("The code, please")
            page.goto("/console")
            expect(page.get_by_role("link", name="People")).to_have_count(0)
            page.goto("/console/second-factor")
            expect(page.get_by_role("heading", level=1)).to_have_text("The code, please")
            page.get_by_label("Code of the authenticator").fill(console.code(email, later=1))
            page.get_by_role("button", name="Go on").click()
            expect(page.get_by_role("link", name="People")).to_be_visible()

    def test_a_recovery_code_lets_in_who_lost_the_phone(self, console):
        email = "lost@kitchen.example"
        console.add_person(email, "editor")
        with console.as_("stranger") as page:
            console.sign_in(page, email)
            page.get_by_role("link", name=email).click()
            page.get_by_role("link", name="Set it up").click()
            console.set_up_factor(page, email)
            codes = page.locator(".codes code").all_inner_texts()
            assert len(codes) == 10
            page.get_by_role("button", name="Sign out").click()
            page.get_by_label("E-mail address").fill(email)
            page.get_by_label("Password").fill(PASSWORD)
            page.get_by_role("button", name="Sign in").click()
            page.get_by_label("Code of the authenticator").fill(codes[0])
            page.get_by_role("button", name="Go on").click()
            page.get_by_role("link", name=email).click()
            expect(page.get_by_text("9 recovery codes left")).to_be_visible()


class TestForms:
    def test_a_form_of_somebody_else_is_refused(self, console):
        with console.as_("editor") as page:
            page.goto("/console/account")
            for token in ("", "0" * 64):
                answer = page.request.post("/console/sign-out", form={"form_token": token})
                assert answer.status == 403
                assert "too old" in answer.text()
            token = page.locator("body").get_attribute("data-form-token")
            answer = page.request.post(
                "/console/sign-out", form={"form_token": token}, headers={"Sec-Fetch-Site": "cross-site"}
            )
            assert answer.status == 403
            page.goto("/console/account")
            expect(page.get_by_role("heading", level=1)).to_have_text("editor@kitchen.example")

    def test_the_cookie_is_out_of_reach_of_scripts(self, console):
        with console.as_("editor") as page:
            page.goto("/console")
            (cookie,) = [each for each in page.context.cookies() if each["name"].endswith("claimlens_session")]
            assert cookie["httpOnly"]
            assert cookie["sameSite"] == "Lax"
            assert page.evaluate("document.cookie") == ""

    def test_somebody_elses_session_can_be_ended(self, console):
        email = "twice@kitchen.example"
        console.add_person(email, "viewer")
        with console.as_("stranger") as first, console.as_("stranger") as second:
            console.sign_in(first, email)
            console.sign_in(second, email)
            second.goto("/console/account")
            second.get_by_role("button", name="Sign out everywhere else").click()
            expect(second.get_by_text("this one")).to_be_visible()
            first.goto("/console/account")
            expect(first).to_have_url(re.compile("/console/sign-in"))


_TO_READ = ["Playground", "Dashboard", "Reviews", "Audits", "Rules", "Policies", "Profiles", "Jobs"]
_TO_KEEP = ["Webhooks", "API keys", "People", "Access log", "Settings", "Services", "SLO"]
#: Who sees which pages in the navigation.
_PAGES = {
    "platform_admin": [*_TO_READ, *_TO_KEEP, "Tenants"],
    "admin": [*_TO_READ, *_TO_KEEP[:-1]],
    "editor": [*_TO_READ, "Services"],
    "viewer": [*_TO_READ, "Services"],
    "publisher": ["Playground", "Rules", "Profiles", "Jobs", "Services"],
}


@pytest.mark.parametrize("role", ROLES)
def test_each_role_has_its_pages_and_no_other(console, role):
    with console.as_(role) as page:
        page.goto("/console")
        assert page.locator("nav a").all_inner_texts() == _PAGES[role]
        for path in ("/console/dashboard", "/console/reviews", "/console/audits", "/console/keys", "/console/users"):
            name = {"keys": "API keys", "users": "People"}.get(path[9:], path[9:].capitalize())
            allowed = name in _PAGES[role]
            assert page.request.get(path).status == (200 if allowed else 403), path
