"""What runs the place, in a real browser: services, figures, jobs, tenants, and looking into other tenants."""

import itertools
import json

import pytest
from playwright.sync_api import expect

from tests.console.world import PLAIN, ROLES, World
from tests.mcp_serving import mcp_serving
from tests.serving import serving
from tests.valkey import eventually

_numbers = itertools.count(1)
#: Conditions that take their time on a busy machine, in milliseconds.
_SOON = 30_000


def log_lines(console, action, target):
    rows = console.server.ask("GET", f"/v1/access-log?action={action}&limit=200").json()["access_log"]
    return [row for row in rows if row["target"] == target]


@pytest.fixture
def tenant(console):
    """Another tenant with an audit of its own: its id."""
    name = f"kitchen-{next(_numbers)}"
    made = console.server.ask("POST", "/v1/tenants", {"id": name, "name": f"Kitchen of {name}"})
    assert made.status == 201
    key = console.server.ask("POST", "/v1/api-keys", {"tenant_id": name}).json()["key"]
    item = {"id": f"soup-of-{name}", "name": "Diabetic-friendly soup", "description": "Gluten free."}
    answer = console.server.ask("POST", "/v1/menu/feed", {"items": [item], "locale": "en-IN"}, key=key)
    assert answer.status == 200
    return name


@pytest.mark.parametrize("role", ROLES)
def test_every_page_of_the_navigation_opens(console, role):
    with console.as_(role) as page:
        page.goto("/console")
        links = page.locator("nav[aria-label=Pages] a")
        paths = [link.get_attribute("href") for link in links.all()]
        assert "/console/services" in paths
        assert ("/console/tenants" in paths) == (role == "platform_admin")
        for path in paths:
            assert page.request.get(path).status == 200, path


class TestServices:
    def test_one_is_switched_off_for_a_while_and_on_again(self, console):
        with console.as_("platform_admin") as page, console.as_("viewer") as theirs:
            theirs.goto("/console/services")
            expect(theirs.get_by_role("button", name="Switch off")).to_have_count(0)
            page.goto("/console/services")
            form = page.locator("form.switch", has_text="alt.suggester")
            form.get_by_label("For").select_option("15 minutes")
            form.get_by_label("Reason").fill("its server is moved")
            form.get_by_role("button", name="Switch off").click()
            row = page.locator("tr", has_text="alt.suggester")
            expect(row).to_contain_text("switched off")
            expect(row).to_contain_text("its server is moved")
            # Live, without anybody loading the page again.
            strip = theirs.locator("#banner .degraded")
            expect(strip).to_contain_text("alt.suggester is switched off since", timeout=_SOON)
            expect(strip).to_contain_text("without suggested wording")
            expect(theirs.locator("tr", has_text="alt.suggester")).to_contain_text("switched off", timeout=_SOON)
            page.get_by_role("button", name="Switch on alt.suggester").click()
            expect(page.locator("tr", has_text="alt.suggester")).to_contain_text("ok")
            expect(strip).to_have_count(0, timeout=_SOON)
        (line, *_) = log_lines(console, "service:disable", "alt.suggester")
        assert line["delta"]["off"][1]["reason"] == "its server is moved"

    def test_a_reason_is_needed(self, console):
        with console.as_("platform_admin", java_script_enabled=False) as page:
            page.goto("/console/services")
            form = page.locator("form.switch", has_text="ocr.label")
            form.get_by_label("Reason").fill(" ")
            form.get_by_role("button", name="Switch off").click()
            expect(page.get_by_role("alert")).to_be_visible()
            expect(page.locator("tr", has_text="ocr.label")).not_to_contain_text("switched off")

    def test_the_gate_is_closed_for_maintenance_and_opened(self, console):
        with console.as_("platform_admin") as page:
            page.goto("/console/services")
            page.get_by_label("What people read").fill("Moving to a new cellar")
            page.get_by_text("Begin", exact=True).click()
            page.get_by_role("button", name="Yes, close the gate now").click()
            try:
                expect(page.get_by_role("button", name="End the maintenance")).to_be_visible()
                expect(page.locator("#banner .maintenance")).to_contain_text("Moving to a new cellar")
                refused = console.server.ask("POST", "/v1/menu/feed", {"items": [PLAIN], "locale": "en-IN"})
                assert (refused.status, refused.json()["code"]) == (503, "MAINTENANCE")
            finally:
                page.get_by_role("button", name="End the maintenance").click()
            expect(page.get_by_label("What people read")).to_be_visible()
        assert console.server.ask("POST", "/v1/menu/feed", {"items": [PLAIN], "locale": "en-IN"}).status == 200


