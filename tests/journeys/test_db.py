"""An operator makes the tables and asks how far they are."""

import json
import multiprocessing

import pytest

from claimlens.entry.cli import run


@pytest.fixture
def claimlens(tmp_path, monkeypatch, capsys):
    """Run `claimlens`; gives exit code, output, errors."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("CLAIMLENS_DATA_DIR", str(tmp_path / "data"))

    def call(*arguments):
        code = run(list(arguments))
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return code, out, err

    return call


def upgrade_elsewhere(url: str) -> None:
    import os

    os.environ["DATABASE_URL"] = url
    raise SystemExit(run(["db", "upgrade"]))


class TestUpgrade:
    def test_nothing_configured_makes_a_file_in_the_data_folder(self, claimlens, tmp_path):
        code, out, _ = claimlens("db", "status")
        assert (code, out.splitlines()[0]) == (3, "schema (none), no tables yet; `claimlens db upgrade` makes them")
        assert claimlens("db", "upgrade")[0] == 0
        assert (tmp_path / "data" / "claimlens.db").is_file()
        assert claimlens("db", "status")[0] == 0

    def test_postgresql(self, claimlens, empty_postgres_url, monkeypatch):
        monkeypatch.setenv("DATABASE_URL", empty_postgres_url)
        code, out, _ = claimlens("db", "status", "--json")
        assert (code, json.loads(out)["state"]) == (3, "empty")
        code, out, _ = claimlens("db", "upgrade", "--json")
        assert (code, json.loads(out)["state"], json.loads(out)["pending"]) == (0, "current", [])

    def test_several_at_once_make_it_once(self, claimlens, empty_postgres_url, monkeypatch):
        spawned = multiprocessing.get_context("spawn")
        others = [spawned.Process(target=upgrade_elsewhere, args=(empty_postgres_url,)) for _ in range(3)]
        for other in others:
            other.start()
        for other in others:
            other.join()
        assert [other.exitcode for other in others] == [0, 0, 0]
        monkeypatch.setenv("DATABASE_URL", empty_postgres_url)
        assert claimlens("db", "status")[0] == 0

    def test_a_database_that_is_out_is_one_line(self, claimlens, monkeypatch):
        monkeypatch.setenv("DATABASE_URL", "postgresql://claimlens:hush@127.0.0.1:1/claimlens")
        code, out, err = claimlens("db", "upgrade")
        assert (code, out) == (1, "")
        assert err.startswith("claimlens: the database cannot be reached: ")
        assert len(err.splitlines()) == 1
        assert "hush" not in err
