import sys

from claimlens.entry.cli.tables import print_table

ROWS = [("kitchen-7", "Cloud [red]7[/] [/bold]")]


def test_a_pipe_gets_the_data_alone(capsys):
    print_table(("tenant", "name"), ROWS)
    assert capsys.readouterr().out == "kitchen-7\tCloud [red]7[/] [/bold]\n"


def test_a_terminal_gets_headings_and_names_as_they_are(capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    print_table(("tenant", "name"), ROWS)
    shown = capsys.readouterr().out
    assert "tenant" in shown
    assert "Cloud [red]7[/] [/bold]" in shown
