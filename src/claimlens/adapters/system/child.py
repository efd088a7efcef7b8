"""Another command of this program, in a process of its own."""

import asyncio
import sys
from collections.abc import Mapping

from claimlens.domain.errors import ClaimLensError

#: How long a command that is broken off has to end, in seconds.
_GRACE_S = 5.0


async def run_command(*arguments: str, environ: Mapping[str, str]) -> None:
    """`claimlens <arguments>` to its end. Raises ClaimLensError with the last line it said if its exit code is not 0.

    Cancelled, it is ended first.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "claimlens",
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env=dict(environ),
    )
    try:
        _, said = await process.communicate()
    except asyncio.CancelledError:
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), _GRACE_S)
            except TimeoutError:
                process.kill()
        raise
    if process.returncode:
        lines = said.decode("utf-8", "replace").strip().splitlines() or [f"exit code {process.returncode}"]
        raise ClaimLensError(lines[-1][:500])
