"""Audits and the dashboard, in a real browser."""

import itertools
import json
import subprocess
import sys

import pytest
from playwright.sync_api import expect

_numbers = itertools.count(1)


@pytest.fixture
def judged(console):
    """An audit with a rule that counts: the item's id and the audit's."""
    item_id = f"tea-{next(_numbers)}"
    verdict = console.judge({"id": item_id, "name": "Melts belly fat tea", "ingredients": "tea"}, locale="en-GB")[0]
    return item_id, verdict["audit_id"]


class TestAudits:
    def test_one_is_found_by_its_item_and_taken_along(self, console, judged):
        item_id, audit_id = judged
        with console.as_("viewer") as page:
            page.goto("/console/audits")
            page.get_by_label("Item id").fill(item_id)
            page.get_by_label("Verdict").select_option("block")
            page.get_by_role("button", name="Find").click()
            expect(page.locator("tbody tr")).to_have_count(1)
            page.get_by_role("link", name=item_id).click()
            expect(page.get_by_role("heading", level=1)).to_contain_text("Melts belly fat tea")
            expect(page.get_by_text("digest of the GB pack")).to_be_visible()
            with page.expect_download() as waiting:
                page.get_by_role("link", name="JSON").click()
            assert json.loads(waiting.value.path().read_text())["audit_id"] == audit_id
            with page.expect_download() as waiting:
                page.get_by_role("link", name="Markdown").click()
            assert "Melts belly fat" in waiting.value.path().read_text()

    def test_the_list_goes_on(self, console):
        for start in range(0, 60, 30):
            items = [{"id": f"page-{start + n}-{next(_numbers)}", "name": "Tomato soup"} for n in range(30)]
            console.judge(*items)
        with console.as_("viewer") as page:
            page.goto("/console/audits")
            first = page.locator("tbody tr td a").all_inner_texts()
            assert len(first) == 50
            page.get_by_role("link", name="Older").click()
            page.wait_for_url("**cursor=**")
            assert not set(first) & set(page.locator("tbody tr td a").all_inner_texts())
            page.get_by_role("link", name="Newest").click()
            page.wait_for_url(lambda url: "cursor" not in url)
            assert page.locator("tbody tr td a").all_inner_texts()[:10] == first[:10]

    def test_a_filter_that_cannot_be_read_says_so(self, console):
        with console.as_("viewer") as page:
            page.goto("/console/audits?start_date=yesterday")
            expect(page.get_by_role("alert")).to_contain_text("start_date")

    def test_anothers_audit_is_not_there(self, console):
        with console.as_("viewer") as page:
            page.goto("/console/audits/0192f3a4-5b6c-7d8e-9f01-23456789abcd")
            expect(page.get_by_role("heading", level=1)).to_have_text("There is nothing here")


class TestDashboard:
    def test_it_counts_and_goes_on_counting(self, console, judged):
        with console.as_("viewer") as page:
            page.goto("/console/dashboard?period=24h")
            tile = page.locator(".tiles strong").first
            before = int(tile.inner_text().replace("\u202f", ""))
            assert before >= 1
            expect(page.locator(".bars")).to_contain_text("GB-")
            console.judge({"id": f"live-{next(_numbers)}", "name": "Tomato soup"})
            expect(tile).to_have_text(f"{before + 1:,}".replace(",", "\u202f"), timeout=30_000)

    def test_a_rule_leads_to_its_audits(self, console, judged):
        with console.as_("viewer") as page:
            page.goto("/console/dashboard?period=30d")
            page.locator(".bars a").first.click()
            expect(page.locator("tbody tr").first).to_be_visible()


class TestTheBanner:
    def test_a_service_that_is_switched_off_is_named_until_it_is_back(self, console):
        def services(*words):
            done = subprocess.run(
                [sys.executable, "-m", "claimlens", "services", *words],
                env=console.server.surroundings(),
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr

        with console.as_("viewer") as page:
            page.goto("/console/audits")
            strip = page.locator("#banner .degraded")
            services("disable", "alt.suggester", "--reason", "for the test")
            expect(strip).to_contain_text("alt.suggester", timeout=30_000)
            services("enable", "alt.suggester", "--reason", "for the test")
            expect(strip).to_have_count(0, timeout=30_000)

    def test_maintenance_is_announced_and_closes_changes(self, console):
        console.server.ask("POST", "/v1/admin/maintenance", {"enabled": True, "message": "Moving house"})
        try:
            with console.as_("editor") as page:
                page.goto("/console")
                expect(page.locator("#banner .maintenance")).to_contain_text("Moving house", timeout=30_000)
                page.get_by_label("Name").fill("Tomato soup")
                page.get_by_role("button", name="Check and record").click()
                expect(page.get_by_text("Moving house").last).to_be_visible()
                page.goto("/console/audits")
                expect(page.get_by_role("heading", level=1)).to_have_text("Audits")
        finally:
            console.server.ask("POST", "/v1/admin/maintenance", {"enabled": False})
