"""Deciding about what needs a person, in a real browser."""

import itertools
import re

import pytest
from playwright.sync_api import expect

_numbers = itertools.count(1)


@pytest.fixture
def doubtful(console):
    """Something that needs a person: its id, unlike any other's, and its audit's."""
    item_id = f"halwa-{next(_numbers)}"
    item = {"id": item_id, "name": f"Halwa {item_id}", "description": "Diabetic-friendly. Gluten free."}
    return item_id, console.judge({**item, "ingredients": "carrot, sugar"})[0]["audit_id"]


def lines(console, action, audit_id):
    rows = console.server.ask("GET", f"/v1/access-log?action={action}&limit=200").json()["access_log"]
    return [row for row in rows if row["target"] == audit_id]


def test_it_is_overridden_with_a_reason_and_that_is_logged(console, doubtful):
    item_id, audit_id = doubtful
    with console.as_("editor") as page:
        page.goto("/console/reviews")
        card = page.locator(f"#r-{audit_id}")
        expect(card.locator("mark").first).to_contain_text("Diabetic-friendly")
        expect(card.locator("del").first).to_be_visible()
        card.get_by_text("Override", exact=True).click()
        card.get_by_label("Why it may be published").fill("tested, see report 12")
        card.get_by_role("button", name="Publish as submitted").click()
        expect(page.get_by_text("1 item overridden")).to_be_visible()
        expect(page.locator(f"#r-{audit_id}")).to_have_count(0)
        page.get_by_role("link", name="Decided", exact=True).click()
        row = page.locator("tr", has_text=item_id)
        expect(row).to_contain_text("tested, see report 12")
    (line,) = lines(console, "review:decide", audit_id)
    assert line["actor"].startswith("user:")
    assert line["delta"]["reason"] == "tested, see report 12"
    with console.as_("admin") as page:
        page.goto("/console/access-log")
        page.get_by_label("Action").fill("review:decide")
        page.get_by_role("button", name="Find").click()
        expect(page.locator("tr", has_text=audit_id)).to_contain_text("tested, see report 12")


def test_it_is_undone(console, doubtful):
    _, audit_id = doubtful
    with console.as_("editor") as page:
        page.goto("/console/reviews")
        page.locator(f"#r-{audit_id}").get_by_role("button", name="Accept").click()
        page.get_by_role("button", name="Undo").click()
        expect(page.locator(f"#r-{audit_id}")).to_be_visible()
    assert len(lines(console, "review:undo", audit_id)) == 1


def test_an_edit_is_judged_anew(console, doubtful):
    item_id, audit_id = doubtful
    with console.as_("editor") as page:
        page.goto(f"/console/reviews/{audit_id}")
        page.get_by_text("Edit", exact=True).click()
        page.get_by_label("Description").fill("Slow-cooked carrots.")
        page.get_by_role("button", name="Judge and record my text").click()
        expect(page.get_by_text("1 item edited")).to_be_visible()
        page.get_by_role("link", name="Decided", exact=True).click()
        page.locator("tr", has_text=item_id).get_by_role("link", name="judged anew").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("allow")


def test_the_keys_are_enough(console, doubtful):
    _, audit_id = doubtful
    with console.as_("editor") as page:
        page.goto("/console/reviews")
        cards = page.locator("[data-card]")
        page.keyboard.press("j")
        expect(cards.first).to_be_focused()
        assert cards.first.get_attribute("id") == f"r-{audit_id}"
        page.keyboard.press("o")
        page.keyboard.type("by the keyboard")
        page.keyboard.press("Escape")
        expect(cards.first).to_be_focused()
        page.keyboard.press("x")
        expect(cards.first.get_by_role("checkbox")).to_be_checked()
        page.keyboard.press("a")
        expect(page.get_by_text("1 item accepted")).to_be_visible()
        page.keyboard.press("u")
        expect(page.locator(f"#r-{audit_id}")).to_be_visible()


def test_many_are_decided_at_once(console):
    ids = []
    for _ in range(3):
        item_id = f"many-{next(_numbers)}"
        ids.append(console.judge({"id": item_id, "name": "Gluten free bread"})[0]["audit_id"])
    with console.as_("editor", java_script_enabled=False) as page:
        page.goto("/console/reviews")
        for audit_id in ids:
            page.locator(f"#r-{audit_id}").get_by_role("checkbox").check()
        page.get_by_role("button", name="Override ticked").click()
        expect(page.get_by_role("alert")).to_contain_text("an override needs a reason")
        for audit_id in ids:
            page.locator(f"#r-{audit_id}").get_by_role("checkbox").check()
        page.get_by_label("Reason, for all that are ticked").fill("one supplier, one certificate")
        page.get_by_role("button", name="Override ticked").click()
        expect(page.get_by_text("3 items overridden")).to_be_visible()
        page.get_by_role("button", name="Undo").first.click()
        for audit_id in ids:
            expect(page.locator(f"#r-{audit_id}")).to_be_visible()


def test_a_viewer_looks_and_does_not_decide(console, doubtful):
    _, audit_id = doubtful
    with console.as_("viewer") as page:
        page.goto(f"/console/reviews/{audit_id}")
        expect(page.locator(f"#r-{audit_id}")).to_be_visible()
        expect(page.get_by_role("button", name="Accept")).to_have_count(0)
        token = page.locator("body").get_attribute("data-form-token")
        answer = page.request.post(f"/console/reviews/{audit_id}", form={"form_token": token, "decision": "accept"})
        assert answer.status == 403


def test_the_cleaned_menu_is_taken_along(console, doubtful):
    item_id, _ = doubtful
    with console.as_("editor") as page:
        page.goto("/console/reviews")
        with page.expect_download() as waiting:
            page.get_by_role("link", name="Export the cleaned menu").click()
        text = waiting.value.path().read_text()
        assert f'"id":"{item_id}"' in text
        assert re.search(r'"_summary"', text.splitlines()[-1])
