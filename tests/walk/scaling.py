"""§4: another process, a read replica, more memory for the cache; none of it needs a change elsewhere."""

import time

import yaml

from tests.postgres import PostgresServer
from tests.valkey import eventually
from tests.walk.promises import Section
from tests.walk.site import ROOT, TENANT, Site

SECTION = Section("4")


@SECTION.promise("one more API process on the same database and cache")
def another_process(site: Site) -> str:
    third = site.installation.another_api()
    site.held.callback(third.kill)
    began = time.monotonic()
    third.start()
    took = time.monotonic() - began
    first, again = site.validate(named="walk-scaled"), site.validate(api=third, named="walk-scaled")
    assert (first.status, again.status, again.body) == (200, 200, first.body), again.body
    assert again.headers["idempotency-replayed"] == "true"
    key_id, key = site.issue(TENANT)
    assert site.validate(api=third, key=key).status == 200
    assert third.ask("DELETE", f"/v1/api-keys/{key_id}").status == 204
    revoked = time.monotonic()
    eventually(lambda: site.validate(key=key).status == 401, "the others refuse it", 5)
    within = time.monotonic() - revoked
    assert third.stop() == 0
    assert site.validate().status == 200
    return (
        f"serves after {took:.1f} s; keys, replies and a revoked key ({within:.2f} s) are shared; stopped with exit "
        "code 0, the others go on"
    )


@SECTION.promise("DATABASE_READ_URL names a replica; it is lost")
def read_replica(site: Site) -> str:
    replica = PostgresServer(replica_of=site.installation.database.port)
    site.held.callback(replica.remove)
    url = site.installation.database_url.replace(f":{site.installation.database.port}/", f":{replica.port}/")
    reader = site.installation.another_api({"DATABASE_READ_URL": url})
    site.held.callback(reader.kill)
    reader.start()
    audit = site.validate().json()["audit_id"]
    export = f"/v1/audits?limit=200&start_date={time.strftime('%Y-%m-%d', time.gmtime())}"
    eventually(lambda: audit in reader.ask("GET", export).body.decode(), "the replica has it", 30)
    seen = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'claimlens' AND datname = current_database()"
    at_the_replica = site.sh(f'psql "{url}" -XAtq -c "{seen}"').strip()
    assert int(at_the_replica) > 0, "nobody reads the replica"
    lag = site.metric("claimlens_db_replica_lag_seconds", reader)
    assert 0 <= lag < 10, lag
    replica.stop()
    assert audit in reader.ask("GET", export).body.decode()
    reader.stop()
    return f"{at_the_replica} connections read it, {lag:.1f} s behind; without it the primary answers"


@SECTION.promise("redis-cli CONFIG SET maxmemory 4gb")
def cache_memory(site: Site) -> str:
    assert site.sh("redis-cli CONFIG SET maxmemory 4gb").strip() == "OK"
    return "OK"


@SECTION.stands_in("kubectl scale, kubectl autoscale --min=3 --max=10 --cpu-percent=70", "there is no cluster here")
def autoscaler(site: Site) -> str:
    text = (ROOT / "k8s/production/claimlens.yaml").read_text(encoding="utf-8")
    (scaler,) = [one["spec"] for one in yaml.safe_load_all(text) if one and one["kind"] == "HorizontalPodAutoscaler"]
    assert (scaler["minReplicas"], scaler["maxReplicas"]) == (3, 10), scaler
    assert scaler["metrics"][0]["resource"]["target"]["averageUtilization"] == 70, scaler
    return "the autoscaler of k8s/production has 3, 10 and 70 %"
