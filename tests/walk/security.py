"""§7: a leaked key, a tenant that is isolated, who saw what, secrets that are rotated."""

import json
import secrets
import time
from datetime import UTC, datetime

import pytest

from tests.serving import Server
from tests.valkey import eventually
from tests.walk.promises import Section
from tests.walk.site import TENANT, Site

SECTION = Section("7")
_WITHIN_S = 1.0


@SECTION.promise("curl -X DELETE …/v1/api-keys/$KEY_ID, as written")
def revoked(site: Site) -> str:
    key_id, key = site.issue(TENANT)
    for api in site.apis:
        assert site.validate(api=api, key=key).status == 200
    site.sh(
        """curl -fsS -X DELETE https://api.claimlens.com/v1/api-keys/$KEY_ID \\
  -H "Authorization: Bearer $ADMIN_KEY" """,
        KEY_ID=key_id,
    )
    took = max(_refused_after(site, api, key) for api in site.apis)
    assert took < _WITHIN_S, took
    return f"401 in both processes {took:.2f} s after the answer"


@SECTION.promise("""curl -X POST …/v1/api-keys -d '{"tenant_id": "tenant-001"}', as written""")
def issued(site: Site) -> str:
    told = json.loads(
        site.sh(
            """curl -fsS -X POST https://api.claimlens.com/v1/api-keys \\
  -H "Authorization: Bearer $ADMIN_KEY" \\
  -d '{"tenant_id": "tenant-001"}'"""
        )
    )
    assert all(site.validate(api=api, key=told["key"]).status == 200 for api in site.apis)
    assert told["role"] == "publisher", told
    return "accepted by both processes; a publisher"


@SECTION.promise("claimlens tenants isolate, release")
def isolated(site: Site) -> str:
    _, key = site.tenant("walk-isolated")
    assert site.validate(key=key).status == 200
    site.claimlens("tenants", "isolate", "walk-isolated")
    took = max(_refused_after(site, api, key) for api in site.apis)
    assert took < _WITHIN_S, took
    site.claimlens("tenants", "release", "walk-isolated")
    eventually(lambda: site.validate(key=key).status == 200, "it is accepted again", 10)
    return f"refused {took:.2f} s after the command; accepted again"


@SECTION.promise("claimlens access scope and export: what a key saw")
def scope(site: Site) -> str:
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    key_id, key = site.issue(TENANT, "admin")
    exported = site.api.ask("GET", f"/v1/export/audits?start_date={today}&end_date={today}", key=key)
    assert exported.status == 200
    rows = exported.body.count(b"\n") - 1
    told = site.sh('claimlens access scope --key "$KEY_ID" --since "$(date -u +%Y-%m-%d)"', KEY_ID=key_id)
    assert "export" in told, told
    assert str(rows) in told.replace(",", ""), f"{rows} rows are not in {told}"
    site.sh('claimlens access export --since "$(date -u +%Y-%m-%d)" --output access.csv')
    log = (site.folder / "here/access.csv").read_text(encoding="utf-8")
    assert "walk-isolated" in log
    assert key not in log
    return f"its export with {rows} records is in it; the log as CSV, without a secret"


@SECTION.promise("claimlens keys rotate --all --tenant walk-isolated --overlap 0")
def keys_rotated(site: Site) -> str:
    _, old = site.issue("walk-isolated")
    told = site.claimlens("keys", "rotate", "--all", "--tenant", "walk-isolated", "--overlap", "0", "--yes")
    new = [line.split("\t")[-1] for line in told.splitlines()]
    eventually(lambda: site.validate(key=old).status == 401, "the old one is refused", 5)
    assert all(site.validate(key=key).status == 200 for key in new)
    return f"{len(new)} new ones open, the old ones do not"


@SECTION.promise("claimlens secrets rotate api, webhooks, seal")
def secrets_rotated(site: Site) -> str:
    _, key = site.tenant("walk-rotated")
    wanted = {"url": "http://127.0.0.1:9/hook", "events": ["verdict.generated"]}
    assert site.api.ask("POST", "/v1/webhooks", wanted, key=site.issue("walk-rotated", "admin")[1]).status == 201
    before = site.claimlens("audits", "public-key").split()
    site.sh("claimlens secrets rotate api --into new-keys --overlap 48 --yes")
    site.sh("claimlens secrets rotate webhooks --into new-secrets --overlap 48 --yes")
    site.sh("claimlens secrets rotate seal --yes")
    after = site.claimlens("audits", "public-key").split()
    assert set(before) < set(after), (before, after)
    found = [path for path in (site.folder / "here/new-keys").rglob("*") if path.is_file()]
    new = [word for path in found for word in path.read_text(encoding="utf-8").split() if word.startswith("cl_live_")]
    assert all(path.stat().st_mode & 0o077 == 0 for path in found), "others may read the new keys"
    assert new, found
    assert {site.validate(key=one).status for one in (key, new[0])} == {200}
    return f"{len(new)} new keys in {len(found)} files; the old ones open for the overlap; two seal keys are known"


@SECTION.promise("claimlens secrets rotate encryption, with rolling restarts")
def encryption_rotated(site: Site) -> str:
    former = (site.installation.folder / "api/secret.key").read_text(encoding="utf-8").strip()
    coming = secrets.token_hex(32)
    _, key = site.issue(TENANT)
    restart = site.installation.restart
    restart({"CLAIMLENS_SECRET_KEY": former, "CLAIMLENS_SECRET_KEYS_ALSO": coming})
    restart({"CLAIMLENS_SECRET_KEY": coming, "CLAIMLENS_SECRET_KEYS_ALSO": former})
    site.sh("claimlens secrets rotate encryption --yes")
    site.sh("claimlens secrets status")
    restart({"CLAIMLENS_SECRET_KEYS_ALSO": ""})
    site.until_healthy()
    assert {site.feed(api=api, key=key).status for api in site.apis} == {200}
    stranger = site.installation.another_api({"CLAIMLENS_SECRET_KEY": former})
    with pytest.raises(RuntimeError, match=r"(?i)secret"):
        stranger.start()
    return "three rolling restarts; keys go on; a process with the former secret refuses to start"


def _refused_after(site: Site, api: Server, key: str) -> float:
    """Seconds until a process refuses a key."""
    began = time.monotonic()
    eventually(lambda: site.validate(api=api, key=key).status in (401, 403), "it is refused", 10)
    return time.monotonic() - began
