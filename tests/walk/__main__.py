"""`make walk`; see the package."""

import argparse
import signal
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import msgspec

from tests.installation import machine
from tests.walk import (
    backups,
    deployment,
    health,
    incidents,
    maintenance,
    monitoring,
    on_call,
    response,
    retention,
    scaling,
    security,
)
from tests.walk.prometheus import PATIENCE
from tests.walk.promises import walked
from tests.walk.site import SETTINGS, Site

SECTIONS = (
    *(health.SECTION, response.SECTION, incidents.SECTION, scaling.SECTION, backups.SECTION, retention.SECTION),
    *(security.SECTION, deployment.SECTION, monitoring.SECTION, maintenance.SECTION, on_call.SECTION),
)


def main() -> int:
    """Walk; 1 if a promise is broken."""
    parser = argparse.ArgumentParser(prog="walk", description=__doc__)
    parser.add_argument("--only", nargs="*", metavar="N", help="sections, by number; default: all")
    parser.add_argument("--json", action="store_true", help="one object a line on standard output")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is stopped
    chosen = [section for section in SECTIONS if not options.only or section.number in options.only]
    began = time.monotonic()
    outcomes: Counter[str] = Counter()
    is_well = True
    with tempfile.TemporaryDirectory(prefix="claimlens-walk-") as folder, ExitStack() as held:
        note = f"{machine()}; {', '.join(f'{n}={v}' for n, v in SETTINGS.items())}; `for` of every alert is {PATIENCE}"
        print(note, file=sys.stderr, flush=True)
        site = Site(Path(folder), held)
        for line in walked(site, [promise for section in chosen for promise in section.promises]):
            print(msgspec.json.encode(line).decode() if options.json else line, flush=True)
            outcomes[line.outcome] += 1
            is_well &= line.outcome.is_well
    told = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
    print(f"{sum(outcomes.values())} promises in {time.monotonic() - began:.0f} s: {told}", file=sys.stderr)
    return 0 if is_well else 1


if __name__ == "__main__":
    sys.exit(main())
