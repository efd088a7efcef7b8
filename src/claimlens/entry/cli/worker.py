"""`claimlens worker`: deliveries, bulk jobs and upkeep in a process of its own."""

import click

from claimlens.entry.cli.exit_codes import CLEAN


@click.command(name="worker")
def command() -> int:
    """Deliver webhooks, judge bulk jobs, keep the store in order: any number of these may run.

    Needs PostgreSQL. With SQLite the server does it all in its own process. SIGTERM ends it; what was begun is finished
    or given back.
    """
    from claimlens.config import read_settings
    from claimlens.entry.worker.process import run

    run(read_settings())
    return CLEAN
