"""The reference pages say what the program does: their examples run, and no field or setting is missing."""

import re
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest
import yaml

from claimlens.config import Settings, read_settings
from claimlens.domain.errors import PackInvalidError
from claimlens.domain.finding import Change, Finding, Resolution, Severity, Suggestion
from claimlens.domain.item import Kind
from claimlens.domain.rule import Category, CheckRule, Confidence, Negation, RewriteAction
from claimlens.domain.text import fold
from claimlens.domain.verdict import AllergenSummary, Outcome, Verdict
from claimlens.gate.detect.claims import ClaimDetector
from claimlens.packs.conditions import parse_condition
from claimlens.packs.pattern_compiler import PatternCompiler
from claimlens.packs.source import (
    SPECIAL_FILES,
    AuthorisedClaimSource,
    CitationSource,
    ContradictionSource,
    Examples,
    PackHeader,
    RewriteSource,
    RuleSource,
)
from tests.journeys.documented import ROOT, code_blocks, page, tables

QUOTED = re.compile(r'"([^"]*)"')


LISTS = yaml.safe_load(code_blocks(page("reference/patterns.md"), "yaml")[0])
PATTERNS = tables(page("reference/patterns.md"), "pattern", "finds", "does not find")


def finds(pattern: str, text: str) -> bool:
    compiler = PatternCompiler(LISTS["lists"], LISTS["misspellings"])
    sequences = compiler.sequences(pattern)
    hits = ClaimDetector(compiler.finish(), []).scan(fold(text))
    return any(hits.find(sequence) for sequence in sequences)


class TestPatterns:
    @pytest.mark.parametrize(
        ("pattern", "text"), [(row[0], text) for row in PATTERNS for text in QUOTED.findall(row[1])]
    )
    def test_finds(self, pattern, text):
        assert finds(pattern, text)

    @pytest.mark.parametrize(
        ("pattern", "text"), [(row[0], text) for row in PATTERNS for text in QUOTED.findall(row[2])]
    )
    def test_does_not_find(self, pattern, text):
        assert not finds(pattern, text)

    def test_each_pattern_has_both(self):
        assert len(PATTERNS) > 25
        assert all(QUOTED.findall(row[1]) and QUOTED.findall(row[2]) for row in PATTERNS)

    @pytest.mark.parametrize(("pattern", "message"), tables(page("reference/patterns.md"), "pattern", "message"))
    def test_refuses(self, pattern, message):
        with pytest.raises(PackInvalidError, match=re.escape(message)):
            finds(pattern, "text")


def fields(*kinds: type) -> set[str]:
    return {field.encode_name for kind in kinds for field in msgspec.structs.fields(kind)}


def in_code(text: str) -> set[str]:
    """Every word that stands in backticks or in a block of code."""
    code = " ".join(re.findall(r"```.*?```|`[^`\n]+`", text, re.DOTALL))
    return set(re.findall(r"[A-Za-z_][A-Za-z0-9_.]*", code))


class TestRuleFormat:
    def test_every_field_of_a_rule_is_described(self):
        described = {
            name
            for row in tables(page("reference/rule-format.md"), "field", "values", "default")
            for name in re.findall(r"[a-z_]+", row[0])
        }
        assert fields(RuleSource) - {"family", "file", "line"} <= described

    def test_every_field_of_its_parts_is_named(self):
        named = in_code(page("reference/rule-format.md"))
        assert fields(CitationSource, RewriteSource, ContradictionSource, Examples) <= named
        assert fields(AuthorisedClaimSource, PackHeader, CheckRule) <= named
        assert named >= SPECIAL_FILES

    def test_every_value_of_the_closed_lists_is_named(self):
        named = in_code(page("reference/rule-format.md"))
        for values in (Category, Confidence, Kind, Negation, Resolution, RewriteAction, Severity):
            assert {str(value) for value in values} <= named

    @pytest.mark.parametrize(
        "row", tables(page("reference/rule-format.md"), "condition", "asks"), ids=lambda row: row[0]
    )
    def test_every_condition_can_be_read(self, row):
        parse_condition(row[0])

    def test_the_yaml_of_the_page_is_yaml(self):
        blocks = code_blocks(page("reference/rule-format.md"), "yaml")
        assert blocks
        for block in blocks:
            assert yaml.safe_load(block)


class _Asked(dict[str, str]):
    """An empty environment that remembers what it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def get(self, key, default=None):
        self.names.add(key)
        return default


class TestSettings:
    def test_no_setting_is_missing_and_none_is_made_up(self):
        asked = _Asked()
        environment: Mapping[str, str] = asked
        read_settings(environment)
        elsewhere = set()
        for module in (ROOT / "src").rglob("*.py"):
            elsewhere |= set(re.findall(r'environ\.get\("([A-Z_]+)"', module.read_text(encoding="utf-8")))
        described = {row[0] for row in tables(page("reference/settings.md"), "variable", "meaning", "default")}
        assert described == asked.names | elsewhere

    def test_defaults_are_those_of_the_program(self):
        settings = read_settings({"HOME": "/home/a"})
        described = {row[0]: row[2] for row in tables(page("reference/settings.md"), "variable", "meaning", "default")}
        assert described["CLAIMLENS_ENV"] == settings.environment
        assert settings == Settings(
            data_dir=Path("/home/a/.local/share/claimlens"), cache_dir=Path("/home/a/.cache/claimlens")
        )
        assert "claimlens" in described["CLAIMLENS_DATA_DIR"]
        assert ".local/share" in described["XDG_DATA_HOME"]
        assert ".cache" in described["XDG_CACHE_HOME"]


class TestVerdicts:
    def test_every_key_of_an_answer_is_described(self):
        rows = tables(page("reference/verdicts.md"), "key", "meaning")
        described = {name for row in rows for name in re.findall(r"[a-z_]+", row[0])}
        assert fields(Verdict, Finding, Change, AllergenSummary, Suggestion) <= described

    def test_every_value_of_the_closed_lists_is_named(self):
        named = in_code(page("reference/verdicts.md"))
        for values in (Outcome, Severity, Resolution):
            assert {str(value) for value in values} <= named
