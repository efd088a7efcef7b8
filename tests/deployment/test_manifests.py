"""The manifests: valid against Kubernetes' schemas, rendered from their sources, and what the runbook's lines name."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "k8s").rglob("*.yaml"))
#: The oldest and the newest that the manifests are written for.
VERSIONS = ("1.29", "1.32")
SERVICES = ("mcp-ocr-label", "mcp-unit-convert", "mcp-recall-lookup", "mcp-alt-suggester")


def documents(path: Path) -> list[dict[str, Any]]:
    return [each for each in yaml.safe_load_all(path.read_text(encoding="utf-8")) if each]


def named(environment: str) -> dict[tuple[str, str], dict[str, Any]]:
    found = documents(ROOT / f"k8s/{environment}/claimlens.yaml")
    return {(each["kind"], each["metadata"]["name"]): each for each in found}


def pods(environment: str) -> dict[str, dict[str, Any]]:
    """The pod specification of every workload."""
    found = {}
    for (kind, name), each in named(environment).items():
        if kind == "Deployment":
            found[name] = each["spec"]["template"]["spec"]
        elif kind == "CronJob":
            found[name] = each["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    return found


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_document_is_what_the_cluster_takes(path, version):
    for each in documents(path):
        kubernetes_validate.validate(each, version, strict=True)


@pytest.mark.skipif(not shutil.which("kubectl") and not shutil.which("kustomize"), reason="no kubectl, no kustomize")
def test_the_plain_files_are_what_the_sources_say():
    command = [sys.executable, str(ROOT / "scripts/render-manifests.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("environment", ["staging", "production"])
class TestEnvironment:
    def test_the_deployments_have_the_runbooks_names_and_labels(self, environment):
        found = named(environment)
        api = found["Deployment", "claimlens-api"]
        assert api["spec"]["template"]["metadata"]["labels"]["app"] == "claimlens-api"
        for name in SERVICES:
            assert found["Deployment", name]["spec"]["template"]["metadata"]["labels"]["app"] == "mcp-services"
            assert found["Service", name]["spec"]["selector"]["service"] == name
        assert ("Deployment", "claimlens-worker") in found

    def test_the_autoscaler_owns_the_number_of_pods(self, environment):
        found = named(environment)
        assert all("replicas" not in each["spec"] for (kind, _), each in found.items() if kind == "Deployment")
        scaler = found["HorizontalPodAutoscaler", "claimlens-api"]["spec"]
        expected = (3, 10) if environment == "production" else (2, 4)
        assert (scaler["minReplicas"], scaler["maxReplicas"]) == expected
        assert scaler["metrics"][0]["resource"]["target"]["averageUtilization"] == 70
        budget = found["PodDisruptionBudget", "claimlens-api"]["spec"]
        assert budget["minAvailable"] < scaler["minReplicas"]

    def test_no_pod_may_more_than_it_must(self, environment):
        for name, pod in pods(environment).items():
            assert pod["automountServiceAccountToken"] is False, name
            assert pod["securityContext"]["runAsNonRoot"] is True, name
            assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
            for container in [*pod.get("initContainers", []), *pod["containers"]]:
                held = container["securityContext"]
                assert held["readOnlyRootFilesystem"] is True, name
                assert held["allowPrivilegeEscalation"] is False, name
                assert held["capabilities"] == {"drop": ["ALL"]}, name
                assert container["resources"]["limits"]["memory"], name
                assert container["resources"]["requests"]["cpu"], name

    def test_secrets_come_by_reference(self, environment):
        text = (ROOT / f"k8s/{environment}/claimlens.yaml").read_text(encoding="utf-8")
        assert "kind: Secret" not in text
        for pod in pods(environment).values():
            for container in pod["containers"]:
                for one in container.get("env", []):
                    assert "value" not in one or "SECRET" not in one["name"]

    def test_probes_ask_what_the_service_answers(self, environment):
        (api,) = pods(environment)["claimlens-api"]["containers"]
        assert api["readinessProbe"]["httpGet"]["path"] == "/health/ready"
        assert api["livenessProbe"]["httpGet"]["path"] == "/health/live"
        for name in SERVICES:
            (server,) = pods(environment)[name]["containers"]
            assert server["readinessProbe"]["httpGet"]["path"] == "/health"

    def test_each_service_is_reached_where_it_listens(self, environment):
        found = named(environment)
        settings = found["ConfigMap", "claimlens-settings"]["data"]
        for name in SERVICES:
            (server,) = pods(environment)[name]["containers"]
            port = server["ports"][0]["containerPort"]
            variable = f"CLAIMLENS_{name.upper().replace('-', '_')}_URL"
            assert settings[variable] == f"http://{name}:{port}"
            assert found["Service", name]["spec"]["ports"][0]["port"] == port
            assert server["args"][:3] == ["mcp", "serve", name.removeprefix("mcp-").replace("-", ".")]
            assert server["args"][-1] == str(port)

    def test_every_setting_is_one_that_the_program_knows(self, environment):
        reference = (ROOT / "docs/reference/settings.md").read_text(encoding="utf-8")
        for name in named(environment)["ConfigMap", "claimlens-settings"]["data"]:
            assert f"| `{name}` |" in reference

    def test_nothing_goes_in_or_out_that_no_policy_names(self, environment):
        found = named(environment)
        walls = found["NetworkPolicy", "claimlens-deny-all"]["spec"]
        assert walls["policyTypes"] == ["Ingress", "Egress"]
        assert not {"ingress", "egress"} & walls.keys()
        for kind, name in found:
            if kind == "Deployment":
                labels = found[kind, name]["spec"]["template"]["metadata"]["labels"]
                assert labels["app.kubernetes.io/part-of"] == "claimlens"


class TestRunbookFiles:
    def test_the_purge_stands_by_itself_and_needs_the_store_only(self):
        (job,) = documents(ROOT / "k8s/cronjob-purge.yaml")
        assert (job["metadata"]["name"], job["spec"]["schedule"]) == ("purge-expired-data", "0 2 * * *")
        (container,) = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
        assert container["image"].startswith("claimlens/purge-job:")
        assert not container["image"].endswith(":latest")
        (variable,) = container["env"]
        assert variable["valueFrom"]["secretKeyRef"] == {"name": "database-credentials", "key": "url"}
        assert variable["name"] == "DATABASE_URL"

    def test_maintenance_is_a_map_that_the_api_mounts(self):
        (switch,) = documents(ROOT / "k8s/maintenance-mode.yaml")
        pod = pods("production")["claimlens-api"]
        (volume,) = [each for each in pod["volumes"] if each["name"] == "maintenance"]
        assert volume["configMap"] == {"name": switch["metadata"]["name"], "optional": True}
        (mount,) = [each for each in pod["containers"][0]["volumeMounts"] if each["name"] == "maintenance"]
        file = named("production")["ConfigMap", "claimlens-settings"]["data"]["CLAIMLENS_MAINTENANCE_FILE"]
        (key,) = switch["data"]
        assert file == f"{mount['mountPath']}/{key}"
