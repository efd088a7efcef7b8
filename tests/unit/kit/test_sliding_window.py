"""Two numbers stand for a moving window: never more than the limit at once, and always honest about what is left."""

from hypothesis import given
from hypothesis import strategies as st

from claimlens.kit.sliding_window import SlidingWindow


def test_the_limit_is_let_through_and_no_more() -> None:
    window = SlidingWindow(0.0)
    assert sum(window.take(1, 100, 60, 0.0) for _ in range(105)) == 100


def test_a_refused_cost_is_not_counted() -> None:
    window = SlidingWindow(0.0)
    assert window.take(90, 100, 60, 0.0)
    assert not window.take(20, 100, 60, 0.0)
    assert window.left(100, 60, 0.0) == 10


def test_the_window_before_fades_out() -> None:
    window = SlidingWindow(0.0)
    window.take(100, 100, 60, 0.0)
    assert not window.take(1, 100, 60, 60.0)
    assert window.take(50, 100, 60, 90.0)
    assert not window.take(1, 100, 60, 90.0)


def test_after_two_windows_of_silence_everything_is_free() -> None:
    window = SlidingWindow(0.0)
    window.take(100, 100, 60, 0.0)
    assert window.take(100, 100, 60, 120.0)


def test_a_cost_above_the_limit_never_fits() -> None:
    window = SlidingWindow(0.0)
    assert not window.take(101, 100, 60, 0.0)
    assert window.room_in(101, 100, 60, 0.0) == 60


hits = st.lists(st.tuples(st.floats(0, 30, allow_nan=False), st.integers(1, 12)), max_size=60)


@given(hits=hits, limit=st.integers(1, 20), length=st.integers(1, 20))
def test_what_is_left_fits_and_one_more_does_not(hits: list[tuple[float, int]], limit: int, length: int) -> None:
    window, moment = SlidingWindow(0.0), 0.0
    for pause, cost in hits:
        moment += pause
        window.take(cost, limit, length, moment)
        left = window.left(limit, length, moment)
        assert 0 <= left <= limit
        assert not window.take(left + 1, limit, length, moment)
        assert left == 0 or window.take(left, limit, length, moment)


@given(hits=hits, limit=st.integers(1, 20), length=st.integers(1, 20), cost=st.integers(1, 20))
def test_a_refused_hit_fits_when_it_was_told_to_come_back(
    hits: list[tuple[float, int]], limit: int, length: int, cost: int
) -> None:
    window, moment = SlidingWindow(0.0), 0.0
    for pause, other in hits:
        moment += pause
        window.take(other, limit, length, moment)
    if cost <= limit and not window.take(cost, limit, length, moment):
        wait = window.room_in(cost, limit, length, moment)
        assert 1 <= wait <= 2 * length
        assert window.take(cost, limit, length, moment + wait)


@given(hits=hits, limit=st.integers(1, 20), length=st.integers(1, 20))
def test_no_window_length_lets_two_limits_through(hits: list[tuple[float, int]], limit: int, length: int) -> None:
    window, moment = SlidingWindow(0.0), 0.0
    let_through: list[tuple[float, int]] = []
    for pause, cost in hits:
        moment += pause
        if window.take(cost, limit, length, moment):
            let_through.append((moment, cost))
    for start, _ in let_through:
        assert sum(cost for when, cost in let_through if start <= when < start + length) < 2 * limit
