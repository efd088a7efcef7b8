"""`Idempotency-Key`: a client's own name for a request, so that sending it again does nothing twice."""

import hashlib
import re
from collections.abc import Awaitable, Callable

from claimlens.domain.audit import IdempotencyKey, StoredReply
from claimlens.domain.errors import ConflictError, InvalidError, RequestError
from claimlens.entry.web.exchange import Exchange
from claimlens.entry.web.frame import refused
from claimlens.entry.web.problems import refusal_of
from claimlens.entry.web.reply import Reply
from claimlens.ports.journal import Idempotency

_KEY = re.compile(rb"[\x21-\x7e]{1,255}")
_REPLAYED = ((b"idempotency-replayed", b"true"),)

#: Makes the answer. With a key that `settles`, the answer's own transaction has kept it already.
Produce = Callable[[IdempotencyKey | None], Awaitable[Reply]]


def key_of(exchange: Exchange) -> IdempotencyKey | None:
    """The key of a request; None without the header. Raises InvalidError for one that is not 1-255 visible ASCII."""
    value = exchange.headers.get(b"idempotency-key")
    if value is None or exchange.method != "POST" or exchange.principal is None:
        return None
    if _KEY.fullmatch(value) is None:
        raise InvalidError((("", "an Idempotency-Key is 1 to 255 visible ASCII characters"),))
    return IdempotencyKey(
        tenant_id=exchange.asked_by.tenant.id,
        method=exchange.method,
        route=exchange.route,
        key=value.decode("ascii"),
    )


def fingerprint(exchange: Exchange, body_digest: bytes) -> bytes:
    """What makes two requests the same: method, path with its query, and the raw body."""
    head = f"{exchange.method}\0{exchange.path}\0".encode("utf-8", "surrogateescape")
    return hashlib.sha256(head + exchange.query_string + b"\0" + body_digest).digest()


class Once:
    """Answers a request once, and again with the same bytes."""

    def __init__(self, idempotency: Idempotency) -> None:
        self._idempotency = idempotency

    async def answer(
        self, exchange: Exchange, produce: Produce, *, settles: bool = False, secret: bool = False
    ) -> Reply:
        """The answer of `produce`, or the one that was kept.

        A 2xx or 400 is kept, anything else gives the key back. `settles`: `produce` keeps its 2xx by itself, in the
        transaction of what it writes. `secret`: only that it was answered is kept.
        """
        key = key_of(exchange)
        if key is None:
            return await produce(None)
        digest = hashlib.sha256(exchange.body).digest()
        stored = await self.claim(exchange, key, fingerprint(exchange, digest))
        if stored is not None:
            return stored
        scope = exchange.asked_by.scope
        try:
            reply = await self._produced(exchange, produce, key)
            if reply.status < 300 and settles:
                return reply
            if reply.status < 300 or reply.status == 400:
                await self.keep(exchange, key, reply, secret=secret and reply.status < 300)
                return reply
        except BaseException:
            await self._idempotency.release(scope, key)
            raise
        await self._idempotency.release(scope, key)
        return reply

    async def claim(self, exchange: Exchange, key: IdempotencyKey, made: bytes) -> Reply | None:
        """None: go on, the claim is ours. Raises ConflictError: in flight, another body, or a secret not kept."""
        stored = await self._idempotency.claim(exchange.asked_by.scope, key, made)
        if stored is None:
            return None
        return Reply(stored.status, stored.body, stored.media_type.encode("ascii"), _REPLAYED)

    async def keep(self, exchange: Exchange, key: IdempotencyKey, reply: Reply, *, secret: bool = False) -> None:
        """Keep an answer for who asks again."""
        stored = StoredReply(status=reply.status, media_type=reply.media_type.decode("ascii"), body=reply.body)
        await self._idempotency.keep(exchange.asked_by.scope, key, None if secret else stored)

    async def release(self, exchange: Exchange, key: IdempotencyKey) -> None:
        """Give a claim back."""
        await self._idempotency.release(exchange.asked_by.scope, key)

    async def _produced(self, exchange: Exchange, produce: Produce, key: IdempotencyKey) -> Reply:
        try:
            return await produce(key)
        except ConflictError:
            raise
        except RequestError as error:
            if error.status != 400:
                raise
            # A mistake in the body is an answer like any other: it is the same the next time.
            return refused(exchange, refusal_of(error))