def test_a_server_that_is_killed_stands_in_the_banner_until_it_is_back(browser, tmp_path):
    quick = {
        "CLAIMLENS_BREAKER_FAILURES": "1",
        "CLAIMLENS_BREAKER_REST_S": "1",
        "CLAIMLENS_BREAKER_SUCCESSES": "1",
        "CLAIMLENS_PUBLIC_PLAYGROUND": "1",
    }
    (tmp_path / "data").mkdir()
    with mcp_serving(tmp_path, "recall.lookup") as recalls:
        urls = {"CLAIMLENS_MCP_RECALL_LOOKUP_URL": recalls.url}
        with serving(tmp_path / "data", environ=quick | urls) as server:
            page = browser.new_page(base_url=server.url)
            page.goto("/console")
            strip = page.locator("#banner .degraded")
            expect(strip).to_have_count(0)
            recalls.kill()

            def out():
                server.ask("POST", "/v1/menu/feed", {"items": [PLAIN], "locale": "en-IN"})
                return server.ask("GET", "/health/mcp/recall.lookup").json()["status"] != "ok"

            eventually(out, "the breaker opens")
            expect(strip).to_contain_text("recall.lookup is out since", timeout=_SOON)
            expect(strip).to_contain_text("Recalls are not looked up")
            recalls.start()
            expect(strip).to_have_count(0, timeout=_SOON)
            page.close()


class TestPerformance:
    def test_promises_days_and_times_are_shown(self, console):
        console.judge({"id": f"timed-{next(_numbers)}", "name": "Tomato soup"})
        with console.as_("platform_admin") as page:
            page.goto("/console/performance?window=5m")
            expect(page.get_by_role("heading", level=1)).to_contain_text("SLO and performance")
            # Nothing was sent there: that is not the same as well.
            route = page.get_by_role("region", name="Promised times").locator("tr", has_text="/v1/labels/scan")
            expect(route).to_contain_text("no data")
            times = page.get_by_role("region", name="Routes", exact=True)
            expect(times.locator("tr", has_text="/v1/menu/feed")).to_be_visible()
            expect(page.locator(".days rect")).to_have_count(30)
            page.get_by_role("link", name="30d", exact=True).click()
            page.wait_for_url("**window=30d**")
            expect(page.get_by_role("link", name="30d", exact=True)).to_have_attribute("aria-current", "page")

    def test_it_is_for_platform_administrators(self, console):
        with console.as_("admin") as page:
            assert page.request.get("/console/performance").status == 403


class TestJobs:
    def test_a_file_is_sent_in_and_its_results_taken(self, console):
        lines = [json.dumps({"id": f"job-{n}", "name": "Tomato soup"}) for n in range(3)]
        file = {"name": "menu.ndjson", "mimeType": "application/x-ndjson", "buffer": "\n".join([*lines, "no"]).encode()}
        with console.as_("editor") as page:
            page.goto("/console/jobs")
            page.get_by_label("File of items").set_input_files(file)
            page.get_by_label("Market, for items").select_option("en-GB")
            page.get_by_role("button", name="Send it in").click()
            expect(page.get_by_text("Every line was looked at.")).to_be_visible(timeout=_SOON)
            with page.expect_download() as waiting:
                page.get_by_role("link", name="Results").click()
            results = [json.loads(line) for line in waiting.value.path().read_text().splitlines()]
            assert [one.get("verdict") for one in results] == ["allow", "allow", "allow", None, None]
            assert results[-1]["_summary"]["unread"] == 1
            page.get_by_role("link", name="Its audits").click()
            expect(page.locator("tbody tr")).to_have_count(3)
        with console.as_("publisher") as page:
            page.goto("/console/jobs")
            expect(page.get_by_role("heading", name="No file was sent in yet")).to_be_visible()

    def test_what_is_no_file_of_items_is_said(self, console):
        with console.as_("editor") as page:
            page.goto("/console/jobs")
            empty = {"name": "menu.ndjson", "mimeType": "application/x-ndjson", "buffer": b"\n"}
            page.get_by_label("File of items").set_input_files(empty)
            page.get_by_role("button", name="Send it in").click()
            expect(page.get_by_role("alert")).to_contain_text("no item")


