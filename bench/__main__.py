"""`make bench`, `make bench-all`: the suite, part by part, each beside a peer or a floor of the same run.

A part is a module of its own and runs in a process of its own; this prints what it prints, then all ratios once more
in one table. `--json FOLDER` keeps each part's figures as FOLDER/<part>.json and the table as FOLDER/ratios.json.
What is behind `--` goes to the one part that `--only` names.
"""

import argparse
import importlib.util
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

from bench.rounds import described, machine, shown


class Part(NamedTuple):
    """A module of the suite. `quick` None: it is no part of `make bench`."""

    name: str
    what: str
    quick: tuple[str, ...] | None
    whole: tuple[str, ...]


PARTS = (
    Part("engine", "items a second, latency, cold start", (), ("--scale",)),
    Part(
        "matching", "claims beside an alternation, textlint + prh, a bare scan", ("--rounds", "3"), ("--fewest", "40")
    ),
    Part("pii", "personal data beside Presidio's pattern recognisers", ("--rounds", "3"), ("--texts", "2000")),
    Part("recalls", "a look-up among 30,000 recalls beside a full-text query", ("--recalls", "5000"), ()),
    Part(
        "durable",
        "group commit beside single transactions and COPY",
        ("--verdicts", "1000", "--rounds", "3", "--clients", "64"),
        (),
    ),
    Part("service", "the service under load beside a bare echo", None, ()),
    Part("services", "the four services over MCP and dead, beside in process", None, ()),
    Part("ocr", "labels read, beside Tesseract", None, ()),
    Part("scan", "a scan of many rows: one process, two, Ray", None, ("--rows", "200000", "--rounds", "3", "--ray")),
    Part("simulation", "years of many tenants' audits in PostgreSQL", None, ()),
)


def main() -> int:
    """Run the parts; 1 if one of them failed, the others run all the same."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--all", action="store_true", help="every part, at length (half an hour and more)")
    parser.add_argument("--only", nargs="+", choices=[part.name for part in PARTS], help="these parts")
    parser.add_argument("--json", type=Path, metavar="FOLDER", help="keep the figures here")
    parser.add_argument("rest", nargs="*", help="behind --: for the one part of --only")
    options = parser.parse_args()
    if options.rest and len(options.only or ()) != 1:
        parser.error("arguments behind -- go to one part: name it with --only")
    chosen = [
        part for part in PARTS if (part.name in options.only if options.only else options.all or part.quick is not None)
    ]
    with tempfile.TemporaryDirectory(prefix="claimlens-bench-") as scratch:
        folder = options.json or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        failed = [part.name for part in chosen if not _run(part, options, folder)]
        _table(chosen, folder)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return int(bool(failed))


def _run(part: Part, options: argparse.Namespace, folder: Path) -> bool:
    """Whether it came to its end."""
    kept = folder / f"{part.name}.json"
    kept.unlink(missing_ok=True)
    if importlib.util.find_spec(f"bench.{part.name}") is None:
        print(f"== {part.name}: left out, it is not there\n")
        return True
    print(f"== {part.name}: {part.what}", flush=True)
    arguments = options.rest or (part.whole if options.all or part.quick is None else part.quick)
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-m", f"bench.{part.name}", *arguments, "--json", str(kept)], check=False)
    print(f"== {part.name} took {time.monotonic() - began:.0f} s\n", flush=True)
    return done.returncode == 0


def _table(chosen: list[Part], folder: Path) -> None:
    """All ratios: what, beside what, the middle of the rounds, the least and the most."""
    rows: list[dict[str, Any]] = []
    for part in chosen:
        kept = folder / f"{part.name}.json"
        if kept.exists():
            found = json.loads(kept.read_text(encoding="utf-8"))
            rows += [{"bench": part.name, **row} for row in found.get("ratios", ())]
    told = machine()
    (folder / "ratios.json").write_text(
        json.dumps({"machine": told, "ratios": rows}, indent=1) + "\n", encoding="utf-8"
    )
    print(
        f"{described(told)}\n\n| bench | what | beside | ratio | least | most | goal |\n|---|---|---|---|---|---|---|"
    )
    for row in rows:
        figures = " | ".join(shown(row[name]) for name in ("median", "least", "most"))
        print(f"| {row['bench']} | {row['name']} | {row['peer']} | {figures} | {row['goal']} |")
    print()


if __name__ == "__main__":
    sys.exit(main())
