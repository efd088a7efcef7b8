"""§6: what is past its retention goes, by command and by hand; what must stay stays. The clock is moved for it."""

import json
import os

import yaml

from tests.serving import Server
from tests.walk.promises import Section
from tests.walk.site import ROOT, Site

SECTION = Section("6")
_DAYS = 100
_EACH = 4
#: Tenant → its settings. The third is under legal hold.
_TENANTS = {
    "walk-90": {"retention_days": 90},
    "walk-365": {"retention_days": 365},
    "walk-held": {"retention_days": 90, "legal_hold": True},
}


@SECTION.promise(f"a server whose clock is {_DAYS} days behind answers; claimlens purge --dry-run, purge")
def purged(site: Site) -> str:
    _old_audits(site)
    site.claimlens("audits", "seal")
    would = _by_kind(site.claimlens("purge", "--dry-run", "--json"))
    did = _by_kind(site.claimlens("purge", "--json"))
    assert would["audits"] == did["audits"] == _EACH, (would, did)
    assert did["decision_logs"] >= _EACH, did
    assert did["webhooks"] == 1, did
    assert _count(site) == {"walk-90": 0, "walk-365": _EACH, "walk-held": _EACH}, _count(site)
    again = _by_kind(site.claimlens("purge", "--json"))
    assert not any(again.values()), again
    gone = ", ".join(f"{count} {kind}" for kind, count in did.items() if count)
    return f"{gone} went; those within 365 days and under legal hold stayed; a second one found nothing"


@SECTION.promise("DELETE FROM audits WHERE ts < NOW() - INTERVAL '90 days', as written")
def deleted_by_hand(site: Site) -> str:
    site.claimlens("tenants", "set", "walk-365", "--retention-days", "90")
    done = site.try_sh(
        """psql -h db.claimlens.com -U claimlens -c "
  DELETE FROM audits
  WHERE ts < NOW() - INTERVAL '90 days';
" """
    )
    assert (done.returncode, done.stdout.strip()) == (0, f"DELETE {_EACH}"), (done.stdout, done.stderr)
    assert f"{_EACH} audits stay" in done.stderr, done.stderr
    assert _count(site) == {"walk-90": 0, "walk-365": 0, "walk-held": _EACH}, _count(site)
    return f"DELETE {_EACH}, and a warning that {_EACH} stay: they are under legal hold"


@SECTION.promise("the seals tell purged from deleted")
def seals_outlive(site: Site) -> str:
    told = {}
    for tenant in _TENANTS:
        bundle = site.folder / f"here/{tenant}.bundle"
        site.claimlens("audits", "export", "--tenant", tenant, "--bundle", str(bundle))
        key = site.claimlens("audits", "public-key").strip()
        verified = json.loads(site.claimlens("audits", "verify", str(bundle), "--public-key", key, "--json"))
        assert verified["holds"], verified
        told[tenant] = (verified["records"], verified["purged"])
    assert told == {"walk-90": (0, _EACH), "walk-365": (0, _EACH), "walk-held": (_EACH, 0)}, told
    return "purged, purged, there; all verify"


@SECTION.promise("how the log and Prometheus lines of this section are kept instead")
def other_lines(site: Site) -> str:
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    assert "--storage.tsdb.retention.time=30d" in text
    assert not list(site.installation.folder.glob("api/*.log.*")), "the service writes logs of its own"
    return "Prometheus keeps 30 days by its own flag; the service writes logs to standard error only"


@SECTION.stands_in("the CronJob at 02:00", "there is no cluster here")
def cron_job(_: Site) -> str:
    job = yaml.safe_load((ROOT / "k8s/cronjob-purge.yaml").read_text(encoding="utf-8"))
    assert (job["metadata"]["name"], job["spec"]["schedule"]) == ("purge-expired-data", "0 2 * * *")
    (container,) = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    assert container["env"][0]["valueFrom"]["secretKeyRef"] == {"name": "database-credentials", "key": "url"}
    return "purge-expired-data, 0 2 * * *, DATABASE_URL from database-credentials; the command ran above"


def _old_audits(site: Site) -> None:
    """Verdicts of each tenant, a hundred days ago, and a webhook that failed then."""
    keys = {name: site.tenant(name, **settings)[1] for name, settings in _TENANTS.items()}
    path = os.pathsep.join((str(ROOT / "src"), str(ROOT)))
    then = Server(
        site.installation.apis[0].folder,
        worker=False,
        environ=site.installation.environ() | {"PYTHONPATH": path},
        program=("tests.walk.moved_clock", str(-_DAYS)),
    )
    site.held.callback(then.kill)
    then.start()
    for key in keys.values():
        for _ in range(_EACH):
            answer = site.feed(api=then, key=key)
            assert answer.status == 200, answer.body
    then.stop()
    assert _count(site) == dict.fromkeys(_TENANTS, _EACH), _count(site)
    # A delivery that failed for good takes days; its row is written as it would be.
    event = "018f0000-0000-7000-8000-000000000001"
    site.sql(
        "INSERT INTO deliveries (id, tenant_id, webhook_id, event_id, event_type, payload, created_at, state, attempts,"
        f" last_error, finished_at) VALUES ('{event}', 'walk-90', '{event}', '{event}', 'verdict.generated', '',"
        " now() - interval '9 days', 'failed', 8, 'refused', now() - interval '8 days')"
    )


def _by_kind(text: str) -> dict[str, int]:
    return {one["data"]: one["removed"] for one in json.loads(text)["purged"]}


def _count(site: Site) -> dict[str, int]:
    past = f"ts < now() - interval '{_DAYS - 1} days'"
    return {
        name: int(site.sql(f"SELECT count(*) FROM audits WHERE tenant_id = '{name}' AND {past}")) for name in _TENANTS
    }