class TestTenants:
    def test_one_is_made_set_up_isolated_and_erased(self, console):
        name = f"bakery-{next(_numbers)}"
        with console.as_("platform_admin") as page:
            page.goto("/console/tenants")
            page.get_by_text("Make a tenant").click()
            page.get_by_label("Id").fill(name)
            page.get_by_label("Whom to write to").fill("baker@bakery.example")
            page.get_by_role("button", name="Make it").click()
            page.wait_for_url(f"**/console/tenants/{name}")
            page.get_by_label("Audits are kept").fill("120")
            page.get_by_label("Items a minute").fill("500")
            page.get_by_label("en-GB").check()
            page.get_by_role("button", name="Save").click()
            expect(page.get_by_label("Audits are kept")).to_have_value("120")
            kept = console.server.ask("GET", f"/v1/tenants/{name}").json()
            assert (kept["retention_days"], kept["items_per_minute"]) == (120, 500)
            assert kept["allowed_locales"] == ["en-GB"]

            with page.expect_download() as waiting:
                page.goto("/console/tenants")
                page.get_by_role("link", name="Contacts as CSV").click()
            assert f"{name},{name},baker@bakery.example,no" in waiting.value.path().read_text()

            page.goto(f"/console/tenants/{name}")
            page.get_by_text("Put under legal hold").click()
            page.get_by_role("button", name="Yes, keep everything past its retention").click()
            expect(page.get_by_text("under legal hold", exact=True)).to_be_visible()
            page.get_by_text("Isolate", exact=True).click()
            page.get_by_role("button", name="Yes, refuse every key").click()
            expect(page.get_by_role("heading", level=1)).to_contain_text("isolated")

            def erase(typed):
                page.get_by_text("Erase", exact=True).click()
                page.get_by_label("Type the id").fill(typed)
                page.get_by_role("button", name="Erase for ever").click()

            erase("something-else")
            expect(page.get_by_role("alert")).to_contain_text("type its id")
            erase(name)
            expect(page.get_by_role("alert")).to_contain_text("legal hold")
            page.get_by_text("Lift the legal hold").click()
            page.get_by_role("button", name="Yes, purge again").click()
            expect(page.get_by_text("under legal hold", exact=True)).to_have_count(0)
            erase(name)
            expect(page.get_by_text(f"The tenant {name} is gone")).to_be_visible()
        assert console.server.ask("GET", f"/v1/tenants/{name}").status == 404

    def test_an_administrator_sets_up_their_own_and_sees_no_other(self, console, tenant):
        with console.as_("admin") as page:
            page.goto("/console/settings")
            page.get_by_label("Whom to write to").fill("chef@kitchen.example")
            page.get_by_role("button", name="Save").click()
            expect(page.get_by_label("Whom to write to")).to_have_value("chef@kitchen.example")
            expect(page.get_by_label("Items a minute")).to_have_count(0)
            with page.expect_download() as waiting:
                page.get_by_text("Take everything out").click()
                page.get_by_role("link", name="Yes, download all rows").click()
            assert '"_summary"' in waiting.value.path().read_text().splitlines()[-1]
            assert page.request.get(f"/console/tenants/{tenant}").status == 404
            assert page.request.get("/console/tenants").status == 403


