"""The services, asked in this very process and without a time limit: for commands, where nobody else is waiting."""

from collections.abc import Callable

from claimlens.config import Settings
from claimlens.domain.errors import ClaimLensError
from claimlens.domain.question import Answer, Question
from claimlens.usecases.checks import Checker
from claimlens.wiring.answering import Logic, open_logic


class AskHere:
    """Answers the gate's questions. A service is opened when it is first asked; one that cannot be gives no answer."""

    def __init__(self, settings: Settings, checker: Callable[[], Checker]) -> None:
        """`checker` gives the one that asks."""
        self._settings = settings
        self._checker = checker
        self._open: dict[str, Logic | None] = {}

    def __call__(self, question: Question) -> Answer:
        """One answer for each payload, None if the service is not to be had."""
        service = question.service
        if service not in self._open:
            try:
                self._open[service] = open_logic(service, self._settings, self._checker())
            except ClaimLensError:
                self._open[service] = None
        logic = self._open[service]
        return logic.answer(question.payload) if logic else None
