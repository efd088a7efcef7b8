"""The pages on incidents, hand-over and post-mortems: their commands are commands, their examples are read."""

import shlex

import click
import pytest

from claimlens.entry.cli import cli
from tests.journeys.documented import code_blocks, page

PAGES = ("handle-an-incident", "tell-customers", "hand-over-on-call", "write-a-post-mortem")


@pytest.mark.parametrize("name", PAGES)
def test_every_command_can_be_given_so(name):
    lines = [line for block in code_blocks(page(f"how-to/{name}.md"), "sh") for line in block.splitlines()]
    assert lines
    for line in lines:
        words = shlex.split(line)
        assert words.pop(0) == "claimlens"
        command: click.Command = cli
        while isinstance(command, click.Group):
            found = command.get_command(click.Context(command), words.pop(0))
            assert found is not None, line
            command = found
        command.make_context("claimlens", words)  # raises at an option or a value that it does not know


def test_the_template_has_the_parts_that_people_look_for():
    (template,) = code_blocks(page("how-to/write-a-post-mortem.md"), "markdown")
    for part in ("Impact", "Timeline", "Why it happened", "Actions", "owner"):
        assert part in template


def test_the_contacts_of_the_page_are_read(tmp_path):
    from claimlens.adapters.disk.contacts import read_contacts

    (shown,) = code_blocks(page("how-to/hand-over-on-call.md"), "yaml")
    path = tmp_path / "contacts.yaml"
    path.write_text(shown, encoding="utf-8")
    assert read_contacts(path).teams["operations"].pagerduty == "claimlens-ops"
