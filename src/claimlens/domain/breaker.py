"""When a service is left alone, and when it is tried again.

Closed: every call goes. After so many failures in a row it opens, and no call goes. When the rest is over it is
half-open: one call at a time finds out whether the service is back; enough successes in a row close it, one failure
opens it again.

Moments are seconds of a clock that does not go back; nothing here reads one.
"""

import msgspec

from claimlens.domain.service import BreakerState


class BreakerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`failures` in a row open it, after `rest_s` seconds it is tried again, `successes` in a row close it."""

    failures: int = 5
    rest_s: float = 30.0
    successes: int = 2


class Pass(msgspec.Struct, frozen=True):
    """Leave for one call. How the call ended is told with it, once."""

    began: float
    spell: int


class Breaker:
    """The state of one service. What a call of an earlier state comes to is no news for a later one.

    A rest is counted from the beginning of the call whose failure ended the trial: how long a dead service takes to
    fail does not put off the next trial.
    """

    def __init__(self, settings: BreakerSettings) -> None:
        self._settings = settings
        self._state = BreakerState.CLOSED
        self._opened = 0.0
        self._failures = 0
        self._successes = 0
        self._trying = False
        #: Which stretch of one state it is: each change begins another.
        self._spell = 0

    def state(self, now: float) -> BreakerState:
        """The state; an open one whose rest is over is half-open."""
        if self._state is BreakerState.OPEN and now >= self.due():
            self._change(BreakerState.HALF_OPEN)
        return self._state

    def due(self) -> float:
        """When an open one is tried again."""
        return self._opened + self._settings.rest_s

    def admit(self, now: float) -> Pass | None:
        """Leave for a call, None if none may go. While half-open the leave must come back before another is given."""
        state = self.state(now)
        if state is BreakerState.OPEN or self._trying:
            return None
        self._trying = state is BreakerState.HALF_OPEN
        return Pass(now, self._spell)

    def succeeded(self, leave: Pass, now: float) -> None:
        """The service answered."""
        if not self._returned(leave):
            return
        self._failures = 0
        if self._state is BreakerState.HALF_OPEN:
            self._successes += 1
            if self._successes >= self._settings.successes:
                self._change(BreakerState.CLOSED)

    def failed(self, leave: Pass, now: float) -> None:
        """The service gave no usable answer."""
        if not self._returned(leave):
            return
        self._failures += 1
        if self._state is BreakerState.HALF_OPEN:
            self._open(leave.began)
        elif self._failures >= self._settings.failures:
            self._open(now)

    def gave_up(self, leave: Pass) -> None:
        """The call ended without saying anything about the service: whoever asked has gone."""
        self._returned(leave)

    def trip(self, now: float) -> None:
        """Open a closed one: somebody else has found the service out, and it was true."""
        if self._state is BreakerState.CLOSED:
            self._open(now)

    def hurry(self) -> None:
        """End the rest of an open one: somebody else has found the service back."""
        if self._state is BreakerState.OPEN:
            self._change(BreakerState.HALF_OPEN)

    def _returned(self, leave: Pass) -> bool:
        """Take a leave back; whether it is of this spell."""
        if leave.spell != self._spell:
            return False
        self._trying = False
        return True

    def _open(self, since: float) -> None:
        self._opened = since
        self._change(BreakerState.OPEN)

    def _change(self, state: BreakerState) -> None:
        self._state = state
        self._spell += 1
        self._failures = self._successes = 0
        self._trying = False
