"""The hand-over as the next one on call reads it: with a server, without it, without a store."""

import json

import pytest

from claimlens.entry.cli import run
from tests.serving import serving
from tests.valkey import eventually

#: Of no process: whoever asks there is refused at once.
NOWHERE = "http://127.0.0.1:1"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("data")) as running:
        yield running


@pytest.fixture
def claimlens(server, monkeypatch, capsys):
    """Run `claimlens` where the server runs; gives exit code, output, errors."""
    for name, value in server.surroundings().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("CLAIMLENS_URL", server.url)

    def call(*arguments):
        code = run([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return code, out, err

    return call


def sections(out):
    """Heading → its lines."""
    found: dict[str, list[str]] = {}
    heading = ""
    for line in out.splitlines():
        if line and not line.startswith(" "):
            heading = line
            found[heading] = []
        elif line:
            found[heading].append(line.strip())
    return found


def test_everything_that_the_next_one_must_know(claimlens, server, tmp_path):
    opened = claimlens("incidents", "open", "Answers are slow", "--severity", "P1", "--text", "db-1 swaps")[1].strip()
    claimlens("services", "disable", "ocr.label", "--for", "1h", "--reason", "reads nonsense")
    claimlens("profiles", "disable", "detect.recalls", "--for", "2h", "--reason", "too many")
    claimlens("deployments", "record", "--kind", "rollback", "--note", "0.2.0 to 0.1.0: errors")
    assert claimlens("backup", "create", "--at", tmp_path)[0] == 0
    assert claimlens("purge")[0] == 0
    code, out, err = claimlens("handoff")
    assert (code, err) == (0, "")
    told = sections(out)
    assert told["Needs somebody"][0] == "! P1 'Answers are slow' is not acknowledged"
    assert "! ocr.label is off: reads nonsense" in told["Needs somebody"]
    assert any(line.startswith("! all was rolled back to") for line in told["Needs somebody"])
    assert "there is no backup on record" not in out
    assert told["Incidents"][0].startswith(f"{opened[:13]}  P1  open  Answers are slow: acknowledge by ")
    assert told["Incidents"][1].endswith("db-1 swaps")
    assert told["System health"][0].startswith(f"{server.url}: ")
    assert any(line.startswith("alt.suggester: ok, breaker closed") for line in told["System health"])
    assert told["Deployments"][0].endswith("0.2.0 to 0.1.0: errors")
    assert any(line.startswith("last backup: ") and line.endswith(" ago") for line in told["Upkeep"])
    assert any(line.startswith("last purge of audits: ") for line in told["Upkeep"])
    assert told["Maintenance"] == ["open"]
    assert [line.partition(":")[0] for line in told["Switched off, or found out by a process"]] == [
        "ocr.label",
        "detect.recalls",
    ]
    assert "operations: #claimlens-ops, ops@claimlens.com, pager claimlens-ops" in told["Contacts"]
    assert "Could not be found out" not in told
    code, out, _ = claimlens("handoff", "--json")
    whole = json.loads(out)
    assert (code, whole["unknown"], whole["incidents"][0]["id"]) == (0, {}, opened)
    assert whole["slo"]["availability"]["objective"] == 0.995


def test_the_console_says_what_customers_are_told(claimlens, server):
    def strips():
        return server.ask("GET", "/console/banner", key="").body.decode()

    inside = ["incidents", "open", "db-1 swaps", "--severity", "P2", "--component", "api"]
    told = ["incidents", "open", "Verdicts take <long>", "--severity", "P2", "--component", "api", "--public"]
    inner, outer = claimlens(*inside)[1].strip(), claimlens(*told)[1].strip()
    eventually(lambda: "Verdicts take &lt;long&gt;" in strips(), "it is told", 30)
    assert "swaps" not in strips()
    for name in (inner, outer):
        assert claimlens("incidents", "resolve", name)[0] == 0
    eventually(lambda: "Verdicts take" not in strips(), "it is over", 30)


def test_without_the_server_the_rest_is_told(claimlens, monkeypatch):
    monkeypatch.setenv("CLAIMLENS_URL", NOWHERE)
    code, out, _ = claimlens("handoff")
    told = sections(out)
    assert code == 3
    assert told["Could not be found out"] == [f"server: {NOWHERE} does not answer: Connection refused"]
    assert told["System health"] == [f"not known: {NOWHERE} does not answer: Connection refused"]
    assert any(" start  server  " in line for line in told["Deployments"])


def test_without_the_store_the_server_and_the_contacts_are(claimlens, monkeypatch, server):
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody:secret@127.0.0.1:1/claimlens")
    code, out, _ = claimlens("handoff")
    told = sections(out)
    assert code == 3
    assert [line.partition(":")[0] for line in told["Could not be found out"]] == ["store"]
    assert told["Deployments"] == told["Error budget, 30 days"] == ["not known: the store cannot be used"]
    assert told["System health"][0].startswith(f"{server.url}: ")
    assert "secret" not in out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("teams: {engineering: {fax: 1}}", "Object contains unknown field `fax`"),
        ("teams: [", "is no YAML"),
        (None, "cannot be read: No such file or directory"),
    ],
)
def test_a_file_of_contacts_that_is_none(claimlens, monkeypatch, tmp_path, text, said):
    path = tmp_path / "contacts.yaml"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    monkeypatch.setenv("CLAIMLENS_CONTACTS_FILE", str(path))
    code, out, _ = claimlens("handoff")
    (line,) = sections(out)["Could not be found out"]
    assert code == 3
    assert line.startswith(f"contacts: {path}")
    assert said in line


def test_each_start_of_a_server_is_noted_once(claimlens, server):
    def starts():
        rows = json.loads(claimlens("deployments", "list", "--json")[1])
        return [(row["part"], row["version"]) for row in rows if row["kind"] == "start"]

    before = starts()
    assert len(before) == 1
    server.stop()
    server.start()
    assert starts() == before * 2
    (_, _, newest) = [line.split("\t") for line in claimlens("deployments", "list")[1].splitlines()][::-1]
    assert newest[1:4] == ["start", "server", before[0][1]]
