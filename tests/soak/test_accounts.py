"""The soak's own bookkeeping: it finds what is lost, doubled and torn, and knows a window from the time beside it."""

from collections import Counter
from typing import Any

import pytest

from tests.soak.asks import Asks, Done
from tests.soak.books import Books, compare
from tests.soak.figures import Results, latencies
from tests.soak.kills import Kill
from tests.soak.report import BEGIN, END, Run, over_budget, windows, write, written
from tests.soak.watch import Life


def done(name: str, *audits: str, status: int = 200, items: int = 1, **fields: Any) -> Done:
    told: dict[str, Any] = {"due": 10.0, "done": 10.01, "kind": "validate"} | fields
    return Done(name=name, items=items, status=status, audits=audits, **told)


def books(*rows: tuple[str, str], jobs: dict[str, int] | None = None) -> Books:
    return Books(Counter(audit for audit, _ in rows), Counter(name for _, name in rows), Counter(jobs or {}))


def test_what_was_answered_and_is_there_is_well():
    found = compare([done("a", "1"), done("b", "2", "3", items=2)], books(("1", "a"), ("2", "b"), ("3", "b")), [], 0)
    assert (found.held, found.lost, found.doubled, found.torn, found.unknown) == (3, 0, 0, 0, 0)
    assert not found.examples


@pytest.mark.parametrize(
    ("asked", "rows", "broken"),
    [
        (done("a", "1"), [], "lost"),
        (done("a", "1"), [("2", "a")], "lost"),
        (done("a", "1"), [("1", "a"), ("2", "a")], "doubled"),
        (done("a", status=0), [("1", "a"), ("2", "a")], "doubled"),
        (done("a", status=0, items=2), [("1", "a")], "torn"),
        (done("a", status=0), [("1", "b")], "unknown"),
    ],
)
def test_what_is_wrong_is_found(asked, rows, broken):
    found = compare([asked], books(*rows), [], 0)
    assert {name for name in ("lost", "doubled", "torn", "unknown") if getattr(found, name)} == {broken}
    assert found.examples


def test_what_was_not_answered_may_have_been_done_or_not():
    found = compare([done("a", status=0), done("b", status=0)], books(("1", "a")), [], 0)
    assert (found.lost, found.doubled, found.torn, found.examples) == (0, 0, 0, [])


def test_a_job_has_as_many_audits_as_lines():
    assert compare([], books(jobs={"j": 100}), ["j"], 100).jobs == 0
    assert compare([], books(jobs={"j": 101}), ["j"], 100).jobs == 1
    assert compare([], books(), ["j"], 100).jobs == 100


def results(*all_done: Done) -> Results:
    held = Results.__new__(Results)
    held.all = list(all_done)
    return held


def test_a_request_is_inside_if_any_of_it_falls_into_a_window():
    spans = [(100.0, 110.0), (200.0, 210.0)]
    before = done("a", due=98.0, done=99.0)
    across = done("b", due=99.0, done=111.0)
    within = done("c", due=205.0, done=205.1)
    between = done("d", due=111.0, done=111.2)
    late = done("e", due=209.9, done=220.0)
    seen = results(before, across, within, between, late)
    inside, outside = (seen.latencies("validate", spans, inside=where) for where in (True, False))
    assert inside is not None
    assert outside is not None
    assert (inside.count, outside.count) == (3, 2)
    assert outside.longest == pytest.approx(1000)


def test_shares_of_latencies():
    found = latencies(map(float, range(1, 101)))
    assert found is not None
    assert (found.p50, found.p95, found.p99, found.longest) == (51, 96, 100, 100)
    assert latencies([]) is None


def run(**fields: Any) -> Run:
    told: dict[str, Any] = {
        "command": "make soak",
        "machine": "m",
        "day": "d",
        "seed": 1,
        "state": "s",
        "begun": 0.0,
        "ended": 600.0,
    }
    return Run(**told | fields)


def test_slow_answers_count_outside_the_windows_only():
    kills = [Kill("worker", at=100.0, back=103.0, until=108.0)]
    fast = [done(f"f{n}", kind=kind, due=50.0, done=50.01) for n in range(100) for kind in ("validate", "feed")]
    slow = [done(f"s{n}", kind="validate", due=101.0, done=102.0) for n in range(100)]
    assert windows(kills, 600.0) == [(100.0, 108.0)]
    assert not over_budget(run(kills=kills), results(*fast, *slow))
    assert len(over_budget(run(), results(*fast, *slow))) == 1


def test_memory_that_grows_is_seen_and_a_short_life_says_nothing():
    def life(growth: float, seconds: int) -> Life:
        at = [float(second) for second in range(0, seconds, 5)]
        return Life("api-1", at, [200 + growth * second / 60 for second in at])

    assert life(3.0, 1800).grew
    assert life(3.0, 1800).slope() == pytest.approx(3.0)
    assert not life(0.1, 1800).grew
    assert life(100.0, 100).thirds() is None


def test_the_report_goes_between_the_marks_and_into_a_new_file(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"# Soak\n\n{BEGIN}\nold\n{END}\n\nAfter.\n")
    text = written(run(), results(done("a", "1")))
    for _ in range(2):
        write(page, text)
    assert page.read_text().startswith("# Soak\n\n")
    assert page.read_text().endswith(f"{END}\n\nAfter.\n")
    assert page.read_text().count("`make soak`") == 1
    write(tmp_path / "new.md", text)
    assert (tmp_path / "new.md").read_text() == text


def test_the_same_seed_asks_the_same():
    first, again = Asks("soak", 7), Asks("soak", 7)
    assert [first.next() for _ in range(50)] == [again.next() for _ in range(50)]
