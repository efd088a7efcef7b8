"""§5: a backup by hand and by command, the database dropped, both brought back."""

import json
from datetime import UTC, datetime

from tests.installation import DATABASE, ROLE
from tests.valkey import eventually
from tests.walk.promises import Section
from tests.walk.site import ROOT, TENANT, Site

SECTION = Section("5")
_COUNTED = ("audits", "api_keys", "tenants", "seals", "decision_logs")


@SECTION.promise("pg_dump | gzip, DROP DATABASE, gunzip, psql <, as written")
def by_hand(site: Site) -> str:
    _sealed(site)
    before = _counts(site)
    site.sh(
        f"""pg_dump -h db.claimlens.com -U claimlens {DATABASE} \\
  | gzip > backup-$(date +%Y%m%d).sql.gz"""
    )
    _dropped(site)
    site.sh("gunzip backup-$(date +%Y%m%d).sql.gz")
    site.sh(f"psql -q -h db.claimlens.com -U claimlens {DATABASE} < backup-$(date +%Y%m%d).sql > restored.log")
    shown = site.sh('psql -h db.claimlens.com -U claimlens -c "SELECT count(*) FROM audits;"')
    assert before["audits"] in shown, shown
    return _is_back(site, before)


@SECTION.promise("claimlens backup create, DROP DATABASE, claimlens backup restore")
def by_command(site: Site) -> str:
    _sealed(site)
    before = _counts(site)
    made = site.claimlens("backup", "create")
    name = next(word for word in made.split() if word.startswith("backup-"))
    assert name.startswith(f"backup-{datetime.now(UTC):%Y%m%d}"), name
    _dropped(site)
    told = site.claimlens("backup", "restore", "--yes")
    return f"{name}; {_is_back(site, before)}; {told.strip().splitlines()[-1]}"


@SECTION.promise("claimlens backup verify, list, drill, prune")
def the_rest(site: Site) -> str:
    site.claimlens("backup", "verify")
    assert "backup-" in site.claimlens("backup", "list")
    drilled = site.claimlens("backup", "drill")
    site.claimlens("backup", "prune", "--dry-run")
    return drilled.strip().splitlines()[-1]


@SECTION.promise("curl …/v1/export/audits?start_date=…&end_date=…")
def exported(site: Site) -> str:
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    site.sh(
        f"""curl -fsS -H "Authorization: Bearer $API_KEY" \\
  "https://api.claimlens.com/v1/export/audits?start_date={today}&end_date={today}" \\
  > audits.ndjson"""
    )
    *rows, last = (site.folder / "here/audits.ndjson").read_text(encoding="utf-8").splitlines()
    count = site.sql(f"SELECT count(*) FROM audits WHERE tenant_id = '{TENANT}' AND ts >= '{today}'")
    assert "_summary" in json.loads(last), last
    assert str(len(rows)) == count, f"{len(rows)} of {count}"
    return f"{len(rows)} lines and a summary, as many as the table has"


@SECTION.stands_in("aws s3 cp to s3://claimlens-backups", "there is no cloud account here")
def bucket(_: Site) -> str:
    # The same by `claimlens backup --at s3://…` runs against a server that speaks S3 in the test that is named.
    tests = (ROOT / "tests/journeys/test_backups.py").read_text(encoding="utf-8")
    assert "s3://backups/" in tests
    return "tests/journeys/test_backups.py makes and restores backups in a bucket of an S3 server"


def _sealed(site: Site) -> None:
    """Some verdicts, and a seal over what can be sealed."""
    for _ in range(5):
        assert site.feed().status == 200
    # What is older than 30 s is sealed; there is some by now, unless only this section is walked.
    eventually(lambda: site.sql("SELECT count(*) FROM seals") != "0", "the worker has sealed", 60)


def _counts(site: Site) -> dict[str, str]:
    return {table: site.sql(f"SELECT count(*) FROM {table}") for table in _COUNTED}


def _dropped(site: Site) -> None:
    """Another, empty database of this name."""
    site.as_superuser(f"DROP DATABASE {DATABASE} WITH (FORCE)")
    eventually(lambda: site.health()[0] == 503, "it says unhealthy", 60)
    site.as_superuser(f"CREATE DATABASE {DATABASE} OWNER {ROLE}")


def _is_back(site: Site, before: dict[str, str]) -> str:
    site.until_healthy()
    after = _counts(site)
    assert after["audits"] == before["audits"], (before, after)
    assert {name: after[name] for name in ("api_keys", "tenants")} == {n: before[n] for n in ("api_keys", "tenants")}
    bundle = site.folder / "here/restored.bundle"
    site.claimlens("audits", "export", "--tenant", TENANT, "--bundle", str(bundle))
    key = site.claimlens("audits", "public-key").strip()
    verified = json.loads(site.claimlens("audits", "verify", str(bundle), "--public-key", key, "--json"))
    assert verified["holds"], verified
    assert site.feed().status == 200
    return f"{after['audits']} audits before and after, {verified['records']} verified, served without a restart"
