"""The pages on tenants and keys: the how-to runs as written, the reference names every command and option."""

import io
import json
import re
import shlex

import click
import pytest

from claimlens.entry.cli import cli, run
from tests.journeys.documented import code_blocks, page

HOW_TO = [line for block in code_blocks(page("how-to/manage-tenants-and-keys.md"), "sh") for line in block.splitlines()]
REFERENCE = page("reference/command-line.md")
SECTION = REFERENCE[REFERENCE.index("## Tenants, keys, users, access") :]
GROUPS = ("tenants", "keys", "users", "access")


def test_the_how_to_runs_as_written(tmp_path, sqlite_url, monkeypatch, capsys):
    for name in ("CLAIMLENS_ENV", "CLAIMLENS_SECRET_KEY", "DATABASE_READ_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CLAIMLENS_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    key_id = ""
    assert len(HOW_TO) > 12
    for line in HOW_TO:
        monkeypatch.setattr("sys.stdin", io.StringIO("correct horse battery\n"))
        words = [str(tmp_path / word) if re.search(r"\.(csv|ndjson)$", word) else word for word in shlex.split(line)]
        assert words[0] == "claimlens"
        code = run([key_id if word == "$KEY_ID" else word for word in words[1:]])
        err = capsys.readouterr().err
        assert code == 0, f"{line}: {err}"
        if words[1:3] == ["keys", "create"]:
            run(["keys", "list", "--json"])
            key_id = json.loads(capsys.readouterr().out)[-1]["id"]
    assert (tmp_path / "access.csv").read_text().startswith("ts,tenant_id,actor")
    assert "_summary" in (tmp_path / "kitchen-7.ndjson").read_text()


def commands() -> list[tuple[str, click.Command]]:
    context = click.Context(cli)
    found = []
    for name in GROUPS:
        group = cli.get_command(context, name)
        assert isinstance(group, click.Group)
        found += [(f"{name} {each}", command) for each, command in group.commands.items()]
    return found


@pytest.mark.parametrize(("name", "command"), commands(), ids=lambda part: part if isinstance(part, str) else "")
def test_every_command_and_option_is_described(name, command):
    assert f"`claimlens {name}" in SECTION
    options = {
        spelling
        for parameter in command.params
        if isinstance(parameter, click.Option)
        for spelling in [*parameter.opts, *parameter.secondary_opts]
        if spelling.startswith("--")
    }
    assert options <= set(re.findall(r"--[a-z-]+", SECTION))


def test_no_option_is_made_up():
    known = {
        spelling
        for _, command in commands()
        for parameter in command.params
        for spelling in [*parameter.opts, *parameter.secondary_opts]
    }
    assert set(re.findall(r"--[a-z-]*[a-z]", SECTION)) <= known
