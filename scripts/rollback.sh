#!/bin/sh
# Go back to the release before.
#
#   ./scripts/rollback.sh                in the cluster of kubectl's context (or KUBE_CONTEXT)
#   ./scripts/rollback.sh claimlens-api …   only these deployments
#   CLAIMLENS_RELEASES=/srv/claimlens ./scripts/rollback.sh    a folder of releases on this machine
#
# In a cluster each deployment goes back by one revision, and this waits until it runs; the images are printed at the end.
# `kubectl rollout restart` makes a revision too: look at `kubectl rollout history` first if somebody restarted something.
# Exit code 0 only if all of it runs. The hand-over tells of it: in a cluster by a note that says why (CLAIMLENS_REASON), in a
# folder of releases because the version that starts is older.
set -eu

if [ -n "${CLAIMLENS_RELEASES:-}" ]; then
  exec "${PYTHON:-python3}" "$(dirname "$0")/deploy.py" rollback --root "$CLAIMLENS_RELEASES"
fi

command -v kubectl >/dev/null || { echo "rollback: kubectl is not installed" >&2; exit 1; }
kubectl() { command kubectl ${KUBE_CONTEXT:+--context "$KUBE_CONTEXT"} "$@"; }

[ $# -gt 0 ] || set -- claimlens-api claimlens-worker mcp-ocr-label mcp-unit-convert mcp-recall-lookup mcp-alt-suggester
for name in "$@"; do
  kubectl rollout undo "deployment/$name"
done
failed=0
for name in "$@"; do
  kubectl rollout status "deployment/$name" --timeout="${CLAIMLENS_ROLLBACK_WAIT:-300s}" || failed=1
done
kubectl get deployments -o wide
kubectl exec deployment/claimlens-api -- claimlens deployments record --kind rollback --part "$(echo "$@" | cut -c1-40)" \
  --note "rollback.sh: ${CLAIMLENS_REASON:-no reason given}" || echo "rollback: not noted in claimlens deployments" >&2
exit $failed
