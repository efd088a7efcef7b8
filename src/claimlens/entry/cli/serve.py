"""`claimlens serve`: the HTTP API, and the worker beside it."""

import click

from claimlens.entry.cli.exit_codes import CLEAN, USAGE


@click.command(name="serve")
@click.option("--host", help="Address to listen on; default: CLAIMLENS_HOST, else 127.0.0.1.")
@click.option(
    "--port", type=click.IntRange(0, 65_535), help="Port, 0 for a free one; default: CLAIMLENS_PORT, else 8080."
)
@click.option(
    "--worker/--no-worker",
    "with_worker",
    default=None,
    help="Deliveries, jobs and upkeep in this process; default: yes, unless in production on PostgreSQL.",
)
@click.option("--get", "path", metavar="PATH", help="Ask for this path once (/health), print the answer and stop.")
def command(host: str | None, port: int | None, with_worker: bool | None, path: str | None) -> int:
    """Serve the API until Ctrl+C or SIGTERM.

    Nothing needs to be configured: the store is made in the data folder, and the first key is shown once. SIGTERM stops
    accepting, finishes what is in flight, and ends with exit code 0.
    """
    import gc

    import msgspec

    from claimlens.config import read_settings

    gc.disable()  # until it serves: what is made until then lives as long as the process

    settings = read_settings()
    given = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    settings = msgspec.structs.replace(settings, **given)

    from claimlens.entry.server.process import run

    return CLEAN if run(settings, with_worker=with_worker, path=path) else USAGE
