"""Incidents from the command line, each call on the store that the last one left."""

import json

import pytest

from claimlens.entry.cli import run


@pytest.fixture
def claimlens(tmp_path, sqlite_url, monkeypatch, capsys):
    """Run `claimlens incidents` on a store of this test's own; gives exit code, output, errors."""
    for name in ("CLAIMLENS_ENV", "CLAIMLENS_SECRET_KEY", "DATABASE_READ_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CLAIMLENS_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    monkeypatch.setenv("LOGNAME", "anna")

    def call(*arguments):
        code = run([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return code, out, err

    return call


@pytest.fixture
def incidents(claimlens):
    """A call that works: what it prints."""

    def call(*arguments):
        code, out, err = claimlens("incidents", *arguments)
        assert code == 0, err
        return out.strip()

    return call


def test_from_the_alert_to_the_end(incidents, claimlens):
    code, out, err = claimlens(
        *["incidents", "open", "Answers are slow", "--severity", "P1", "--component", "api"],
        *["--component", "database", "--public", "--text", "Requests take seconds"],
    )
    assert code == 0
    name = out.strip()
    assert "acknowledge within 1 h" in err
    assert f"claimlens incidents ack {name}" in err
    assert "on the status page" in err
    (line,) = incidents("list").splitlines()
    assert line.split("\t")[:6] == [name[:13], "P1", "open", "Answers are slow", "api, database", "public"]
    assert "acknowledge by" in line
    assert line.endswith("59 min left")
    incidents("ack", name[:13], "--text", "Anna is at it")
    incidents("update", name, "--state", "identified", "--text", "db-1 swaps", "--internal", "--severity", "P2")
    incidents("update", name, "--state", "monitoring")
    incidents("resolve", name, "--text", "Memory was added")
    assert incidents("list") == ""
    shown = json.loads(incidents("show", name, "--json"))
    assert (shown["severity"], shown["state"], shown["overdue"]) == ("P2", "resolved", False)
    assert [(each["state"], each["text"], each["public"]) for each in shown["updates"]] == [
        ("open", "Requests take seconds", True),
        ("acknowledged", "Anna is at it", True),
        ("identified", "db-1 swaps", False),
        ("monitoring", "", True),
        ("resolved", "Memory was added", True),
    ]
    assert "cli:anna" in incidents("show", name)
    assert len(incidents("list", "--all").splitlines()) == 1
    code, out, _ = claimlens("access", "list", "--action", "incident:resolve", "--json")
    assert [line["target"] for line in json.loads(out)] == [name]


def test_maintenance_is_announced_in_the_zone_of_who_announces(incidents):
    name = incidents(
        *["announce", "Index rebuild", "--from", "2999-12-06T02:00+05:30", "--to", "2999-12-06T04:00+05:30"],
        *["--component", "database", "--text", "Half an hour without verdicts"],
    )
    line = incidents("list")
    assert line.endswith("2999-12-05 20:30Z to 2999-12-05 22:30Z")
    assert "\tscheduled\t" in line
    incidents("resolve", name, "--text", "Called off")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["ack", "0192f3a4-5b6c-7d8e-9f01-23456789abcd"],
            "there is no incident '0192f3a4-5b6c-7d8e-9f01-23456789abcd'",
        ),
        (["resolve", "yesterday's"], "is no id of an incident; `claimlens incidents list` shows them"),
        (["show", "0192"], "is no id of an incident"),
        (["open", "x", "--severity", "P9"], "'P9' is not one of"),
        (["open", "x"], "Missing option '--severity'"),
        (["open", "x", "--severity", "P1", "--component", "kitchen"], "'kitchen' is not one of"),
        (["open", "", "--severity", "P1"], "title: 1 to 120 characters are expected"),
        (["announce", "x", "--from", "2020-01-01T00:00", "--to", "2020-01-01T01:00"], "ends at: the end has passed"),
        (["announce", "x", "--from", "soon", "--to", "later"], "'soon' does not match"),
    ],
)
def test_what_is_wrong_is_one_line(claimlens, arguments, said):
    code, out, err = claimlens("incidents", *arguments)
    assert (code, out) == (1, "")
    assert said in err


def test_a_way_that_is_none_is_said(incidents, claimlens):
    name = incidents("open", "x", "--severity", "P4")
    incidents("ack", name)
    assert claimlens("incidents", "ack", name) == (1, "", "claimlens: it is acknowledged already\n")
    assert claimlens("incidents", "update", name)[2] == "claimlens: text: nothing is said and nothing changes\n"
    incidents("resolve", name)
    code, _, err = claimlens("incidents", "update", name, "--state", "monitoring")
    assert (code, err) == (1, "claimlens: it is resolved; what came back is an incident of its own\n")
    # A word more is still taken, such as where the post-mortem stands.
    incidents("update", name, "--text", "Post-mortem: wiki/2026-11-24")
