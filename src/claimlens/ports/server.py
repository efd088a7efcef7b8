"""The server of this installation, as it is seen from outside."""

from typing import Any, Protocol


class ServerAsked(Protocol):
    """Reads public pages of the server at `url`."""

    url: str

    async def read(self, path: str) -> dict[str, Any]:
        """The JSON object at a path, whatever the status. Raises ClaimLensError: no answer, or another one."""
        ...
