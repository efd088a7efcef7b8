"""`make walk`: the operators' runbook from §1 to §11 against a freshly started, real system, promise by promise.

Everything runs as on a server: PostgreSQL with fsync under the role `claimlens`, Valkey, two API processes, a worker,
the four MCP services each in a process, Prometheus with the rules of `ops/prometheus`. The runbook's own lines are run
as they stand there, with the host names replaced (`site.py`). What needs a cluster or a container engine is listed as
"not run here", with the check of the manifests that stands in for it.
"""
