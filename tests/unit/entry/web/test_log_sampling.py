"""Which lines are kept when many come, and what is said of the others."""

import io
import json

import pytest
import structlog

from claimlens.entry.web import logs
from claimlens.entry.web.log_sampling import Sampling


class Hand:
    """A clock in seconds that stands still until it is moved."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


class Load:
    """Lines at an even pace."""

    def __init__(self):
        self.clock = Hand()
        self.sampling = Sampling(self.clock)
        self.weights = []
        self.count = 0

    def second(self, lines):
        for _ in range(lines):
            self.weights.append(self.sampling.weight())
            self.clock.now += 1 / lines
            self.count += 1

    @property
    def kept(self):
        return [weight for weight in self.weights if weight]


@pytest.fixture
def load():
    return Load()


def test_a_thousand_in_a_second_are_all_kept(load):
    for _ in range(3):
        load.second(1_000)
    assert load.weights == [1] * 3_000
    assert load.sampling.dropped == 0


@pytest.mark.parametrize("rate", [1_500, 5_000, 40_000])
def test_of_more_a_thousand_or_a_little_more_are_kept_in_each_second(load, rate):
    load.second(rate)
    assert len(load.kept) <= 2_000, "the second in which nobody expected them"
    for _ in range(3):
        before = len(load.kept)
        load.second(rate)
        assert 400 <= len(load.kept) - before <= 1_130


@pytest.mark.parametrize("rates", [[5_000] * 4, [900, 20_000, 20_000, 30, 30], [3_000, 1_000, 10]])
def test_the_weights_add_up_to_what_there_was(load, rates):
    for rate in rates:
        load.second(rate)
    assert sum(load.kept) + load.sampling.dropped - sum(weight - 1 for weight in load.kept) == load.count
    assert 0 <= load.count - sum(load.kept) < 100, "all but those since the last kept line"


def test_when_fewer_come_all_are_kept_again(load):
    load.second(10_000)
    load.second(500)
    before = load.sampling.dropped
    load.second(500)
    load.second(500)
    assert load.sampling.dropped == before


def test_a_rest_is_no_reason_to_leave_lines_out(load):
    load.second(10_000)
    load.clock.now += 3_600
    assert load.sampling.weight() > 0


class TestLines:
    @pytest.fixture
    def out(self):
        yield io.StringIO()
        structlog.reset_defaults()

    @pytest.fixture
    def clock(self, out):
        clock = Hand()
        logs.set_up_logs(out, moment=clock)
        return clock

    def lines(self, out, event):
        return [line for line in map(json.loads, out.getvalue().splitlines()) if line["event"] == event]

    def test_weights_are_written_and_what_was_left_out_is_told_now_and_then(self, out, clock):
        for _ in range(30):
            for number in range(4_000):
                logs.request_line("request", {"number": number})
                clock.now += 1 / 4_000
        told = self.lines(out, "log_lines_dropped")
        assert len(told) == 2
        assert all(line["reason"] == "more than 1,000 requests a second" for line in told)
        logs.end_logs()
        assert sum(line["dropped"] for line in self.lines(out, "log_lines_dropped")) == logs.lines_dropped() > 80_000
        kept = self.lines(out, "request")
        assert sum(line.get("weight", 1) for line in kept) == pytest.approx(120_000, abs=10)

    def test_warnings_and_errors_are_never_left_out(self, out, clock):
        log = structlog.get_logger()
        for _ in range(3_000):
            logs.request_line("request", {})
            log.warning("careful")
            log.error("request failed", status=500)
        assert len(self.lines(out, "careful")) == len(self.lines(out, "request failed")) == 3_000
        assert len(self.lines(out, "request")) < 2_000
        assert not any("weight" in line for line in self.lines(out, "request failed"))
