"""Judging an item has not become more work: instructions are counted, seconds are not (`bench/guard.py`)."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.guard import ALLOWED, compare

REPOSITORY = Path(__file__).parents[2]


def test_judging_executes_no_more_instructions_than_recorded():
    done = subprocess.run(
        [sys.executable, "-m", "bench.guard", "--only", "instructions"],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": f"{REPOSITORY / 'src'}{os.pathsep}{REPOSITORY}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "holds" in done.stdout or "not recorded here" in done.stdout


def test_ratios_count_only_together():
    known = {"judging / one": 10.0, "judging / other": 6.0}
    assert compare({"judging / one": 14.0, "judging / other": 7.0}, known) == 0
    assert compare({"judging / one": 14.0, "judging / other": 8.0}, known) == 1


def test_a_third_more_work_is_told_with_what_to_do(capsys: pytest.CaptureFixture[str]):
    assert compare({"instructions": 130.0, "ratio": 5.0}, {"instructions": 100.0, "ratio": 5.0}) == 0
    assert compare({"instructions": 134.0, "ratio": 5.0}, {"instructions": 100.0, "ratio": 5.0}) == 1
    told = capsys.readouterr().out
    assert "134, recorded 100: 1.34 x, REGRESSION, 1.3 is allowed" in told
    assert "--record" in told


def test_a_python_without_a_record_is_not_failed(capsys: pytest.CaptureFixture[str]):
    assert ALLOWED > 1
    assert compare({"instructions for an item, Python 9.9": 1.0}, {}) == 0
    assert "not recorded here" in capsys.readouterr().out
