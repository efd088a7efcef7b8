"""Rules looked up, policies tried and saved, profiles changed, in a real browser."""

import itertools

import pytest
from playwright.sync_api import expect

from tests.console.test_every_page import AXE

_numbers = itertools.count(1)
SUPERFOOD = "GB-GENERAL-SUPERFOOD-001"
BANNER_MS = 30_000


@pytest.fixture
def salad(console):
    """An item that one rule has changed, with an id unlike any other's."""
    return {"id": f"salad-{next(_numbers)}", "name": "Superfood salad", "ingredients": "quinoa, kale"}


def reasons_logged(console):
    rows = console.server.ask("GET", "/v1/access-log?action=tenant:update&limit=50").json()["access_log"]
    return [row["delta"].get("reason") for row in rows]


def ask_for(page, salad, why):
    page.goto(f"/console/policies?rule={SUPERFOOD}&item={salad['id']}")
    page.get_by_label("Why it may stay").fill(why)
    page.locator("#expires").fill("2099-01-01")
    page.get_by_role("button", name="See what it would do").first.click()
    page.wait_for_url("**/console/policies/try")


def test_a_suppression_shows_what_it_would_do_before_it_is_saved(console, salad):
    (verdict,) = console.judge(salad, locale="en-GB")
    assert verdict["verdict"] == "modify"
    why = f"an iron claim stands beside it, {salad['id']}"
    with console.as_("editor") as page:
        ask_for(page, salad, why)
        expect(page.get_by_role("status").filter(has_text="verdict changes")).to_contain_text("1 ✎ modify")
        row = page.get_by_role("row", name=salad["id"])
        expect(row).to_contain_text("allow")
        expect(row.get_by_role("link")).to_have_attribute("href", f"/console/audits/{verdict['audit_id']}")
        page.evaluate(AXE)
        assert page.evaluate("axe.run()")["violations"] == []
        # Until it is saved nothing changed.
        assert console.judge(salad, locale="en-GB")[0]["verdict"] == "modify"
        page.get_by_role("button", name="Save it").click()
        page.wait_for_url("**/console/policies?saved=suppress")
        expect(page.get_by_role("row", name=why)).to_contain_text("editor@kitchen.example")
    assert console.judge(salad, locale="en-GB")[0]["verdict"] == "allow"
    assert why in reasons_logged(console)

    with console.as_("admin") as page:
        page.goto("/console/policies")
        row = page.get_by_role("row", name=why)
        row.get_by_text("End", exact=False).first.click()
        row.get_by_label("Why it ends").fill(f"the page changed, {salad['id']}")
        row.get_by_role("button", name="See what that does").click()
        page.wait_for_url("**/console/policies/try")
        expect(page.get_by_role("status").filter(has_text="verdicts change")).to_contain_text("3 ✓ allow")
        page.get_by_role("button", name="Save it").click()
        page.wait_for_url("**/console/policies?saved=count_again")
        expect(page.get_by_role("row", name=why)).to_have_count(0)
    assert console.judge(salad, locale="en-GB")[0]["verdict"] == "modify"
    assert f"the page changed, {salad['id']}" in reasons_logged(console)


def test_who_saves_late_is_shown_what_it_would_do_now(sqlite_console):
    console, salad = sqlite_console, {"id": f"salad-{next(_numbers)}"}
    with console.as_("editor") as page:
        ask_for(page, salad, f"for {salad['id']}")
        console.server.ask("PATCH", "/v1/tenants/tenant-001", {"brand_names": [f"Zephyr {salad['id']}"]})
        page.get_by_role("button", name="Save it").click()
        expect(page.get_by_role("alert")).to_contain_text("somebody changed the policies since this was tried")
        page.get_by_role("button", name="Save it").click()
        page.wait_for_url("**/console/policies?saved=suppress")


def test_a_brand_name_without_a_script(sqlite_console):
    console = sqlite_console
    item = {"id": "lemonade-1", "name": "Natural Joy lemonade", "ingredients": "water, lemon juice, potassium sorbate"}
    console.judge(item, locale="en-GB")
    with console.as_("editor", java_script_enabled=False) as page:
        page.goto("/console/policies")
        if not page.get_by_label("Why it is one").is_visible():
            page.get_by_text("Add a brand name").click()
        page.locator("#name").fill("Natural Joy")
        page.get_by_role("button", name="See what it would do").last.click()  # the browser asks for the reason
        page.get_by_label("Why it is one").fill("Registered mark 0042")
        page.get_by_role("button", name="See what it would do").last.click()
        page.wait_for_url("**/console/policies/try")
        expect(page.get_by_role("row", name="lemonade-1").first).to_be_visible()
        page.get_by_role("button", name="Save it").click()
        page.wait_for_url("**/console/policies?saved=add_name")
        expect(page.get_by_role("row", name="Natural Joy")).to_contain_text("Registered mark 0042")
    assert "Registered mark 0042" in reasons_logged(console)


