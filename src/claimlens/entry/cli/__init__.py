"""`claimlens`: the command line.

One module a command; each is imported when it is called for, so that `--help` and a short check stay quick. Results go
to standard output, everything else to standard error.
"""

import contextlib
import os
import sys
from importlib import import_module
from typing import NoReturn

import click

import claimlens
from claimlens.domain.errors import ClaimLensError
from claimlens.entry.cli.exit_codes import INTERRUPTED, USAGE

#: Command → one line for `--help`. The module of a command has its name and defines `command`.
COMMANDS = {
    "check": "Judge items: allow, modify or block, with the law for every reason.",
    "scan": "Judge files of any size in bulk, on all cores or on a cluster.",
    "replay": "Judge recorded verdicts once more, by the same packs or by others.",
    "fix": "Write corrected items and show what changed.",
    "rules": "List, show, test and lint the rules; build their pages.",
    "explain": "Explain one rule: what it finds, the law, examples.",
    "packs": "Build, sign and verify rule packs.",
    "eval": "Measure accuracy on a labelled set.",
    "serve": "Serve the API; with nothing configured, a whole service in one process.",
    "worker": "Deliver webhooks and judge bulk jobs in a process of its own.",
    "mcp": "Serve the services, or the gate itself, over the Model Context Protocol.",
    "tenants": "Make, show, change, isolate, take out and erase tenants.",
    "keys": "Make, list, revoke and rotate API keys.",
    "secrets": "Rotate keys and secrets; say how they stand.",
    "users": "Make, list, change and delete people who sign in.",
    "access": "Read the access log: who changed what, who read records.",
    "audits": "Take audits out with their seals; verify them anywhere.",
    "recalls": "Take in food recalls, say how fresh they are, look one up.",
    "services": "See how the services are that a verdict may ask; switch one off and on.",
    "doctor": "Check the installation, say what to do.",
    "backup": "Make, list, verify and bring back backups of the store.",
    "purge": "Remove what is past its retention.",
    "incidents": "Keep the record of incidents, announce maintenance; the status page shows it.",
    "handoff": "Print the hand-over of on-call duty.",
    "deployments": "List what was started and rolled back; note a roll-back.",
    "maintenance": "Close the service for maintenance, open it again.",
    "profiles": "Switch a transform off for a while, and on.",
    "db": "Make the tables of the store, say how far they are, maintain them.",
}


class LazyGroup(click.Group):
    """A group that imports a command's module when the command is called for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands, in the order people need them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name; None if there is none."""
        if cmd_name not in COMMANDS:
            return None
        command = import_module(f"{__name__}.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list for `--help`, without importing any of them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(claimlens.__version__, package_name="claimlens")
def cli() -> None:
    """Check food text before it is published, by the law of its market.

    A clean pre-screen is not legal advice and not a regulator's approval.
    """


def main() -> NoReturn:
    """Run the command line and leave with its exit code; never show a traceback unless CLAIMLENS_DEBUG is set."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """The exit code of one call: 0 clean, 1 usage or internal error, 2 findings, 3 not everything was checked."""
    try:
        code = cli.main(arguments, prog_name="claimlens", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.exceptions.Abort:
        return INTERRUPTED
    except KeyboardInterrupt:
        _say("claimlens: stopped")
        return INTERRUPTED
    except click.ClickException as error:
        error.show()
        return USAGE
    except ClaimLensError as error:
        _say(f"claimlens: {error}")
        return USAGE
    except Exception as error:
        if os.environ.get("CLAIMLENS_DEBUG"):
            raise
        first_line = (str(error).splitlines() or [""])[0]
        _say(f"claimlens: internal error: {type(error).__name__}: {first_line} (CLAIMLENS_DEBUG=1 shows where)")
        return USAGE


def _say(line: str) -> None:
    with contextlib.suppress(OSError):
        print(line, file=sys.stderr)
