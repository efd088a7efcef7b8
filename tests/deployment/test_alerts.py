"""The alert rules: each fires and clears on made series, each has a page, and all names are metrics that we have."""

import re
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from claimlens.adapters.disk.contacts import read_contacts
from claimlens.entry.cli import cli
from tests.tools import program

ROOT = Path(__file__).parents[2]
PROMETHEUS = ROOT / "ops/prometheus"
RULES: dict[str, dict[str, Any]] = {
    rule["alert"]: rule
    for group in yaml.safe_load((PROMETHEUS / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
}
#: The runbook's own, with their thresholds and severities.
PROMISED = {
    "HighErrorRate": ("0.05", "critical"),
    "HighLatency": ("150", "warning"),
    "ErrorBudgetCritical": ("0.2", "critical"),
    "DegradedMode": ("> 0", "warning"),
    "DatabaseConnections": ("0.8", "warning"),
}


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=PROMETHEUS)


def test_each_alert_fires_and_clears():
    done = run(program("promtool", "prometheus"), "test", "rules", "alerts_test.yml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_is_tried_both_ways():
    tried: dict[str, set[bool]] = {}
    for test in yaml.safe_load((PROMETHEUS / "alerts_test.yml").read_text(encoding="utf-8"))["tests"]:
        for check in test["alert_rule_test"]:
            tried.setdefault(check["alertname"], set()).add(bool(check["exp_alerts"]))
    assert {name for name, seen in tried.items() if seen == {True, False}} == RULES.keys()


def test_the_configuration_is_what_prometheus_takes():
    done = run(program("promtool", "prometheus"), "check", "config", "prometheus.yml")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("name", "threshold", "severity"), [(n, *rest) for n, rest in PROMISED.items()])
def test_the_runbooks_thresholds(name, threshold, severity):
    assert threshold in RULES[name]["expr"]
    assert RULES[name]["labels"]["severity"] == severity


@pytest.mark.parametrize("name", RULES)
def test_each_has_a_page_that_says_what_to_do(name):
    path = ROOT / RULES[name]["annotations"]["runbook"]
    text = path.read_text(encoding="utf-8")
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert headings == ["Meaning", "Impact", "Diagnosis", "Mitigation"]
    assert text.startswith(f"# {name}\n")


@pytest.mark.parametrize("name", RULES)
def test_the_commands_of_a_page_are_there(name):
    text = (ROOT / RULES[name]["annotations"]["runbook"]).read_text(encoding="utf-8")
    for words in re.findall(r"`claimlens ([a-z ]+)", text):
        assert has_command(words.split()), f"claimlens {words}"


def has_command(words: list[str]) -> bool:
    """Whether the program has this command; what follows it (names, options) is not looked at."""
    found: click.Command | None = cli
    for word in words:
        if not isinstance(found, click.Group):
            break
        found = found.get_command(click.Context(found), word)
    return found is not None


def test_alerts_reach_whom_the_contacts_name():
    """One file of contacts, for the hand-over, the runbook and the alerts."""
    teams = read_contacts(ROOT / "ops/contacts.yaml").teams
    config = yaml.safe_load((ROOT / "ops/alertmanager/alertmanager.yml").read_text(encoding="utf-8"))
    receivers = {each["name"]: each for each in config["receivers"]}
    assert receivers["operations"]["slack_configs"][0]["channel"] == teams["operations"].slack
    assert receivers["engineering"]["slack_configs"][0]["channel"] == teams["engineering"].slack
    assert receivers["management"]["email_configs"][0]["to"] == teams["management"].email
    assert receivers["pager"]["pagerduty_configs"][0]["routing_key_file"].endswith(f"/{teams['operations'].pagerduty}")
    runbook = (ROOT / "docs/RUNBOOK.md").read_text(encoding="utf-8")
    for name, team in teams.items():
        assert f"| {name} | {team.slack} | {team.email} | {team.pagerduty} |".replace("|  |", "| |") in runbook


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        (("priority=P0",), "pager,management"),
        (("priority=P1",), "pager"),
        (("priority=P2",), "operations"),
        (("priority=P3",), "engineering"),
        (("priority=P4",), "engineering"),
        ((), "operations"),
    ],
)
def test_alerts_go_by_their_priority(labels, receiver):
    amtool = program("amtool", "prometheus-alertmanager")
    config = ROOT / "ops/alertmanager/alertmanager.yml"
    assert run(amtool, "check-config", config).returncode == 0
    done = run(amtool, "config", "routes", "test", "--config.file", config, *labels)
    assert done.stdout.strip() == receiver
