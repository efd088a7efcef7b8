"""Random mutations of a bundle, each of which its check has to find: `make mutations`.

Two tenants with a history each, and a second history of the first tenant under the same key; what is done to a bundle:
bytes and values edited, audits and seals deleted, repeated, put in another order, swapped between tenants and
histories, tails cut, statements forged and signed with another key, rows passed off as purged.
"""

import argparse
import asyncio
import base64
import hashlib
import logging
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import structlog

from claimlens.adapters.sql.engine import Database
from claimlens.domain.seal import BUNDLE_LINE, SEAL_LINE, key_name, unpacked
from claimlens.kit.canonical_json import canonical_json
from claimlens.kit.merkle import leaf_hash, root_of
from claimlens.usecases.bundle_check import check_bundle
from claimlens.usecases.bundles import END_START, SEAL_START
from tests.clock import HandClock
from tests.contract.rows import OURS, THEIRS
from tests.contract.sealed import KEY, OTHER_KEY, World
from tests.postgres import migrate

Lines = list[bytes]
Mutate = Callable[[random.Random, "Histories"], Lines]


class Histories:
    """Bundles as they were made: ours, another tenant's, and ours as it might have been."""

    def __init__(self, ours: Lines, theirs: Lines, other: Lines) -> None:
        self.ours = ours
        self.theirs = theirs
        self.other = other


async def histories() -> Histories:
    """Bundles of a few hundred audits under some twenty seals."""

    async def made(name: str, seed: int) -> tuple[Lines, Lines]:
        chance = random.Random(seed)
        with tempfile.TemporaryDirectory() as folder:
            url = f"sqlite:///{Path(folder)}/store.db"
            await asyncio.to_thread(migrate, url)
            database = Database(url)
            world = World(database, HandClock())
            for _ in range(10):
                await world.some(chance.randint(1, 25), OURS, name)
                await world.some(chance.randint(1, 25), THEIRS, name)
                await world.seal()
            bundles = await world.bundle(OURS), await world.bundle(THEIRS)
            await world.close()
            await database.close()
            return bundles

    ours, theirs = await made("Dal", 1)
    return Histories(ours, theirs, (await made("Roti", 2))[0])


def is_record(line: bytes) -> bool:
    return not line.startswith((SEAL_START, END_START))


def pick(chance: random.Random, lines: Lines, wanted: Callable[[bytes], bool] = is_record) -> int:
    return chance.choice([place for place, line in enumerate(lines) if wanted(line)])


def pick_seal(chance: random.Random, lines: Lines) -> int:
    return pick(chance, lines, lambda line: line.startswith(SEAL_START))


def block(lines: Lines, start: int) -> slice:
    """A seal with its audits."""
    end = start + 1
    while is_record(lines[end]):
        end += 1
    return slice(start, end)


def rewritten(line: bytes, change: Callable[[Any], None]) -> bytes:
    value = msgspec.json.decode(line)
    change(value)
    return canonical_json(value) + b"\n"


def edit_a_byte(chance: random.Random, all_: Histories) -> Lines:
    lines = list(all_.ours)
    place = chance.randrange(len(lines))
    line = bytearray(lines[place])
    line[chance.randrange(len(line))] = chance.randrange(256)
    lines[place] = bytes(line)
    return b"".join(lines).splitlines(keepends=True)


def edit_a_value(chance: random.Random, all_: Histories) -> Lines:
    lines = list(all_.ours)
    place = pick(chance, lines)

    def change(record: Any) -> None:
        field = chance.choice(["name", "verdict", "audit_id", "tenant_id", "ts", "extra"])
        if field == "name":
            record["item"]["name"] += "!"
        elif field == "verdict":
            record["verdict"]["verdict"] = "block"
        else:
            record[field] = chance.choice(["tenant-002", "2026-11-23T12:00:00.000001Z", "x"])

    lines[place] = rewritten(lines[place], change)
    return lines


def delete_audits(chance: random.Random, all_: Histories) -> Lines:
    lines = list(all_.ours)
    for _ in range(chance.randint(1, 3)):
        del lines[pick(chance, lines)]
    return lines


def delete_a_seal(chance: random.Random, all_: Histories) -> Lines:
    lines = list(all_.ours)
    start = pick_seal(chance, lines)
    if chance.random() < 0.5:
        del lines[start]
    else:
        del lines[block(lines, start)]
    return lines


def reorder_audits(chance: random.Random, all_: Histories) -> Lines:
    lines = list(all_.ours)
    one, other = pick(chance, lines), pick(chance, lines)
    lines[one], lines[other] = lines[other], lines[one]
    return lines


def reorder_seals(chance: random.Random, all_: Histories) -> Lines:
    lines = list(all_.ours)
    moved = block(lines, pick_seal(chance, lines))
    part = lines[moved]
    del lines[moved]
    target = pick_seal(chance, lines)
    return lines[:target] + part + lines[target:]


def cut_the_tail(chance: random.Random, all_: Histories) -> Lines:
    lines = list(all_.ours)
    how = chance.randrange(3)
    if how == 0:
        return lines[: -chance.randint(1, len(lines))]
    if how == 1:
        whole = b"".join(lines)
        return whole[: -chance.randint(1, 5_000)].splitlines(keepends=True)
    last = len(lines) - 1
    return [*lines[: chance.randrange(last)], lines[last]]


def swap_audits(chance: random.Random, all_: Histories) -> Lines:
    lines, source = list(all_.ours), chance.choice([all_.theirs, all_.other])
    lines[pick(chance, lines)] = source[pick(chance, source)]
    return lines


