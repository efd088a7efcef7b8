"""`claimlens check` as a person meets it: a whole process, its output and its exit code."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from claimlens.domain.notice import NOTICE
from claimlens.entry.cli import run

ROOT = Path(__file__).parents[2]
CLEAN = '{"id": "t", "name": "Masala chai", "ingredients": ["milk", "tea"], "allergens_declared": ["milk"]}'
CURE = '{"id": "c", "name": "Haldi doodh", "description": "Cures diabetes."}'
PHONE = '{"id": "p", "name": "Thali", "description": "Hot lunch. Call 98765 43210."}'
COMMAND = [sys.executable, "-c", "from claimlens.entry.cli import main; main()"]


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    kept = {key: value for key, value in os.environ.items() if not key.startswith("CLAIMLENS_")}
    return {**kept, "PYTHONPATH": str(ROOT / "src"), "XDG_CACHE_HOME": str(tmp_path_factory.mktemp("cache"))}


@pytest.fixture
def claimlens(environment, tmp_path):
    """Run `claimlens` in an empty folder; gives the finished process, its output as text."""

    def call(*arguments, stdin: str | bytes = b""):
        given = stdin.encode() if isinstance(stdin, str) else stdin
        done = subprocess.run(
            [*COMMAND, *map(str, arguments)],
            input=given,
            capture_output=True,
            env=environment,
            cwd=tmp_path,
            check=False,
        )
        assert b"Traceback" not in done.stderr
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    return call


def menu(*items: str) -> str:
    return '{"items": [' + ",\n".join(items) + "]}"


class TestExitCodes:
    @pytest.mark.parametrize(
        ("stdin", "options", "code"),
        [
            (menu(CLEAN), [], 0),
            (menu(CLEAN, PHONE), [], 2),
            (menu(CLEAN, PHONE), ["--fail-on", "block"], 0),
            (menu(CLEAN, CURE), ["--fail-on", "block"], 2),
            (menu(CLEAN, CURE), ["--fail-on", "never"], 0),
            (menu(CLEAN, '{"name": 5}'), [], 3),
            (menu(CURE, '{"name": 5}'), [], 2),
            (menu('{"name": "Dal"}'), [], 0),
            (menu('{"name": "Dal"}'), ["--require-complete"], 3),
            (menu('{"name": "Dal", "locale": "xx-YY"}', CURE), [], 1),
            ("not json", ["--from", "json"], 1),
            ("", [], 1),
        ],
    )
    def test_one_goes_before_two_before_three(self, claimlens, stdin, options, code):
        assert claimlens("check", "-", "--locale", "en-IN", *options, stdin=stdin)[0] == code

    @pytest.mark.parametrize(
        "arguments",
        [
            ["check"],
            ["check", "-", "--locale", "xx"],
            ["check", "-", "--fail-on", "sometimes"],
            ["check", "-", "--date", "tomorrow"],
            ["check", "-", "--kind", "soup"],
            ["check", "-", "--no-such"],
            ["nothing"],
            ["check", "no-such-file.json", "--locale", "en-IN"],
            ["check", ".", "--locale", "en-IN"],
            ["check", "-", "--locale", "en-IN", "--profile", "nobody"],
            ["check", "-", "--locale", "en-IN", "--suppressions", "no-such.yaml"],
            ["check", "-", "--locale", "en-IN", "--output", "no/such/folder/x.html"],
        ],
    )
    def test_a_wrong_call_is_1_and_says_why_on_standard_error(self, claimlens, arguments):
        code, out, err = claimlens(*arguments, stdin=menu(CLEAN))
        assert code == 1
        assert err
        assert out == ""


class TestLocale:
    def test_without_one_nothing_is_judged_and_the_known_ones_are_listed(self, claimlens):
        code, _, err = claimlens("check", "-", stdin=menu(CURE))
        assert code == 1
        assert "en-IN, hi-IN, en-US, en-GB" in err

    def test_an_item_goes_before_the_call_and_the_call_before_the_file(self, claimlens):
        stdin = '{"locale": "en-GB", "items": [' + CLEAN + ', {"name": "Tea", "locale": "en-US"}]}'
        out = claimlens("check", "-", "--json", stdin=stdin)[1]
        assert [sorted(v["pack_versions"])[0][:2] for v in json.loads(out)["verdicts"]] == ["gb", "us"]
        out = claimlens("check", "-", "--json", "--locale", "en-IN", stdin=stdin)[1]
        assert [sorted(v["pack_versions"])[0][:2] for v in json.loads(out)["verdicts"]] == ["in", "us"]


class TestOutput:
    def test_results_on_stdout_the_rest_on_stderr(self, claimlens, tmp_path):
        (tmp_path / "m.json").write_text(
            '[{"id": "a", "name": "Tea", "price": 3},\n{"id": "a", "name": "Dal"},\n{"name": 5}]'
        )
        code, out, err = claimlens("check", "m.json", "--locale", "en-IN", "--format", "ndjson")
        assert code == 3
        assert [json.loads(line).get("item_id") for line in out.splitlines()] == ["a", "a", None, None]
        assert "m.json:2: item 2 has the id 'a' of item 1; both are judged" in err
        assert "m.json:3: item 3 (item-3) was not checked: /name a text is expected" in err
        assert "not judged: price" in err

    @pytest.mark.parametrize("form", ["pretty", "json", "ndjson", "sarif", "html"])
    def test_a_report_is_the_same_bytes_each_time_and_carries_the_notice(self, claimlens, form):
        call = ("check", "-", "--locale", "en-IN", "--format", form, "--date", "2026-11-23")
        first = claimlens(*call, stdin=menu(CLEAN, CURE, PHONE))[1]
        assert first == claimlens(*call, stdin=menu(CLEAN, CURE, PHONE))[1]
        assert NOTICE in first.replace("&#39;", "'")

    def test_a_span_points_at_the_words_as_submitted(self, claimlens):
        text = "Ginger & haldi 🌿 — c\u200bures diabetes"
        out = claimlens("check", "-", "--locale", "en-IN", "--json", stdin=json.dumps({"name": text}))[1]
        for reason in json.loads(out)["verdicts"][0]["reasons"]:
            start, end = reason["span"]
            assert text[start:end] == reason["matched_text"]

    def test_a_report_file_is_whole_and_standard_output_empty(self, claimlens, tmp_path):
        code, out, _ = claimlens(
            "check", "-", "--locale", "en-IN", "--format", "html", "--output", "r.html", stdin=menu(CURE)
        )
        assert (code, out) == (2, "")
        assert (tmp_path / "r.html").read_text().rstrip().endswith("</html>")
        assert [path.name for path in tmp_path.iterdir()] == ["r.html"]

    def test_a_report_is_never_written_over_the_input(self, claimlens, tmp_path):
        (tmp_path / "m.json").write_text(CURE)
        assert claimlens("check", "m.json", "--locale", "en-IN", "--output", "m.json")[0] == 1
        assert (tmp_path / "m.json").read_text() == CURE

    def test_several_files_one_of_them_broken(self, claimlens, tmp_path):
        (tmp_path / "a.json").write_text(CLEAN)
        (tmp_path / "b.json").write_text("{")
        (tmp_path / "c.csv").write_text("id,name\n1,Dal\n")
        code, out, err = claimlens("check", "a.json", "b.json", "c.csv", "--locale", "en-IN", "--json")
        assert code == 1
        assert [file["verdicts"] for file in json.loads(out)["files"]] == [1, 0, 1]
        assert "b.json: not JSON" in err

    def test_piped_output_is_plain(self, claimlens):
        assert "\x1b" not in claimlens("check", "-", "--locale", "en-IN", stdin=menu(CURE))[1]


class TestSuppressions:
    text = """
