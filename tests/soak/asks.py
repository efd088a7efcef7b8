"""What the clients ask, and what they hold in their hands afterwards."""

import json
import random
from itertools import islice

import msgspec

from bench.menus import items

#: Of so many requests one is a feed, the others are of one item.
ONE_FEED_IN = 4
FEED_ITEMS = 10
#: How many have an Idempotency-Key; the others are never sent twice once they may have arrived.
NAMED = 0.5
_SENT = ("id", "name", "description", "ingredients", "nutrition", "kind")
_BODIES = 400

ROUTES = {"validate": "/v1/menu/validate", "feed": "/v1/menu/feed"}


class Ask(msgspec.Struct, frozen=True):
    """One request. `name` is its correlation id, and its Idempotency-Key if it `is_named`."""

    name: str
    kind: str
    body: bytes
    is_named: bool

    @property
    def items(self) -> int:
        return FEED_ITEMS if self.kind == "feed" else 1


class Done(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """How an ask ended. Moments are those of the machine's monotonic clock, in seconds.

    `due`: when it should have been sent; waiting in the client counts as latency. `status` 0: given up, because it may
    have arrived and had no name, or because nothing answered in time. `saw`: what earlier tries got, 0 for a connection
    that was cut, -1 for one that was refused.
    """

    name: str
    kind: str
    items: int
    due: float
    done: float
    status: int
    is_named: bool = False
    is_replayed: bool = False
    saw: tuple[int, ...] = ()
    audits: tuple[str, ...] = ()
    blocked: tuple[str, ...] = ()
    wrong: str = ""


class Verdict(msgspec.Struct):
    """What is read of a verdict."""

    audit_id: str
    verdict: str


class Answer(msgspec.Struct):
    """The answer of either route: one verdict, or several."""

    verdicts: list[Verdict] = []
    audit_id: str = ""
    verdict: str = ""

    def all(self) -> list[Verdict]:
        return self.verdicts or [Verdict(self.audit_id, self.verdict)]


class Asks:
    """Asks without end, the same for the same seed. `phase` goes before every name."""

    def __init__(self, phase: str, seed: int) -> None:
        self._phase = phase
        self._chance = random.Random(f"{phase} {seed}")
        self._number = 0
        stream = items(_BODIES * (1 + FEED_ITEMS), seed)
        wire = [{name: value for name in _SENT if (value := getattr(item, name)) is not None} for item in stream]
        rest = iter(wire)
        self._bodies = {
            "validate": [json.dumps({"item": item, "locale": "en-GB"}).encode() for item in islice(rest, _BODIES)],
            "feed": [
                json.dumps({"items": list(islice(rest, FEED_ITEMS)), "locale": "en-GB"}).encode()
                for _ in range(_BODIES)
            ],
        }

    def next(self) -> Ask:
        self._number += 1
        kind = "feed" if self._chance.random() < 1 / ONE_FEED_IN else "validate"
        return Ask(
            f"{self._phase}-{self._number}",
            kind,
            self._chance.choice(self._bodies[kind]),
            self._chance.random() < NAMED,
        )
