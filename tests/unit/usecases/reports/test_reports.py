"""What each form of a report must hold."""

import json
import re
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import msgspec
import pytest

from claimlens.domain.finding import Severity
from claimlens.domain.notice import NOTICE
from claimlens.domain.suppression import Suppression
from claimlens.entry.cli.plain import row_writer
from claimlens.entry.cli.pretty import PrettyReport
from claimlens.usecases.reports import Run
from claimlens.usecases.reports.html import HtmlReport
from claimlens.usecases.reports.json import JsonReport
from claimlens.usecases.reports.ndjson import NdjsonReport
from claimlens.usecases.reports.sarif import SarifReport
from claimlens.usecases.reports.view import highlighted
from tests.unit.usecases.answers import LOW_FAT, RUN, SOURCE, checked, finding, full, not_read, rendered

SCHEMA = json.loads((Path(__file__).parents[3] / "schemas" / "sarif-schema-2.1.0.json").read_text(encoding="utf-8"))
SUPPRESSED = Suppression(
    rule="GB-HEALTH-001", item="j-1", reason="Approved wording.", author="a.rao", expires=date(2027, 1, 1), line=2
)


def pretty(write, run):
    return PrettyReport(row_writer(write, 80), run)


@pytest.mark.parametrize("make", [pretty, JsonReport, NdjsonReport, SarifReport, HtmlReport])
class TestEveryForm:
    def test_says_that_it_is_no_legal_advice(self, make):
        assert NOTICE in re.sub(r"\s+", " ", rendered(make, full())).replace("&#39;", "'")

    def test_names_what_was_not_read_and_why(self, make):
        text = rendered(make, full(), not_read())
        assert "j-2" in text
        assert "not a finite number" in text

    def test_is_the_same_bytes_for_the_same_answers(self, make):
        assert rendered(make, full(), not_read()) == rendered(make, full(), not_read())

    def test_keeps_a_suppressed_finding_visible_with_its_reason(self, make):
        text = rendered(make, checked(finding(), suppressed={0: SUPPRESSED}))
        assert "Approved wording." in text
        assert "a.rao" in text
        assert "Boosts immunity" in text


class TestJson:
    def test_verdicts_are_those_every_entry_shares(self):
        document = json.loads(rendered(JsonReport, full(), not_read()))
        assert document["verdicts"] == [json.loads(msgspec.json.encode(full().verdict))]
        assert document["not_read"][0]["pointer"] == "/nutrition/fat"
        assert document["files"] == [{"file": "menu.json", "verdicts": 1, "not_read": 1}]
        assert document["summary"]["block"] == 1
        assert document["notice"] == NOTICE

    def test_an_empty_run_is_still_json(self):
        document = json.loads(rendered(JsonReport, failures=("x.json: empty",)))
        assert document["verdicts"] == []
        assert document["summary"]["files_not_read"] == ["x.json: empty"]


class TestNdjson:
    def test_a_line_an_item_closed_by_a_summary(self):
        first, second, last = [json.loads(line) for line in rendered(NdjsonReport, full(), not_read()).splitlines()]
        assert first["item_id"] == "j-1"
        assert second["_unread"]["line"] == 9
        assert last["_summary"]["notice"] == NOTICE

    def test_several_files_are_told_apart(self):
        run = Run(on_date=RUN.on_date, files=("menu.json", "b.json"), version="1")
        assert json.loads(rendered(NdjsonReport, full(), run=run).splitlines()[0]) == {"_file": "menu.json"}


