"""Hits counted on the server: one trip for all requests that wait for it."""

import asyncio
from collections.abc import Iterator, Sequence
from hashlib import sha1
from typing import Protocol

from claimlens.kit.sliding_window import SlidingWindow
from claimlens.ports.cache import Allowance, Hit

#: The sliding window of `kit/sliding_window.py`, kept as "began now before", moments in milliseconds of the server.
#: KEYS: one for each hit. ARGV[1]: limit, window, cost and request of each hit. A request ends with its first refusal.
#: Answers four numbers for each hit: 1 counted, 0 refused, -1 not looked at; age of the window, now, before.
SCRIPT = """
local time = redis.call('TIME')
local moment = time[1] * 1000 + math.floor(time[2] / 1000)
local number = string.gmatch(ARGV[1], '%d+')
local answers, ended = {}, nil
for i = 1, #KEYS do
  local limit, length = tonumber(number()), tonumber(number())
  local cost, request = tonumber(number()), number()
  if request == ended then
    answers[i] = '-1 0 0 0'
  else
    local began, now, before = moment, 0, 0
    local kept = redis.call('GET', KEYS[i])
    if kept then
      local b, n, p = string.match(kept, '^(%d+) (%d+) (%d+)$')
      if b then began, now, before = math.min(tonumber(b), moment), tonumber(n), tonumber(p) end
      local passed = moment - began
      if passed >= 2 * length then
        began, now, before = moment, 0, 0
      elseif passed >= length then
        began, now, before = began + length, 0, now
      end
    end
    local used = before * (1 - (moment - began) / length) + now
    local counted = 0
    if used + cost <= limit then
      counted = 1
      now = now + cost
      redis.call('SET', KEYS[i], string.format('%d %d %d', began, now, before), 'PX', 2 * length)
    else
      ended = request
    end
    answers[i] = string.format('%d %d %d %d', counted, moment - began, now, before)
  end
end
return table.concat(answers, ' ')
"""
DIGEST = sha1(SCRIPT.encode(), usedforsecurity=False).hexdigest()


class Runner(Protocol):
    """Runs a script on the server."""

    async def run(self, script: str, digest: str, keys: Sequence[str], numbers: str) -> bytes:
        """What the script answers."""
        ...


async def count_together(client: Runner, requests: Sequence[Sequence[Hit]]) -> list[list[Allowance]]:
    """One trip for the hits of all requests, each counted up to its first refusal."""
    hits = [hit for request in requests for hit in request]
    keys = [f"claimlens:limit:{hit.bucket}:{hit.key}" for hit in hits]
    numbers = " ".join(
        f"{hit.limit} {hit.window_s * 1000} {hit.cost} {number}"
        for number, request in enumerate(requests)
        for hit in request
    )
    answers = iter([int(part) for part in (await client.run(SCRIPT, DIGEST, keys, numbers)).split()])
    return [_read(request, [(next(answers), *_three(answers)) for _ in request]) for request in requests]


async def count_one_by_one(client: Runner, requests: Sequence[Sequence[Hit]]) -> list[list[Allowance]]:
    """On a cluster, where the keys of one request live on several servers: requests side by side, hits in order."""

    async def count(request: Sequence[Hit]) -> list[Allowance]:
        allowances: list[Allowance] = []
        for hit in request:
            allowances += (await count_together(client, [[hit]]))[0]
            if not allowances[-1].allowed:
                break
        return allowances

    # All of them end before one failure is raised: none is left alone with its connection.
    answers = await asyncio.gather(*[count(request) for request in requests], return_exceptions=True)
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
    return [answer for answer in answers if not isinstance(answer, BaseException)]


def _three(answers: Iterator[int]) -> tuple[int, int, int]:
    return next(answers), next(answers), next(answers)


def _read(request: Sequence[Hit], answers: Sequence[tuple[int, int, int, int]]) -> list[Allowance]:
    allowances = []
    for hit, (counted, age_ms, now, before) in zip(request, answers, strict=True):
        if counted < 0:
            break
        window, moment = SlidingWindow(0.0), age_ms / 1000
        window.now, window.before = now, before
        limit, length, allowed = hit.limit, hit.window_s, counted == 1
        reset_s = window.ends_in(length, moment) if allowed else window.room_in(hit.cost, limit, length, moment)
        allowances.append(Allowance(hit.bucket, allowed, limit, window.left(limit, length, moment), length, reset_s))
    return allowances