def test_a_viewer_sees_policies_and_changes_none(sqlite_console):
    with sqlite_console.as_("viewer") as page:
        page.goto("/console/policies")
        expect(page.get_by_role("heading", name="Suppressions")).to_be_visible()
        expect(page.get_by_role("button", name="See what it would do")).to_have_count(0)
        token = page.locator("body").get_attribute("data-form-token")
        form = {"form_token": token, "edit": "add_name", "name": "Mine", "reason": "x"}
        assert page.request.post("/console/policies/try", form=form).status == 403
        assert page.request.post("/console/policies", form=form).status == 403


def test_which_rule_caught_this(sqlite_console):
    with sqlite_console.as_("viewer") as page:
        page.goto("/console/rules")
        page.get_by_role("link", name="See which rule catches them").click()
        page.get_by_label("Which rule caught this?").fill("Superfood salad")
        page.get_by_label("Market").select_option("en-GB")
        page.get_by_role("button", name="Try it").click()
        page.wait_for_url("**/console/rules/caught?**")
        expect(page.locator("mark").first).to_contain_text("Superfood")
        page.get_by_role("link", name=SUPERFOOD).click()
        page.wait_for_url(f"**/console/rules/{SUPERFOOD}")
        expect(page.get_by_role("heading", level=1)).to_contain_text("Superfood")
        expect(page.get_by_text("read in the text of the law")).to_be_visible()
        page.get_by_role("link", name="Great Britain").last.click()
        page.wait_for_url("**/console/packs/gb")
        expect(page.get_by_text("Only one edition has been served here")).to_be_visible()


def test_a_profile_is_changed_with_a_reason_and_everybody_sees_it(console):
    item = {"id": "us-1", "name": "Superfood salad", "ingredients": "quinoa, kale"}
    console.judge(item, locale="en-US")
    with console.as_("editor") as page:
        page.goto("/console/profiles/menushield_us")
        page.get_by_label("detect.claims").uncheck()
        page.get_by_role("button", name="See what it would do").click()
        page.wait_for_url("**/menushield_us/try")
        expect(page.get_by_text("Findings that count")).to_be_visible()
        expect(page.get_by_role("button", name="Save it")).to_have_count(0)
        token = page.locator("body").get_attribute("data-form-token")
        answer = page.request.post("/console/profiles/menushield_us", form={"form_token": token, "reason": "I may not"})
        assert answer.status == 403
    with console.as_("platform_admin") as page:
        page.goto("/console/profiles/menushield_us")
        page.get_by_label("detect.claims").uncheck()
        page.get_by_role("button", name="See what it would do").click()
        page.wait_for_url("**/menushield_us/try")
        page.get_by_role("button", name="Save it").click()
        expect(page.get_by_role("alert")).to_contain_text("1 to 500 characters")
        page.get_by_label("Why it changes").fill("a dictionary is being replaced")
        page.get_by_role("button", name="See what it would do").click()
        page.get_by_role("button", name="Save it").click()
        page.wait_for_url("**/console/profiles?said=1")
        expect(page.get_by_text("a dictionary is being replaced")).to_be_visible()
    strip = "detect.claims does not run in menushield_us"
    with console.as_("viewer") as page:
        page.goto("/console")
        expect(page.get_by_text(strip)).to_be_visible(timeout=BANNER_MS)
        (verdict,) = console.judge(item, locale="en-US")
        assert "detect.claims" in verdict["not_checked"]
        back = console.server.ask("PATCH", "/v1/profiles/menushield_us", {"reason": "it is replaced"})
        assert back.status == 200
        # The banner of a page that stays open goes by itself.
        expect(page.get_by_text(strip)).to_have_count(0, timeout=BANNER_MS)


def test_a_step_is_paused_everywhere_and_goes_on(sqlite_console):
    with sqlite_console.as_("platform_admin") as page:
        page.goto("/console/profiles")
        page.get_by_text("Switch a step off for a while").click()
        page.locator("#transform").select_option("detect.recalls")
        page.locator("#reason").fill("floods")
        page.get_by_role("button", name="Switch it off").click()
        page.wait_for_url("**/console/profiles?said=1")
        expect(page.get_by_role("listitem").filter(has_text="floods")).to_contain_text("detect.recalls")
        page.get_by_role("button", name="Switch on").click()
        expect(page.get_by_text("Nothing is switched off.")).to_be_visible()
