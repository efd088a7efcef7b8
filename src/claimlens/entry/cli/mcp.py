"""`claimlens mcp`: the services and the gate over the Model Context Protocol."""

import sys

import click

from claimlens.domain.errors import ClaimLensError
from claimlens.domain.service import SERVICES, TERMS
from claimlens.entry.cli.exit_codes import CLEAN


@click.group(name="mcp")
def command() -> None:
    """Serve the services, or the gate itself, over the Model Context Protocol."""


@command.command("serve")
@click.argument("service", required=False, type=click.Choice([*SERVICES, "gate"]))
@click.option("--all", "every", is_flag=True, help="All four services, each at a port of its own.")
@click.option("--host", help="Address to listen on; default: CLAIMLENS_HOST, else 127.0.0.1.")
@click.option(
    "--port",
    type=click.IntRange(0, 65_532),
    help="Port, 0 for a free one; default: 7001 to 7004, with --all the first of four. `gate` without a port: stdio.",
)
def serve(service: str | None, every: bool, host: str | None, port: int | None) -> int:
    """Serve one service, or all four, over HTTP until Ctrl+C or SIGTERM; or the gate to a writer's or agent's client.

    Over HTTP each has `/mcp`, `/health` and `/metrics`. With --all, one that cannot be served is named, the others are
    served. The gate speaks over standard input and output unless it is given a port.
    """
    if every == (service is not None):
        raise click.UsageError("name one service, or say --all")
    from claimlens.config import read_settings
    from claimlens.entry.mcp.offers import service_offer
    from claimlens.entry.mcp.process import serve_http

    settings = read_settings()
    if service == "gate":
        from claimlens.entry.mcp.gate_offer import gate_offer
        from claimlens.entry.mcp.process import serve_stdio

        offer = gate_offer(settings)
        if port is None:
            serve_stdio(offer)
        else:
            serve_http([offer], settings, host=host or settings.host, ports=[port])
        return CLEAN
    offers = []
    for name in SERVICES if every else (service,):
        assert name is not None
        try:
            offers.append(service_offer(name, settings))
        except ClaimLensError as error:
            if not every:
                raise
            print(f"claimlens: {error}", file=sys.stderr)
    if not offers:
        raise ClaimLensError("none of the services can be served")
    first = TERMS[SERVICES[0]].port
    ports = [TERMS[offer.name].port for offer in offers]
    if port is not None:
        ports = [port and port + (each - first if every else 0) for each in ports]
    serve_http(offers, settings, host=host or settings.host, ports=ports)
    return CLEAN


@command.command("schema")
@click.argument("service", type=click.Choice([*SERVICES, "gate"]))
def schema(service: str) -> int:
    """Print the tools of a service, or of the gate, as JSON: names, what they take, what they give.

    Whoever serves a service in place of ours offers a tool of this name and these shapes.
    """
    import json

    from claimlens.config import read_settings
    from claimlens.entry.mcp.gate_offer import gate_offer
    from claimlens.entry.mcp.offers import service_offer

    settings = read_settings()
    offer = gate_offer(settings) if service == "gate" else service_offer(service, settings)
    shown = [
        {"name": tool.name, "title": tool.title, "inputSchema": tool.arguments, "outputSchema": tool.result}
        for tool in offer.tools
    ]
    print(json.dumps(shown, indent=2, ensure_ascii=False))
    offer.close()
    return CLEAN
