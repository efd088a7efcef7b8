"""How commands that use the store are run."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from claimlens.domain.errors import ClaimLensError, OverloadedError

Result = TypeVar("Result")


def run_with_store(main: Coroutine[Any, Any, Result]) -> Result:
    """Run a command's coroutine. A store that is out is one line for the operator, with what the driver said."""
    import structlog

    # The service's log lines are for the service: here the error itself reaches the reader.
    usual = structlog.get_config()
    structlog.configure(processors=[_drop])
    try:
        return asyncio.run(main)
    except OverloadedError as error:
        reason = (str(error.__cause__ or "").splitlines() or [""])[0]
        raise ClaimLensError(f"{error}: {reason}" if reason else str(error)) from error
    finally:
        structlog.configure(**usual)


def _drop(*_: Any) -> Any:
    import structlog

    raise structlog.DropEvent
