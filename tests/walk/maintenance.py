"""§10: closed for maintenance by the switch and by the file, the database cared for, opened again."""

import yaml

from tests.serving import Server
from tests.valkey import eventually
from tests.walk.promises import Section
from tests.walk.site import ROOT, TENANT, Site

SECTION = Section("10")
_MESSAGE = "Planned maintenance"


@SECTION.promise("maintenance mode by the switch")
def by_switch(site: Site) -> str:
    site.claimlens("maintenance", "on", "--message", _MESSAGE)
    seen = _closed(site)
    site.claimlens("maintenance", "off")
    _open(site)
    return seen


@SECTION.promise("maintenance mode by the file that k8s/maintenance-mode.yaml makes in a pod")
def by_file(site: Site) -> str:
    manifest = yaml.safe_load((ROOT / "k8s/maintenance-mode.yaml").read_text(encoding="utf-8"))
    (text,) = manifest["data"].values()
    site.maintenance_file.write_text(text, encoding="utf-8")
    seen = _closed(site)
    site.maintenance_file.unlink()
    _open(site)
    return seen


@SECTION.stands_in("kubectl apply and delete -f k8s/maintenance-mode.yaml", "there is no cluster here")
def mounted(_: Site) -> str:
    text = (ROOT / "k8s/production/claimlens.yaml").read_text(encoding="utf-8")
    manifest = yaml.safe_load((ROOT / "k8s/maintenance-mode.yaml").read_text(encoding="utf-8"))
    assert manifest["metadata"]["name"] in text
    assert "CLAIMLENS_MAINTENANCE_FILE" in text
    return "the pods mount this ConfigMap as the file of CLAIMLENS_MAINTENANCE_FILE"


@SECTION.promise("VACUUM ANALYZE and a rebuilt index while it serves")
def by_hand(site: Site) -> str:
    site.sh('psql -h db.claimlens.com -U claimlens -c "VACUUM ANALYZE;"')
    site.sh('psql -h db.claimlens.com -U claimlens -c "REINDEX TABLE CONCURRENTLY audits;"')
    assert site.feed().status == 200
    return "done; verdicts go on"


@SECTION.promise("claimlens db maintain")
def maintained(site: Site) -> str:
    told = site.claimlens("db", "maintain")
    assert site.feed().status == 200
    return told.strip().splitlines()[-1]


def _closed(site: Site) -> str:
    """What is refused and what is not, in both processes."""
    for api in site.apis:
        eventually(lambda api=api: site.feed(api=api).status == 503, "it is closed", 10)  # type: ignore[misc]
        answer = site.feed(api=api)
        assert (answer.status, answer.json()["code"]) == (503, "MAINTENANCE"), answer.body
        assert int(answer.headers["retry-after"]) > 0
        status, told = site.health(api)
        assert (status, told["status"]) == (200, "maintenance"), told
        assert told["message"].startswith(_MESSAGE), told
    assert site.api.ask("GET", "/v1/audits?limit=1").status == 200
    assert site.api.ask("POST", "/v1/tenants", {"id": "walk-closed"}).status == 503
    key_id, _ = site.issue(TENANT)
    assert site.api.ask("DELETE", f"/v1/api-keys/{key_id}").status == 204
    assert _MESSAGE in site.api.ask("GET", "/status", key="").body.decode(), "the status page does not say it"
    assert _MESSAGE in _console(site.api), "the console does not say it"
    return (
        "503 MAINTENANCE with Retry-After in both processes; reads, issuing and revoking keys stay; /health says "
        "maintenance with 200; status page and console show the message"
    )


def _open(site: Site) -> None:
    for api in site.apis:
        eventually(lambda api=api: site.feed(api=api).status == 200, "it is open again", 10)  # type: ignore[misc]
    site.until_healthy()


def _console(api: Server) -> str:
    return api.ask("GET", "/console", key="").body.decode()