suppressions:
  - rule: IN-DISEASE-*
    scope: {item: c}
    reason: The regulator agreed in writing.
    author: a.rao
    expires: 2026-11-23
"""

    def call(self, claimlens, tmp_path, day):
        (tmp_path / "s.yaml").write_text(self.text)
        return claimlens("check", "-", "--locale", "en-IN", "--suppressions", "s.yaml", "--date", day, stdin=menu(CURE))

    def test_a_suppressed_finding_is_seen_and_does_not_count(self, claimlens, tmp_path):
        code, out, _ = self.call(claimlens, tmp_path, "2026-11-23")
        assert code == 0
        assert "suppressed by a.rao until 2026-11-23: The regulator agreed in writing." in " ".join(out.split())

    def test_an_expired_one_counts_again_and_says_so(self, claimlens, tmp_path):
        code, out, _ = self.call(claimlens, tmp_path, "2026-11-24")
        assert code == 2
        assert "ended on 2026-11-23; this counts again" in " ".join(out.split())

    def test_a_mistake_is_named_with_its_line(self, claimlens, tmp_path):
        (tmp_path / "s.yaml").write_text(self.text.replace("expires", "expiry"))
        code, _, err = claimlens("check", "-", "--locale", "en-IN", "--suppressions", "s.yaml", stdin=menu(CURE))
        assert code == 1
        assert "s.yaml:7: unknown key 'expiry'" in err


class TestBadInput:
    """Each ends in one clear line, or in an item that was not checked; never in a traceback or a silent allow."""

    @pytest.mark.parametrize(
        ("stdin", "code", "said"),
        [
            (b"\xff\xfe" + menu(CURE).encode("utf-16-le"), 2, ""),
            (b"\xef\xbb\xbf" + menu(CURE).encode(), 2, ""),
            (menu(CURE).encode("utf-16-le"), 1, "UTF-8"),
            (b'[{"name": "Cr\xe8me"}]', 3, "item 1 (item-1) was not checked: /name bytes that are not UTF-8"),
            (b'[{"name": "\\ud800"}]', 3, "/name half of a surrogate pair"),
            (b'[{"name": "a", "nutrition": {"fat": NaN}}]', 3, "/nutrition/fat not a finite number"),
            (b'[{"name": "a", "nutrition": {"fat": 1e999}}]', 3, "/nutrition/fat not a number"),
            (b'{"name":' * 1000 + b"1" + b"}" * 1000, 1, "nested too deep"),
            (b'[{"name": "a", "modifiers": ' + b"[" * 200 + b"]" * 200 + b"}]", 3, "64 levels deep"),
            (b'[{"name": "a", "name": "Cures diabetes"}]', 3, "'name' stands twice"),
            (b"\x00\x01\x02\x03", 1, "standard input: looks like UTF-16"),
        ],
    )
    def test_is_named_with_place_and_field(self, claimlens, stdin, code, said):
        found, _, err = claimlens("check", "-", "--locale", "en-IN", stdin=stdin)
        assert found == code
        assert said in err
        assert all(len(line) < 500 for line in err.splitlines())

    def test_a_megabyte_of_name_and_ten_thousand_ingredients_are_judged(self, claimlens):
        item = {"name": "Cures diabetes " + "dal " * 250_000, "ingredients": ["salt"] * 10_000}
        code, out, _ = claimlens("check", "-", "--locale", "en-IN", "--json", stdin=json.dumps([item]))
        assert code == 2
        assert json.loads(out)["verdicts"][0]["verdict"] == "block"


class TestInterruption:
    def test_a_reader_that_leaves_is_no_error_message(self, environment, tmp_path):
        (tmp_path / "m.ndjson").write_text((CURE + "\n") * 3000)
        process = subprocess.Popen(
            [*COMMAND, "check", "m.ndjson", "--locale", "en-IN", "--format", "ndjson"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, cwd=tmp_path,
        )  # fmt: skip
        assert process.stdout
        assert process.stderr
        process.stdout.readline()
        process.stdout.close()
        err = process.stderr.read().decode()
        process.stderr.close()
        assert process.wait() == 1
        assert [line for line in err.splitlines() if "has the id" not in line] == []

    def test_ctrl_c_ends_quietly(self, environment):
        process = subprocess.Popen(
            [*COMMAND, "check", "-", "--locale", "en-IN", "--format", "ndjson", "--from", "ndjson"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment,
            # A suite started in the background has SIGINT ignored, and children inherit that.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )  # fmt: skip
        assert process.stdin
        assert process.stdout
        # Its first answers prove that it is at work.
        process.stdin.write((CLEAN + "\n").encode() * 400)
        process.stdin.flush()
        deadline = time.monotonic() + 20
        while process.poll() is None and time.monotonic() < deadline:
            if os.read(process.stdout.fileno(), 65536):
                break
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
        assert process.returncode == 130
        assert b"Traceback" not in err


class TestHelp:
    def test_help_imports_no_engine(self, environment):
        script = (
            "import sys; from claimlens.entry.cli import run; code = run(['--help']);"
            "heavy = {'claimlens.gate', 'rich', 'jinja2', 'yaml', 'cryptography', 'phonenumbers'} & set(sys.modules);"
            "assert code == 0 and not heavy, heavy"
        )
        done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        assert b"check" in done.stdout

    def test_a_json_report_draws_nothing(self, environment):
        script = (
            "import sys; from claimlens.entry.cli import run; run(['check', '-', '--locale', 'en-IN', '--json']);"
            "assert not {'rich', 'jinja2'} & set(sys.modules)"
        )
        done = subprocess.run(
            [sys.executable, "-c", script], env=environment, input=CURE.encode(), capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr.decode()

    def test_every_option_of_check_is_explained(self):
        result = CliRunner().invoke(__import__("claimlens.entry.cli.check", fromlist=["command"]).command, ["--help"])
        for option in (
            "--locale",
            "--profile",
            "--kind",
            "--from",
            "--format",
            "--fail-on",
            "--require-complete",
            "--date",
        ):
            assert option in result.output

    def test_the_version_is_printed(self, capsys):
        assert run(["--version"]) == 0
        assert "claimlens" in capsys.readouterr().out
