"""§11 to §13: the hand-over, what the person on call needs, and that a restart of everything forgets nothing."""

import re
from typing import Any

from tests.installation import at_once
from tests.valkey import eventually
from tests.walk.promises import Section
from tests.walk.site import ROOT, Site

SECTION = Section("11")
_DOCUMENTS = ("DESIGN_SYSTEM", "API_SPEC", "SECURITY_PRIVACY", "TROUBLESHOOTING", "CI_CD")


@SECTION.promise("everything is stopped and started: SLO and performance figures stay")
def restarted(site: Site) -> str:
    for api in site.apis:
        assert (site.feed(api=api).status, site.validate(api=api).status) == (200, 200)
    before = _figures(site)
    worker = site.installation.worker
    assert worker is not None
    at_once(worker.stop, *(api.stop for api in site.apis), *(one.stop for one in site.installation.services.values()))
    site.installation.cache.kill()
    site.installation.database.stop()
    site.installation.database.start()
    site.installation.cache.start()
    at_once(*(one.start for one in site.installation.services.values()))
    at_once(worker.start, *(api.start for api in site.apis))
    site.until_healthy()
    eventually(lambda: _requests(site) >= before["availability"]["requests"], "the figures are there", 30)
    after = _figures(site)
    routes = site.api.ask("GET", "/v1/admin/performance").json()["routes"]
    assert {"/v1/menu/feed", "/v1/menu/validate"} <= {route["name"] for route in routes}, routes
    assert after["since"] == before["since"], (before, after)
    assert after["availability"]["failed"] >= before["availability"]["failed"], (before, after)
    was, now = before["availability"], after["availability"]
    return (
        f"written down before: {was['requests']} requests, {was['failed']} failed; after, with those of the last "
        f"moments: {now['requests']} and {now['failed']}"
    )


@SECTION.promise("claimlens handoff")
def handed_over(site: Site) -> str:
    done = site.try_sh("claimlens handoff")
    # 3: somebody is needed, for this walk has spent the error budget.
    assert done.returncode in (0, 3), f"exit code {done.returncode}: {done.stderr}"
    told = done.stdout
    words = ("incident", "health", "breaker", "budget", "deployment", "backup", "purge")
    missing = [word for word in words if word not in told.lower()]
    assert not missing, f"it does not tell of {missing}: {told}"
    assert "does not answer" not in told, told
    return f"{len(told.splitlines())} lines: {', '.join(words)}"


@SECTION.promise("claimlens doctor: kubectl, database, backups, clock, disk")
def doctor(site: Site) -> str:
    done = site.try_sh("claimlens doctor")
    levels = {what: level for level, what, *_ in (line.split("\t") for line in done.stdout.splitlines())}
    missing = {"kubectl", "server", "database", "backup", "clock", "data folder"} - levels.keys()
    assert not missing, f"it does not tell of {missing}: {done.stdout} {done.stderr}"
    failed = [what for what, level in levels.items() if level == "fail"]
    assert (done.returncode, failed) == (0, []), done.stdout
    warned = ", ".join(what for what, level in levels.items() if level == "warn")
    return f"{len(levels)} lines, nothing fails; warnings: {warned or 'none'}"


@SECTION.promise("§12 contacts, §13 the linked documents")
def documents(_: Site) -> str:
    for name in _DOCUMENTS:
        assert (ROOT / f"docs/{name}.md").is_file(), name
    text = (ROOT / "docs/RUNBOOK.md").read_text(encoding="utf-8")
    numbers = [int(number) for number in re.findall(r"(?m)^## (\d+)\. ", text)]
    assert numbers == list(range(1, 14)), numbers
    return f"{len(_DOCUMENTS)} documents; our runbook has the same thirteen sections"


def _figures(site: Site) -> dict[str, Any]:
    told: dict[str, Any] = site.api.ask("GET", "/v1/slo/status").json()
    return told


def _requests(site: Site) -> int:
    return int(_figures(site)["availability"]["requests"])