class TestSarif:
    @pytest.mark.parametrize(
        "answers",
        [
            (),
            (full(),),
            (full(), not_read()),
            (checked(finding(), suppressed={0: SUPPRESSED}),),
            (checked(finding("", "", span=(0, 0)), LOW_FAT),),
        ],
    )
    def test_it_validates_against_the_schema(self, answers):
        log = json.loads(rendered(SarifReport, *answers, failures=("b.json: empty",)))
        jsonschema.Draft4Validator(SCHEMA).validate(log)

    def test_places_levels_and_fixes(self):
        (run,) = json.loads(rendered(SarifReport, full()))["runs"]
        assert [result["level"] for result in run["results"]] == ["warning", "note", "error"]
        result = run["results"][0]
        region = result["locations"][0]["physicalLocation"]["region"]
        row = SOURCE.splitlines()[region["startLine"] - 3]
        assert row[region["startColumn"] - 1 : region["endColumn"] - 1] == '"Boosts immunity. Low fat."'
        assert result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] == "j-1/description"
        (replacement,) = result["fixes"][0]["artifactChanges"][0]["replacements"]
        assert json.loads(replacement["insertedContent"]["text"]) == "Low fat."
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["helpUri"] == "https://law.example/act/2020"

    def test_a_finding_that_moved_keeps_its_fingerprint(self):
        def fingerprint(start):
            (run,) = json.loads(rendered(SarifReport, checked(finding(start=start))))["runs"]
            return run["results"][0]["partialFingerprints"]

        assert fingerprint(0) == fingerprint(5)


class Links(HTMLParser):
    """Everything a page would fetch or run, and where it links."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        for name, value in attrs:
            if name in ("src", "srcset", "data") or (tag == "link" and name == "href") or name.startswith("on"):
                self.fetched.append(f"{tag} {name}={value}")
            if tag == "a" and name == "href":
                self.links.append(value or "")


class TestHtml:
    def page(self, *answers):
        text = rendered(HtmlReport, *answers)
        links = Links()
        links.feed(text)
        return text, links

    def test_it_fetches_and_runs_nothing(self):
        text, links = self.page(full(), not_read())
        assert links.fetched == []
        assert "script" not in links.tags
        assert "url(" not in text
        assert "@import" not in text

    def test_submitted_text_is_never_markup(self):
        text, links = self.page(full())
        assert "Immune</mark> &lt;b&gt;Juice" in text
        assert "b" not in links.tags

    def test_every_reason_links_to_its_law(self):
        assert "https://law.example/act/2020" in self.page(full())[1].links

    def test_before_and_after_are_marked(self):
        text, _ = self.page(full())
        assert "<del>Boosts immunity. </del>Low fat." in text

    def test_unknown_outweighs_traces_in_the_matrix(self):
        text, _ = self.page(full())
        row = re.sub(r"<[^>]+>", " ", text[text.index('<th scope="row">') :].split("</tr>")[0]).split()
        assert " ".join(row[1:]).count("? unknown") == 12
        assert "?◐ unknown, may contain" in " ".join(row)
        assert "● contains" in " ".join(row)

    def test_heavier_marks_lie_above_lighter_ones(self):
        marks = [(0, 6, Severity.INFO), (4, 9, Severity.BLOCK)]
        assert highlighted("low fat cure", marks) == [
            ("info", "low "),
            ("block", "fa"),
            ("block", "t c"),
            ("", "ure"),
        ]

    def test_of_a_long_text_the_surroundings_of_marks_are_shown(self):
        text = "x" * 100_000 + "cures" + "y" * 100_000
        pieces = highlighted(text, [(100_000, 100_005, Severity.BLOCK)])
        assert ("block", "cures") in pieces
        assert sum(len(piece) for _, piece in pieces) < 1000


class TestPretty:
    def test_the_words_the_law_and_the_fix(self):
        text = rendered(pretty, full())
        for part in ("✕ BLOCK", "“Immune”", "GB-DISEASE-001", "s. 4", "https://law.example", "[-Boosts immunity. -]"):
            assert part in text

    @pytest.mark.parametrize("width", [20, 40, 80, 200])
    def test_lines_keep_to_the_width_but_for_words_that_are_longer(self, width):
        text = rendered(lambda write, run: PrettyReport(row_writer(write, width), run), full(), not_read())
        for line in text.splitlines():
            assert len(line) <= max(width, 30) or len(line.split()) <= 3

    def test_findings_of_one_rule_and_reason_are_explained_once(self):
        text = rendered(pretty, checked(finding(), finding(field="/claims/0")))
        assert text.count("A health effect") == 1
        assert "/claims/0" in text

    def test_a_clean_item_takes_one_line(self):
        assert rendered(pretty, checked()).splitlines()[0] == "✓ ALLOW   Immune <b>Juice</b>  j-1  line 3"

    def test_a_megabyte_is_not_printed(self):
        huge = finding("x" * 1_000_000, why="Too long.")
        assert len(rendered(pretty, checked(huge))) < 3000
