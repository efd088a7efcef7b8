"""The cluster's own command line, as far as a check-up asks it."""

import asyncio
import shutil
from asyncio.subprocess import DEVNULL, PIPE

from claimlens.domain.errors import ClaimLensError

_WITHIN_S = 5


def found() -> str:
    """The path of kubectl; empty if there is none."""
    return shutil.which("kubectl") or ""


async def context() -> str:
    """The context that kubectl talks to; empty if none is set. Raises ClaimLensError."""
    code, out = await _ask("config", "current-context")
    return out.strip() if code == 0 else ""


async def namespaces() -> list[str]:
    """Namespaces of the cluster whose names begin with claimlens. Raises ClaimLensError if it does not answer."""
    code, out = await _ask("get", "namespaces", "--output=name", f"--request-timeout={_WITHIN_S}s")
    if code:
        raise ClaimLensError("the cluster does not answer")
    names = [line.partition("/")[2] for line in out.splitlines()]
    return [name for name in names if name.startswith("claimlens")]


async def _ask(*arguments: str) -> tuple[int, str]:
    try:
        process = await asyncio.create_subprocess_exec(found(), *arguments, stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL)
    except OSError as error:
        raise ClaimLensError(f"kubectl cannot be run: {(error.strerror or str(error)).lower()}") from None
    try:
        async with asyncio.timeout(_WITHIN_S + 1):
            out, _ = await process.communicate()
    except TimeoutError:
        raise ClaimLensError(f"kubectl did not answer within {_WITHIN_S} s") from None
    finally:
        if process.returncode is None:
            process.kill()
    return process.returncode or 0, out.decode(errors="replace")
