"""§2: what an incident asks for: switching off what fails, telling customers, what was deployed."""

import json

from tests.serving import Server
from tests.valkey import eventually
from tests.walk.promises import Section
from tests.walk.site import Site

SECTION = Section("2")


@SECTION.promise("claimlens services disable ocr.label --for 1h, enable")
def a_service_is_switched_off(site: Site) -> str:
    site.claimlens("services", "disable", "ocr.label", "--for", "1h", "--reason", "walk")
    for api in site.apis:
        eventually(lambda api=api: _service(api) == "off", "every process knows", 10)  # type: ignore[misc]
    site.claimlens("services", "enable", "ocr.label", "--reason", "walk")
    for api in site.apis:
        eventually(lambda api=api: _service(api) == "ok", "every process knows", 10)  # type: ignore[misc]
    return "off and on again in both processes"


@SECTION.promise("claimlens profiles disable detect.allergens --for 1h, enable")
def a_transform_is_switched_off(site: Site) -> str:
    site.claimlens("profiles", "disable", "detect.allergens", "--for", "1h", "--reason", "walk")
    eventually(lambda: "detect.allergens" in _not_checked(site), "verdicts say so", 10)
    site.claimlens("profiles", "enable", "detect.allergens")
    eventually(lambda: "detect.allergens" not in _not_checked(site), "it runs again", 10)
    return "verdicts named it in not_checked, then no more"


@SECTION.promise("claimlens incidents open, ack, update, resolve; the status page")
def an_incident(site: Site) -> str:
    title = "Verdicts are slow"
    opening = ("incidents", "open", title, "--severity", "P2", "--component", "api", "--public", "--text", "We look.")
    incident = site.claimlens(*opening).split()[0]
    eventually(lambda: title in _status_page(site), "the status page shows it", 30)
    site.claimlens("incidents", "ack", incident, "--text", "Somebody is at it.")
    site.claimlens("incidents", "update", incident, "--state", "monitoring", "--text", "Mended; we watch.")
    eventually(lambda: "Mended; we watch." in _status_page(site), "the status page says more", 30)
    site.claimlens("incidents", "resolve", incident, "--text", "It is over.")
    eventually(lambda: "It is over." in _status_page(site), "the status page says that it is over", 30)
    asked = site.api.ask("GET", "/status", key="", headers={"Accept": "application/json"})
    assert asked.status == 200, asked.body
    json.loads(asked.body)
    return "on /status while it lasted, and when it was over; JSON too"


@SECTION.promise("claimlens tenants contacts --csv")
def contacts(site: Site) -> str:
    site.tenant("walk-contacts", contact_email="kitchen@example.com")
    told = site.sh("claimlens tenants contacts --csv")
    assert "kitchen@example.com" in told, told
    return "the address of a new tenant is in it"


@SECTION.promise("recent deployments are known")
def deployments(site: Site) -> str:
    count = site.sql("SELECT count(*) FROM deployments")
    assert int(count) > 0, "a start leaves no row in deployments"
    return f"{count} starts noted"


def _service(api: Server) -> str:
    return str(api.ask("GET", "/health/mcp/ocr.label", key="").json()["status"])


def _not_checked(site: Site) -> list[str]:
    found: list[str] = site.validate().json()["not_checked"]
    return found


def _status_page(site: Site) -> str:
    return site.api.ask("GET", "/status", key="").body.decode()
