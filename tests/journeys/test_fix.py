"""`claimlens fix`: corrected items out, everything else as it stood."""

import json

import pytest

from claimlens.entry.cli import run


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / ".cache"))


def fix(name, *options):
    return run(["fix", name, "--locale", "en-IN", *options])


MENU = """{"kitchen": "x", "items": [
  {"id": "p", "name": "Thali", "description": "Hot lunch. Call 98765 43210.", "price": 1.50, "chef": {"name": "R"}},
  {"id": "v", "name": "Vegan paneer roll", "ingredients": ["paneer", "roti"], "description": "Call 98765 43210."},
  {"id": "t", "name": "Tea"}
]}
"""


class TestJson:
    def test_what_can_be_settled_is_corrected_the_rest_stays_to_the_character(self, tmp_path, capsys):
        (tmp_path / "m.json").write_text(MENU)
        assert fix("m.json", "-o", "out.json") == 2
        before, after = MENU.splitlines(), (tmp_path / "out.json").read_text().splitlines()
        assert [row for row, other in zip(before, after, strict=True) if row != other] == [before[1]]
        corrected = json.loads(after[1].rstrip(","))
        assert "98765" not in corrected["description"]
        assert '"price": 1.50, "chef": {"name": "R"}' in after[1]
        shown = capsys.readouterr().out
        assert "✓ FIXED   Thali" in shown
        assert "! LEFT    Vegan paneer roll" in shown
        assert "3 items: 1 corrected, 1 left, 1 clean" in shown

    def test_without_a_place_to_write_it_only_shows(self, tmp_path):
        (tmp_path / "m.json").write_text(MENU)
        fix("m.json")
        assert [path.name for path in tmp_path.iterdir() if path.name != ".cache"] == ["m.json"]

    def test_the_input_is_written_over_only_when_asked(self, tmp_path):
        (tmp_path / "m.json").write_text(MENU)
        assert fix("m.json", "-o", "m.json") == 1
        assert (tmp_path / "m.json").read_text() == MENU
        fix("m.json", "--in-place")
        assert (tmp_path / "m.json").read_text() != MENU

    def test_what_was_corrected_is_clean(self, tmp_path):
        (tmp_path / "m.json").write_text(MENU.replace("Vegan paneer", "Paneer"))
        assert fix("m.json", "-o", "out.json") == 0
        assert run(["check", "out.json", "--locale", "en-IN"]) == 0

    def test_corrected_items_may_go_to_standard_output(self, tmp_path, capfdbinary):
        (tmp_path / "m.json").write_text(MENU)
        fix("m.json", "-o", "-")
        assert json.loads(capfdbinary.readouterr().out)["items"][2] == {"id": "t", "name": "Tea"}


class TestOtherForms:
    def test_lines_that_cannot_be_read_are_copied_byte_for_byte(self, tmp_path):
        bad = b'{"name": "Cr\xe8me"}\n\n{"name": broken\n'
        (tmp_path / "m.ndjson").write_bytes(bad + b'  {"name": "Thali, call 98765 43210"}')
        assert fix("m.ndjson", "-o", "out.ndjson") == 3
        out = (tmp_path / "out.ndjson").read_bytes()
        assert out.startswith(bad)
        assert b"98765" not in out

    def test_rows_and_line_ends_of_a_table_stay(self, tmp_path):
        (tmp_path / "m.csv").write_bytes(
            b'ID;Name;Price\r\n1;"Tea; hot";1,50\r\n\r\n2;"Thali\r\ncall 98765 43210";2,00\r\n3;Dal;"3"\r\n'
        )
        assert fix("m.csv", "-o", "out.csv") == 0
        out = (tmp_path / "out.csv").read_bytes()
        assert out.startswith(b'ID;Name;Price\r\n1;"Tea; hot";1,50\r\n\r\n2;')
        assert out.endswith(b';2,00\r\n3;Dal;"3"\r\n')
        assert b"98765" not in out

    def test_a_form_that_cannot_be_written_back_is_shown_only(self, tmp_path, capsys):
        (tmp_path / "m.txt").write_text("Thali, call 98765 43210\n")
        assert fix("m.txt", "-o", "out.txt") == 1
        assert "json, ndjson, csv" in capsys.readouterr().err
        assert fix("m.txt") == 0
        assert "FIXED" in capsys.readouterr().out