class TestLookingIntoOtherTenants:
    def test_one_is_chosen_and_every_look_is_in_its_log(self, console, tenant):
        with console.as_("platform_admin") as page:
            page.goto("/console/tenants/choose")
            page.get_by_role("button", name=f"Kitchen of {tenant}").click()
            page.wait_for_url("**/console/audits")
            expect(page.locator("tbody tr")).to_have_count(1)
            page.get_by_role("link", name=f"soup-of-{tenant}").click()
            expect(page.get_by_role("heading", level=1)).to_contain_text("Diabetic-friendly soup")
            page.goto("/console/keys")
            expect(page.locator("tbody tr")).to_have_count(1)
            page.goto("/console/services")
            expect(page.locator(".strip.away")).to_contain_text(f"Kitchen of {tenant}")
            page.get_by_role("button", name="Back to my own").click()
            expect(page.locator(".strip.away")).to_have_count(0)
        query = f"/v1/access-log?action=tenant:read&tenant_id={tenant}"
        looked = {line["delta"]["place"] for line in console.server.ask("GET", query).json()["access_log"]}
        assert {"/console/audits", "/console/keys"} <= looked

    def test_all_are_looked_at_and_none_is_changed(self, console, tenant):
        with console.as_("platform_admin") as page:
            page.goto("/console/tenants/choose")
            page.get_by_role("button", name="All tenants at once").click()
            page.wait_for_url("**/console/audits")
            row = page.locator("tbody tr", has_text=f"soup-of-{tenant}")
            expect(row).to_contain_text(tenant)
            for path in ("/console/users", "/console/webhooks", "/console/keys", "/console/access-log"):
                page.goto(path)
                expect(page.locator("form.panel button.main", has_text="Make")).to_have_count(0)
            token = page.locator("body").get_attribute("data-form-token")
            refused = page.request.post("/console/keys", form={"form_token": token, "role": "viewer"})
            assert refused.status == 409
            # What is of one tenant asks for which, and goes on there.
            page.goto("/console/reviews")
            page.locator("article", has_text=tenant).get_by_role("button", name="Diabetic-friendly soup").click()
            page.wait_for_url("**/console/reviews/*")
            expect(page.get_by_text("Override", exact=True)).to_be_visible()
            expect(page.locator(".strip.away")).to_contain_text(f"Kitchen of {tenant}")

    def test_nobody_else_chooses(self, console: World, tenant):
        with console.as_("admin") as page:
            page.context.add_cookies([{"name": "claimlens_tenant", "value": tenant, "url": console.server.url}])
            page.goto(f"/console/audits?item_id=soup-of-{tenant}")
            expect(page.get_by_role("heading", name="Nothing fits")).to_be_visible()
            assert page.request.get("/console/tenants/choose").status == 403


class TestSharing:
    def test_a_verdict_is_recorded_and_shared_by_a_link(self, console):
        with console.as_("editor") as page:
            page.goto("/console")
            page.get_by_label("Name").fill("Melts belly fat tea")
            page.get_by_role("button", name="Record and share").click()
            page.wait_for_url("**?share=1")
            audit_id = page.url.split("/")[-1].partition("?")[0]
            page.get_by_label("Good for").select_option("1 day")
            page.get_by_role("button", name="Make a link").click()
            link = page.locator(".secret").inner_text()
        with console.as_("stranger") as page:
            answer = page.goto(link)
            assert answer is not None
            assert answer.headers["x-robots-tag"] == "noindex, nofollow"
            assert answer.headers["referrer-policy"] == "no-referrer"
            expect(page.get_by_role("heading", level=1)).to_contain_text("Melts belly fat tea")
            for own in ("tenant-001", audit_id, "playground"):
                assert own not in page.content()
            with page.expect_download() as waiting:
                page.get_by_role("link", name="HTML report").click()
            assert "Melts belly fat" in waiting.value.path().read_text()
            assert page.request.get(link[:-4] + "AAAA").status == 404
            assert page.request.get("/console/audits", max_redirects=0).status == 303
        assert [line["actor"] for line in log_lines(console, "audit:read", audit_id)].count("link") >= 1
        assert len(log_lines(console, "audit:share", audit_id)) == 1


def test_a_lost_page_keeps_the_navigation(console):
    with console.as_("viewer") as page:
        answer = page.goto("/console/nothing-of-the-kind")
        assert answer is not None
        assert answer.status == 404
        expect(page.get_by_role("navigation", name="Pages").get_by_role("link", name="Audits")).to_be_visible()
        expect(page.get_by_role("button", name="Sign out")).to_be_visible()
