"""`make fuzz`: requests made from the OpenAPI document, good and bad, against a running server.

No answer may be a 5xx, and none may differ from what the document declares. `FUZZ_MINUTES` minutes on each store.
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.postgres import PostgresServer, migrate
from tests.serving import NO_LIMITS, Server, serving

#: Hold whatever is asked: the sample of a test run looks at these.
ALWAYS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "missing_required_header",
    "unsupported_method",
    "ignored_auth",
    "use_after_free",
)
#: Also: what the document forbids is refused. How many forbidden shapes are tried grows with the minutes.
CHECKS = (*ALWAYS, "negative_data_rejection")

_CASES = re.compile(r"([\d,]+) generated")

#: Closes the gate for everybody: played by itself, at the end.
_MAINTENANCE = "/v1/admin/maintenance"


class Outcome:
    """What was found: reports of the tool, errors of the log. `cases` counts the requests that were made up."""

    def __init__(self) -> None:
        self.wrong: list[str] = []
        self.cases = 0


def fuzz(store: str, minutes: float, *, seed: int | None = None, checks: Sequence[str] = CHECKS) -> Outcome:
    """Play requests against a server of its own over a store (`sqlite` or `postgres`)."""
    outcome = Outcome()
    with tempfile.TemporaryDirectory(prefix="claimlens-fuzz-") as folder, _database(store) as url:
        environ = NO_LIMITS | ({"DATABASE_URL": url} if url else {})
        with serving(Path(folder), environ=environ) as server:
            assert server.ask("POST", "/v1/menu/validate", {"item": {"name": "Soup"}, "locale": "en-GB"}).status == 200
            seconds = minutes * 60
            _run(outcome, server, folder, seconds * 0.9, seed, checks, "--exclude-path", _MAINTENANCE)
            _run(outcome, server, folder, max(3, seconds * 0.1), seed, checks, "--include-path", _MAINTENANCE)
            if not server.is_running():
                outcome.wrong.append("the server has ended")
            outcome.wrong += [line for line in server.log.splitlines() if '"level":"ERROR"' in line][:20]
    return outcome


def _run(
    outcome: Outcome, server: Server, folder: str, seconds: float, seed: int | None, checks: Sequence[str], *chosen: str
) -> None:
    program = Path(sys.executable).with_name("schemathesis")
    command = [str(program), "run", f"{server.url}/openapi.json", "--header", f"Authorization: Bearer {server.key}"]
    command += ["--checks", ",".join(checks), "--max-time", str(max(1, int(seconds))), "--no-color"]
    command += ["--suppress-health-check", "all", "--warnings", "off", "--continue-on-failure", "--max-failures", "20"]
    command += ["--generation-database", "none", "--request-timeout", "30", *chosen]
    if seed is not None:
        command += ["--seed", str(seed)]
    environ = os.environ | {"SCHEMATHESIS_HOOKS": "tests.fuzz_hooks", "PYTHONPATH": str(Path(__file__).parent.parent)}
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environ, check=False)
    if done.returncode:
        outcome.wrong.append(done.stdout + done.stderr)
    outcome.cases += sum(int(count.replace(",", "")) for count in _CASES.findall(done.stdout))


@contextmanager
def _database(store: str) -> Iterator[str]:
    if store == "sqlite":
        yield ""
        return
    server = PostgresServer()
    try:
        migrate(server.url)
        yield server.url
    finally:
        server.remove()


def main() -> None:
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=float(os.environ.get("FUZZ_MINUTES") or 20))
    parser.add_argument("--store", choices=("sqlite", "postgres"), action="append")
    parser.add_argument("--seed", type=int)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is stopped
    failed = False
    for store in options.store or ("sqlite", "postgres"):
        outcome = fuzz(store, options.minutes, seed=options.seed)
        found = f"{len(outcome.wrong)} FOUND" if outcome.wrong else "no 5xx and nothing undeclared"
        print(f"{store}, {options.minutes:g} minutes, {outcome.cases:,} requests: {found}", flush=True)
        for each in outcome.wrong:
            print(each)
        failed |= bool(outcome.wrong)
    sys.exit(failed)


if __name__ == "__main__":
    main()
