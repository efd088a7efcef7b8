"""The RateLimit fields of an answer (draft-ietf-httpapi-ratelimit-headers, structured fields of RFC 9651)."""

from collections.abc import Sequence
from functools import lru_cache

from claimlens.ports.cache import Allowance


def rate_limit_fields(allowances: Sequence[Allowance]) -> list[tuple[str, str]]:
    """`RateLimit-Policy` and `RateLimit`, each limit in the order it was counted, and `Retry-After` if one refused.

    >>> rate_limit_fields([Allowance("key", True, 100, 99, 60, 12)])
    [('RateLimit-Policy', '"key";q=100;w=60'), ('RateLimit', '"key";r=99;t=12')]
    """
    if not allowances:
        return []
    policy = ", ".join([_policy(each.bucket, each.limit, each.window_s) for each in allowances])
    left = ", ".join([f'"{each.bucket}";r={each.remaining};t={each.reset_s}' for each in allowances])
    fields = [("RateLimit-Policy", policy), ("RateLimit", left)]
    waits = [each.reset_s for each in allowances if not each.allowed]
    return [*fields, ("Retry-After", str(max(waits)))] if waits else fields


@lru_cache(maxsize=256)
def _policy(bucket: str, limit: int, window_s: int) -> str:
    return f'"{bucket}";q={limit};w={window_s}'
