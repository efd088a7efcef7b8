"""What holds for every page: nothing for axe to find, no sideways scrolling, little to load, in both themes."""

from pathlib import Path

import pytest

from tests.console.world import CHANGED, DOUBTFUL, PLAIN

AXE = (Path(__file__).parents[1] / "vendor" / "axe-4.14.1.min.js").read_text(encoding="utf-8")
#: Bytes of a page with everything that it loads, uncompressed.
MOST_BYTES = 150_000
WIDTHS = (360, 1280, 2560)
#: At these axe looks, in these themes: what it finds does not change beyond, nor with the colours on a narrow screen.
LOOKED_AT = {360: ("light",), 1280: ("light", "dark")}
#: Page → who looks at it.
PAGES = {
    "/console/sign-in": "stranger",
    "/console": "viewer",
    "/console?example=1": "editor",
    "/console/dashboard": "admin",
    "/console/dashboard?period=24h": "viewer",
    "/console/reviews": "editor",
    "/console/reviews/decided": "editor",
    "/console/reviews/{doubtful}": "editor",
    "/console/audits": "viewer",
    "/console/audits?item_id=nothing-has-this-id": "viewer",
    "/console/audits?verdict=nonsense": "viewer",
    "/console/audits/{doubtful}": "editor",
    "/console/audits/{changed}": "editor",
    "/console/rules": "viewer",
    "/console/rules/caught?phrase=Boosts+immunity&locale=en-GB": "publisher",
    "/console/rules/GB-GENERAL-SUPERFOOD-001": "viewer",
    "/console/packs": "viewer",
    "/console/packs/gb": "viewer",
    "/console/policies?rule=GB-GENERAL-SUPERFOOD-001&text=Superfood": "editor",
    "/console/profiles": "platform_admin",
    "/console/profiles/menushield_gb": "editor",
    "/console/keys": "admin",
    "/console/users": "admin",
    "/console/webhooks": "admin",
    "/console/webhooks/{webhook}": "admin",
    "/console/account": "admin",
    "/console/jobs": "editor",
    "/console/jobs/{job}": "editor",
    "/console/access-log": "admin",
    "/console/settings": "admin",
    "/console/services": "platform_admin",
    "/console/performance": "platform_admin",
    "/console/tenants": "platform_admin",
    "/console/tenants/choose": "platform_admin",
    "/console/tenants/tenant-001": "platform_admin",
    "{shared}": "stranger",
    "/status": "stranger",
    "/console/second-factor": "viewer",
    "/console/nothing-here": "viewer",
    "/console/users/": "viewer",
}


@pytest.fixture(scope="module")
def console(sqlite_console):
    """Pages look the same over every store."""
    return sqlite_console


@pytest.fixture(scope="module")
def named(console):
    verdicts = console.judge(DOUBTFUL, CHANGED, PLAIN)
    ids = {"doubtful": verdicts[0]["audit_id"], "changed": verdicts[1]["audit_id"]}
    # One decision to look at; what is decided is judged again, so that something waits too.
    console.server.ask("POST", f"/v1/reviews/{ids['doubtful']}", {"decision": "override", "reason": "for the picture"})
    ids["doubtful"] = console.judge(DOUBTFUL)[0]["audit_id"]
    webhook = console.server.ask(
        "POST", "/v1/webhooks", {"url": "https://93.184.215.14/in", "description": "a picture"}
    )
    for state in ("resolved", "acknowledged"):
        incident = {"title": "Photos are not read", "severity": "P2", "components": ["ocr.label"], "public": True}
        name = console.server.ask("POST", "/v1/admin/incidents", incident).json()["id"]
        console.server.ask("PATCH", f"/v1/admin/incidents/{name}", {"state": state, "text": "We are looking at it"})
    span = {"starts_at": "2999-12-05T20:30:00Z", "ends_at": "2999-12-05T22:30:00Z"}
    console.server.ask("POST", "/v1/admin/incidents", {"title": "Index rebuild", "text": "Half an hour", **span})
    note = {"reason": "a registered mark", "author": "a.rao@kitchen.example", "expires": None}
    answered = {"rule": "GB-QUALITY-*", "scope": {"item": "no-such-item"}, **note, "expires": "2099-01-01"}
    policies = {"brand_names": ["Zygote Zest"], "brand_notes": {"Zygote Zest": note}, "suppressions": [answered]}
    console.server.ask("PATCH", "/v1/tenants/tenant-001", policies)
    job = console.server.ask("POST", "/v1/menu/jobs?locale=en-GB", b'{"name": "Tomato soup"}\n')
    with console.as_("editor") as page:
        page.goto(f"/console/audits/{ids['changed']}?share=1")
        page.get_by_role("button", name="Make a link").click()
        shared = page.locator(".secret").inner_text().removeprefix(console.server.url)
    return ids | {"webhook": webhook.json()["id"], "job": job.json()["job_id"], "shared": shared}


@pytest.mark.parametrize("path", PAGES)
def test_a_page_suits_everybody(console, named, path):
    with console.as_(PAGES[path], reduced_motion="reduce") as page:
        sizes: list[int] = []
        page.on("response", lambda answer: sizes.append(_size(answer)))
        page.goto(path.format(**named), wait_until="load")
        assert sum(sizes) <= MOST_BYTES
        page.evaluate(AXE)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            room = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
            assert room[0] <= room[1], f"{width} px: scrolls sideways"
            for theme in LOOKED_AT.get(width, ()):
                page.emulate_media(color_scheme=theme)
                found = page.evaluate("axe.run()")["violations"]
                said = [(each["id"], [node["target"] for node in each["nodes"]]) for each in found]
                assert not said, f"{width} px, {theme}"


def _size(answer) -> int:
    return int(answer.headers.get("content-length", 0))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_switch_goes_before_the_system(console, theme):
    other = {"light": "dark", "dark": "light"}[theme]
    with console.as_("viewer", color_scheme=theme) as page:
        page.goto("/console")
        background = "getComputedStyle(document.body).backgroundColor"
        before = page.evaluate(background)
        for _ in range(3):
            if page.locator("html").get_attribute("data-theme") == other:
                break
            page.get_by_role("button", name="Colours:").click()
        assert page.evaluate(background) != before


def test_times_are_the_readers(console):
    with console.as_("viewer", timezone_id="Asia/Kolkata") as page:
        console.judge(PLAIN)
        page.goto("/console/audits")
        time = page.locator("td time").first
        stated, shown = time.get_attribute("title"), time.inner_text()
        assert stated.endswith("UTC")
        minutes = [int(text[11:13]) * 60 + int(text[14:16]) for text in (stated, shown)]
        assert (minutes[1] - minutes[0]) % 1440 == 330
    with console.as_("viewer", java_script_enabled=False) as page:
        page.goto("/console/audits")
        assert page.locator("td time").first.inner_text().endswith("UTC")


def test_everything_is_reached_by_the_keyboard_and_shows_it(console):
    with console.as_("editor") as page:
        page.goto("/console/audits")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
        page.keyboard.press("Enter")
        seen = set()
        for _ in range(30):
            page.keyboard.press("Tab")
            seen.add(page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()"))
            style = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert style == "solid", page.evaluate("document.activeElement.outerHTML")
            if "Find" in seen:
                break
        assert {"verdict", "item_id", "Find"} <= seen
