"""A service as a function of this process, beside the event loop."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from claimlens.domain.errors import ClaimLensError
from claimlens.ports.services import ServiceError, ServiceSlowError


class Local(Protocol):
    """A service in this process. Both may take their time."""

    @property
    def answer(self) -> Callable[[Sequence[dict[str, Any]]], tuple[dict[str, Any], ...]]:
        """One answer for each payload."""
        ...

    @property
    def close(self) -> Callable[[], None]:
        """Let go of what it holds."""
        ...


#: Payloads answered in one go: when nobody waits any more, no more than these are finished for nobody.
_TOGETHER = 8


class InProcessTransport:
    """A Transport (`ports/services.py`) to what `make` makes, which happens beside the loop at the first call."""

    name = "in-process"

    def __init__(self, service: str, make: Callable[[], Local], *, threads: int = 1) -> None:
        self._make = make
        self._making = threading.Lock()
        self._made: Local | None = None
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=service)

    async def call(self, payloads: Sequence[dict[str, Any]], *, timeout_s: float) -> tuple[dict[str, Any], ...]:
        """One answer for each payload. Raises ServiceError as its port says."""
        loop = asyncio.get_running_loop()
        answers: list[dict[str, Any]] = []
        try:
            async with asyncio.timeout(timeout_s):
                for start in range(0, max(1, len(payloads)), _TOGETHER):
                    piece = payloads[start : start + _TOGETHER]
                    answers += await loop.run_in_executor(self._pool, self._answer, piece)
        except TimeoutError:
            raise ServiceSlowError(f"no answer within {timeout_s * 1000:.0f} ms") from None
        except ClaimLensError as error:
            raise ServiceError(str(error)) from error
        except Exception as error:  # a defect of one service is no defect of a verdict
            raise ServiceError(f"{type(error).__name__} in the service") from error
        return tuple(answers)

    async def close(self) -> None:
        """Begin nothing more, and let go of what was made; what was begun ends by itself."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        if self._made is not None:
            await asyncio.to_thread(self._made.close)

    def _answer(self, payloads: Sequence[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
        with self._making:
            if self._made is None:
                self._made = self._make()
        return self._made.answer(payloads)
