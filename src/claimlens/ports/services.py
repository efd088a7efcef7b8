"""Asking the four services. None of them is critical: no answer is an answer."""

from collections.abc import Sequence
from typing import Any, Protocol

from claimlens.domain.errors import ClaimLensError
from claimlens.domain.question import Answer, Question
from claimlens.domain.service import ServiceState


class ServiceError(ClaimLensError):
    """A service gave no usable answer; the text is one line for an operator."""


class ServiceSlowError(ServiceError):
    """It gave none within the time it had."""


class ServiceRefusedError(ServiceError):
    """It is there and does not take this call: the fault may be the call's."""


class Services(Protocol):
    """What a request holds: time limits, retries and breakers are behind it."""

    async def ask(self, question: Question, *, within_ms: float, retries: int = 0) -> Answer:
        """One answer for each payload of the question, or None when there was none in time. Never raises."""
        ...

    def states(self) -> Sequence[ServiceState]:
        """Every service, in the order of `SERVICES`. Calls nobody."""
        ...


class Transport(Protocol):
    """The way to one service: in this process, or a server over the Model Context Protocol."""

    #: `in-process` or `mcp`.
    name: str

    async def call(self, payloads: Sequence[dict[str, Any]], *, timeout_s: float) -> tuple[dict[str, Any], ...]:
        """One answer for each payload, within the time given; whoever waits may be cancelled at any moment.

        Raises ServiceError: out, ServiceSlowError, ServiceRefusedError, or not what was agreed.
        """
        ...

    async def close(self) -> None:
        """Let go of what is held."""
        ...
