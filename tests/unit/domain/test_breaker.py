"""The breaker beside a model of its promise, and each rule of it by itself."""

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from claimlens.domain.breaker import Breaker, BreakerSettings, Pass
from claimlens.domain.service import BreakerState

CLOSED, HALF_OPEN, OPEN = BreakerState.CLOSED, BreakerState.HALF_OPEN, BreakerState.OPEN


def leave(breaker: Breaker, now: float) -> Pass:
    given = breaker.admit(now)
    assert given is not None
    return given


def opened(settings: BreakerSettings | None = None, now: float = 0.0) -> Breaker:
    settings = settings or BreakerSettings()
    breaker = Breaker(settings)
    for _ in range(settings.failures):
        breaker.failed(leave(breaker, now), now)
    return breaker


def test_five_failures_in_a_row_open_it() -> None:
    breaker = Breaker(BreakerSettings())
    for _ in range(4):
        breaker.failed(leave(breaker, 0), 0)
    assert breaker.state(0) is CLOSED
    breaker.failed(leave(breaker, 0), 0)
    assert breaker.state(0) is OPEN
    assert breaker.admit(0) is None


def test_a_success_between_begins_the_count_anew() -> None:
    breaker = Breaker(BreakerSettings())
    for _ in range(4):
        breaker.failed(leave(breaker, 0), 0)
    breaker.succeeded(leave(breaker, 0), 0)
    for _ in range(4):
        breaker.failed(leave(breaker, 0), 0)
    assert breaker.state(0) is CLOSED


def test_after_the_rest_one_call_goes_at_a_time() -> None:
    breaker = opened()
    assert breaker.admit(29.9) is None
    first = leave(breaker, 30)
    assert breaker.state(30) is HALF_OPEN
    assert [breaker.admit(30) for _ in range(10)] == [None] * 10
    breaker.succeeded(first, 30)
    assert breaker.state(30) is HALF_OPEN
    second = leave(breaker, 30)
    assert breaker.admit(30) is None
    breaker.succeeded(second, 30)
    assert breaker.state(30) is CLOSED


def test_a_failed_trial_opens_it_again_and_the_rest_counts_from_its_beginning() -> None:
    breaker = opened()
    trial = leave(breaker, 30)
    breaker.failed(trial, 35)  # five seconds until it was given up
    assert breaker.state(59.9) is OPEN
    assert breaker.state(60) is HALF_OPEN


def test_one_success_of_two_does_not_outlive_a_failure() -> None:
    breaker = opened()
    breaker.succeeded(leave(breaker, 30), 30)
    breaker.failed(leave(breaker, 30), 30)
    breaker.succeeded(leave(breaker, 60), 60)
    assert breaker.state(60) is HALF_OPEN


def test_a_trial_whose_asker_left_gives_its_place_back() -> None:
    breaker = opened()
    breaker.gave_up(leave(breaker, 30))
    assert breaker.state(30) is HALF_OPEN
    assert breaker.admit(30) is not None


def test_askers_who_left_are_no_failures() -> None:
    breaker = Breaker(BreakerSettings())
    for _ in range(100):
        breaker.gave_up(leave(breaker, 0))
    assert breaker.state(0) is CLOSED


def test_calls_of_before_say_nothing_about_now() -> None:
    breaker = Breaker(BreakerSettings())
    late = [leave(breaker, 0) for _ in range(20)]
    for each in late[:5]:
        breaker.failed(each, 1)
    trial = leave(breaker, 31)
    for each in late[5:12]:
        breaker.failed(each, 31)
    for each in late[12:]:
        breaker.succeeded(each, 31)
    assert breaker.state(31) is HALF_OPEN
    assert breaker.admit(31) is None  # the trial still has the place
    breaker.succeeded(trial, 31)
    breaker.succeeded(leave(breaker, 31), 31)
    assert breaker.state(31) is CLOSED


def test_word_of_others_opens_it_or_ends_its_rest() -> None:
    breaker = Breaker(BreakerSettings())
    breaker.hurry()
    assert breaker.state(0) is CLOSED
    breaker.trip(0)
    assert breaker.state(0) is OPEN
    breaker.trip(10)
    assert breaker.due() == 30  # a second word does not put it off
    breaker.hurry()
    assert breaker.state(5) is HALF_OPEN


@given(st.integers(1, 20), st.integers(1, 10), st.floats(0.01, 1000))
def test_every_number_is_a_setting(failures: int, successes: int, rest_s: float) -> None:
    settings = BreakerSettings(failures=failures, successes=successes, rest_s=rest_s)
    breaker = opened(settings)
    assert breaker.state(0) is OPEN
    for _ in range(successes):
        assert breaker.state(breaker.due()) is HALF_OPEN
        breaker.succeeded(leave(breaker, breaker.due()), breaker.due())
    assert breaker.state(breaker.due()) is CLOSED


class BreakerModel(RuleBasedStateMachine):
    """Calls begin, end and are left in any order while time passes; the model keeps what was promised and no more."""

    def __init__(self) -> None:
        super().__init__()
        self.settings = BreakerSettings(failures=3, rest_s=10.0, successes=2)
        self.breaker = Breaker(self.settings)
        self.now = 0.0
        self.state = CLOSED
        self.in_a_row = 0
        self.opened = 0.0
        self.calls: list[tuple[Pass, int]] = []
        self.spell = 0

    def enter(self, state: BreakerState, opened: float = 0.0) -> None:
        self.state, self.in_a_row, self.opened = state, 0, opened
        self.spell += 1

    def rest_over(self) -> None:
        if self.state is OPEN and self.now >= self.opened + self.settings.rest_s:
            self.enter(HALF_OPEN)

    def trying(self) -> bool:
        return self.state is HALF_OPEN and any(spell == self.spell for _, spell in self.calls)

    @rule(step=st.sampled_from([0.0, 0.5, 5.0, 10.0, 30.0]))
    def time_passes(self, step: float) -> None:
        self.now += step
        self.rest_over()

    @rule()
    def begin(self) -> None:
        self.rest_over()
        admitted = self.state is not OPEN and not self.trying()
        given = self.breaker.admit(self.now)
        assert (given is not None) == admitted
        if given is not None:
            self.calls.append((given, self.spell))

    @precondition(lambda self: self.calls)
    @rule(which=st.integers(0, 1000), end=st.sampled_from(["succeeded", "failed", "gave_up"]))
    def end(self, which: int, end: str) -> None:
        given, spell = self.calls.pop(which % len(self.calls))
        current = spell == self.spell
        if end == "gave_up":
            self.breaker.gave_up(given)
            return
        getattr(self.breaker, end)(given, self.now)
        if not current:
            return
        if self.state is CLOSED:
            self.in_a_row = self.in_a_row + 1 if end == "failed" else 0
            if self.in_a_row == self.settings.failures:
                self.enter(OPEN, self.now)
        elif end == "failed":
            self.enter(OPEN, given.began)
        else:
            self.in_a_row += 1
            if self.in_a_row == self.settings.successes:
                self.enter(CLOSED)

    @rule()
    def told_out(self) -> None:
        self.rest_over()
        self.breaker.trip(self.now)
        if self.state is CLOSED:
            self.enter(OPEN, self.now)

    @rule()
    def told_back(self) -> None:
        self.breaker.hurry()
        if self.state is OPEN:
            self.enter(HALF_OPEN)

    @invariant()
    def it_is_as_promised(self) -> None:
        self.rest_over()
        assert self.breaker.state(self.now) is self.state


TestBreakerModel = BreakerModel.TestCase
