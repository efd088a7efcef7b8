"""`make soak`; see the package."""

import argparse
import signal
import sys
import time
from pathlib import Path

from tests.soak import crashes
from tests.soak.run import Options, soak


def main() -> None:
    parser = argparse.ArgumentParser(prog="soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0, help="how long the load lasts")
    parser.add_argument("--share", type=float, default=0.8, help="of the measured maximum")
    parser.add_argument("--rate", type=float, default=0.0, help="requests/s, instead of measuring the maximum")
    parser.add_argument("--report", type=Path, help="a page whose figures are written again and again")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--kills", type=int, default=0, help="instead: kill server and database so often, no pause")
    options = parser.parse_args()
    print(f"seed {options.seed}", file=sys.stderr)
    if options.kills:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is stopped
        sys.exit(crashes.main(options.kills, options.seed))
    run, text = soak(
        Options(
            minutes=options.minutes,
            share=options.share,
            rate=options.rate,
            seed=options.seed,
            report=options.report,
        )
    )
    print(text)
    sys.exit(bool(run.wrong))


if __name__ == "__main__":
    main()
