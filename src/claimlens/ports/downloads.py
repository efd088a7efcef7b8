"""Fetching a file that a publisher offers."""

from typing import Protocol

from claimlens.domain.errors import ClaimLensError


class DownloadError(ClaimLensError):
    """The file is not to be had; one line for an operator."""


class Downloads(Protocol):
    """Files by URL."""

    async def fetch(self, url: str, *, most_bytes: int, within_s: float) -> bytes:
        """The body of a 200. Raises DownloadError: any other answer, longer than that, or not there in time."""
        ...
