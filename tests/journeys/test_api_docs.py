"""The pages about the API say what it does: examples run against a server, no route, code or header is missing."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from claimlens.entry.api.app import ROUTES
from claimlens.entry.api.spec import KEY
from claimlens.entry.web.problems import KINDS, anchor_of
from tests.journeys.documented import ROOT, code_blocks, page, tables
from tests.serving import serving

REFERENCE = page("reference/api.md")
HOW_TO = page("how-to/call-the-api.md")
README = (ROOT / "README.md").read_text(encoding="utf-8")
#: The runbook's lines, as operators hold them; the host is configuration.
REVOKE = 'curl -X DELETE https://api.claimlens.com/v1/api-keys/$KEY_ID \\\n  -H "Authorization: Bearer $ADMIN_KEY"'
ISSUE = (
    "curl -X POST https://api.claimlens.com/v1/api-keys \\\n"
    '  -H "Authorization: Bearer $ADMIN_KEY" \\\n'
    """  -d '{"tenant_id": "tenant-001"}'"""
)
EXPORT = (
    'curl -H "Authorization: Bearer $API_KEY" \\\n'
    '  "https://api.claimlens.com/v1/export/audits?start_date=2025-11-01&end_date=2025-11-02" \\\n'
    "  > audits-20251102.ndjson"
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory):
    with serving(tmp_path_factory.mktemp("data")) as running:
        yield running


def run(command: list[str], folder: Path, server, stdin: str = "", **more: str) -> str:
    """What a command prints; it must end well."""
    environ = {**os.environ, "CLAIMLENS_URL": server.url, "API_KEY": server.key, "ADMIN_KEY": server.key, **more}
    done = subprocess.run(
        command, input=stdin, cwd=folder, env=environ, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def shell(lines: str, folder: Path, server, **more: str) -> str:
    return run(["sh", "-eu"], folder, server, lines.replace("https://api.claimlens.com", server.url), **more)


class TestReference:
    def test_every_route_is_listed_with_its_summary(self):
        listed = {row[0]: row[1] for row in tables(REFERENCE, "route", "what", "body")}
        assert listed == {
            f"{method} {re.sub(r':[a-z]+}', '}', path)}": handler.opt[KEY].summary
            for handler in ROUTES
            for method in handler.http_methods
            for path in handler.paths
        }

    @pytest.mark.parametrize("code", KINDS)
    def test_every_code_has_its_anchor_and_advice(self, code):
        kind = KINDS[code]
        statuses = " and ".join(map(str, kind.statuses))
        assert f"({anchor_of(code)})=\n### {code}, {statuses}\n\n{kind.title}. {kind.advice}\n" in REFERENCE

    def test_the_example_of_a_problem_is_one(self, server):
        (shown,) = code_blocks(REFERENCE, "json")
        items = [{"id": str(n), "name": "a"} for n in range(3)] + [{"id": "3"}]
        body = {"locale": "en-GB", "items": items}
        answer = server.ask("POST", "/v1/menu/feed", body, headers={"X-Correlation-ID": "till-4711"})
        assert answer.json() == json.loads(shown)

    def test_the_settings_named_there_exist(self):
        described = {row[0] for row in tables(page("reference/settings.md"), "variable", "meaning", "default")}
        assert set(re.findall(r"CLAIMLENS_[A-Z_]+", REFERENCE)) <= described


class TestHowTo:
    """Every block of the page, in its order."""

    def test_the_shell(self, server, tmp_path):
        blocks = code_blocks(HOW_TO, "sh")
        assert "export CLAIMLENS_URL" in blocks[0]
        one, feed, again, job, records = blocks[1:]
        assert json.loads(shell(one, tmp_path, server))["verdict"] == "modify"
        several = shell(feed, tmp_path, server)
        assert several.count('"verdict":') == 2 + 4
        replayed = shell(again, tmp_path, server)
        assert "idempotency-replayed: true" in replayed
        first, second, _ = replayed.replace("}{", "}\n{").replace("}idempotency", "}\nidempotency").splitlines()
        assert first == second
        results = [json.loads(line) for line in shell(job, tmp_path, server).splitlines()]
        assert [line.get("item_id") for line in results[:2]] == ["a", "b"]
        assert results[-1]["_summary"]["items"] == 2
        read = shell(records, tmp_path, server)
        assert '"_summary"' in read.splitlines()[-1]

    def test_python(self, server, tmp_path):
        (program,) = code_blocks(HOW_TO, "python")
        told = run([sys.executable, "-"], tmp_path, server, program).splitlines()
        assert told[0] == "a allow ['GB-NUTR-FAT-LOW', 'GB-RECALL-NOTE']"
        assert told[1].startswith("b block ['GB-")

    @pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed on this machine")
    def test_javascript(self, server, tmp_path):
        (program,) = code_blocks(HOW_TO, "javascript")
        told = run(["node", "--input-type=module", "-"], tmp_path, server, program).splitlines()
        assert [line.split()[0] for line in told if line[:2] in ("a ", "b ")] == ["a", "b"]
        assert "b block" in "\n".join(told)


class TestQuickStart:
    def test_the_printed_key_and_curl_verbatim(self, server, tmp_path):
        (block,) = [each for each in code_blocks(README, "sh") if "/v1/menu/validate" in each]
        export, _, rest = block.partition("\n")
        assert export.startswith("export API_KEY=cl_live_")
        verdict = json.loads(shell(rest.replace("http://127.0.0.1:8080", server.url), tmp_path, server))
        assert verdict["verdict"] == "modify"
        assert [change["after"] for change in verdict["changes"]] == ["Orange Juice"]


class TestRunbook:
    def test_a_key_is_made_and_revoked_by_its_two_lines(self, server, tmp_path):
        issued = json.loads(shell(ISSUE, tmp_path, server))
        ask = {"item": {"name": "Soup"}, "locale": "en-GB"}
        assert server.ask("POST", "/v1/menu/validate", ask, key=issued["key"]).status == 200
        assert shell(REVOKE, tmp_path, server, KEY_ID=issued["id"]) == ""
        assert server.ask("POST", "/v1/menu/validate", ask, key=issued["key"]).status == 401

    def test_audits_are_exported_by_its_line(self, server, tmp_path):
        shell(EXPORT, tmp_path, server)
        lines = (tmp_path / "audits-20251102.ndjson").read_text(encoding="utf-8").splitlines()
        assert json.loads(lines[-1])["_summary"]["count"] == 0

    @pytest.mark.parametrize(
        "path",
        ["/health", "/metrics", *(f"/health/mcp/{name}" for name in ("ocr.label", "unit.convert", "recall.lookup"))],
    )
    def test_its_daily_checks(self, server, tmp_path, path):
        assert shell(f"curl -sS https://api.claimlens.com{path}", tmp_path, server)