def swap_seals(chance: random.Random, all_: Histories) -> Lines:
    lines, source = list(all_.ours), chance.choice([all_.theirs, all_.other])
    start, origin = pick_seal(chance, lines), pick_seal(chance, source)
    if chance.random() < 0.5:
        lines[start] = source[origin]
    else:
        lines[block(lines, start)] = source[block(source, origin)]
    return lines


def swap_the_end(chance: random.Random, all_: Histories) -> Lines:
    return [*all_.ours[:-1], chance.choice([all_.theirs, all_.other])[-1]]


def repeat_a_line(chance: random.Random, all_: Histories) -> Lines:
    lines = list(all_.ours)
    lines.insert(chance.randint(0, len(lines)), chance.choice([*lines, b"{}\n", b"\n"]))
    return lines


def edit_a_statement(chance: random.Random, all_: Histories) -> Lines:
    lines = list(all_.ours)
    place = chance.choice([pick_seal(chance, lines), len(lines) - 1])

    def change(value: Any) -> None:
        said = value.get("seal") or value["bundle"]
        field = chance.choice(sorted(said))
        before = said[field]
        said[field] = (
            before + 1 if isinstance(before, int) else "2020-01-01T00:00:00Z" if before is None else before[1:]
        )

    lines[place] = rewritten(lines[place], change)
    return lines


def forge(chance: random.Random, all_: Histories) -> Lines:
    """An audit changed and everything made to fit, by one who has not the key."""
    lines = list(all_.ours)
    start = pick_seal(chance, lines)
    here = block(lines, start)
    place = chance.randrange(start + 1, here.stop)
    lines[place] = rewritten(lines[place], lambda record: record["item"].update(name="forged"))
    keep_name = chance.random() < 0.5

    def fitting(value: Any) -> None:
        members = bytearray(base64.b64decode(value["members"]))
        members[56 * (place - start - 1) + 24 : 56 * (place - start)] = leaf_hash(lines[place].removesuffix(b"\n"))
        said = value["seal"]
        said["members"] = hashlib.sha256(members).hexdigest()
        said["root"] = root_of([member.leaf for member in unpacked(bytes(members))]).hex()
        if not keep_name:
            said["key"] = key_name(OTHER_KEY.public_key)
        value["members"] = base64.b64encode(members).decode()
        value["signature"] = OTHER_KEY.sign(SEAL_LINE + canonical_json(said)).hex()

    lines[start] = rewritten(lines[start], fitting)
    return _with_end(lines, keep_name=keep_name)


def pass_off_as_purged(chance: random.Random, all_: Histories) -> Lines:
    """Audits removed, and the papers made to say that retention did it."""
    lines = list(all_.ours)
    start = pick_seal(chance, lines)
    here = block(lines, start)
    del lines[start + 1 : here.stop]
    if chance.random() < 0.5:
        lines[start] = rewritten(lines[start], lambda value: value.update(members=None))
    return _with_end(lines, keep_name=chance.random() < 0.5, purged_to="2026-11-23T23:00:00Z")


def _with_end(lines: Lines, *, keep_name: bool, **fields: Any) -> Lines:
    """The end made anew, with another key."""
    body, end = lines[:-1], msgspec.json.decode(lines[-1])
    said = end["bundle"] | fields
    said["content"] = hashlib.sha256(b"".join(body)).hexdigest()
    said["records"] = sum(map(is_record, body))
    if not keep_name:
        said["key"] = key_name(OTHER_KEY.public_key)
    end = {"bundle": said, "signature": OTHER_KEY.sign(BUNDLE_LINE + canonical_json(said)).hex()}
    return [*body, canonical_json(end) + b"\n"]


MUTATIONS: Sequence[Mutate] = (
    edit_a_byte,
    edit_a_value,
    delete_audits,
    delete_a_seal,
    reorder_audits,
    reorder_seals,
    cut_the_tail,
    swap_audits,
    swap_seals,
    swap_the_end,
    repeat_a_line,
    edit_a_statement,
    forge,
    pass_off_as_purged,
)


def missed(all_: Histories, count: int, seed: int) -> tuple[Counter[str], list[str]]:
    """How many mutations of each kind were made, and those that were not found (none)."""
    chance = random.Random(seed)
    made: Counter[str] = Counter()
    unseen = []
    while made.total() < count:
        mutate = MUTATIONS[made.total() % len(MUTATIONS)]
        lines = mutate(chance, all_)
        if lines == all_.ours:
            continue  # two places that were the same one: nothing was changed
        made[mutate.__name__] += 1
        if check_bundle(lines, [KEY.public_key], tenant_id=OURS.tenant_id).holds:
            unseen.append(f"{mutate.__name__} (number {made.total()}, seed {seed})")
    return made, unseen


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m tests.mutations", description=__doc__)
    options.add_argument("--count", type=int, default=10_000)
    options.add_argument("--seed", type=int, default=20_261_124)
    chosen = options.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    all_ = asyncio.run(histories())
    assert check_bundle(all_.ours, [KEY.public_key]).holds
    begun = time.perf_counter()
    made, unseen = missed(all_, chosen.count, chosen.seed)
    for name, count in sorted(made.items()):
        print(f"{name:20} {count:7}")
    print(f"{made.total()} mutations, {len(unseen)} not found, {time.perf_counter() - begun:.0f} s")
    print(*unseen, sep="\n", end="" if not unseen else "\n")
    return 1 if unseen else 0


if __name__ == "__main__":
    sys.exit(main())
