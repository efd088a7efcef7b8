"""Asks the installation's own server, as an operator with curl would."""

import asyncio
import http.client
import urllib.error
import urllib.request
from typing import Any

import msgspec

from claimlens.domain.errors import ClaimLensError

#: How long an answer is waited for, and how much of it is read.
_WITHIN_S, _MOST_BYTES = 5.0, 1_000_000


class HttpServerAsked:
    """A ServerAsked (`ports/server.py`)."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")

    async def read(self, path: str) -> dict[str, Any]:
        """The JSON object at a path, whatever the status. Raises ClaimLensError: no answer, or another one."""
        return await asyncio.to_thread(self._read, path)

    def _read(self, path: str) -> dict[str, Any]:
        try:
            with urllib.request.urlopen(self.url + path, timeout=_WITHIN_S) as answer:
                body = answer.read(_MOST_BYTES)
        except urllib.error.HTTPError as error:
            with error:
                body = error.read(_MOST_BYTES)
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise ClaimLensError(f"{self.url} does not answer: {getattr(reason, 'strerror', None) or reason}") from None
        try:
            return msgspec.json.decode(body, type=dict[str, Any])
        except msgspec.DecodeError:
            raise ClaimLensError(f"{self.url}{path} answers, but not as ClaimLens does") from None
