"""Figures by minute and hour, over processes and restarts; transforms switched off; the maintenance file."""

import math
import re
from datetime import timedelta

import msgspec
import pytest

from claimlens.adapters.sql.performance import SqlPerformance
from claimlens.domain import objectives
from claimlens.domain.objectives import State
from claimlens.domain.performance import Figures
from claimlens.entry.cli import run
from claimlens.usecases.authentication import operator
from claimlens.usecases.meter import Meter
from claimlens.usecases.performance import PerformanceDesk
from claimlens.usecases.recorder import Recorder
from claimlens.usecases.slo import SloDesk
from tests.api.house import ASK, open_house
from tests.clock import HandClock
from tests.journeys.desk_world import checker
from tests.journeys.documented import page, tables


class Process:
    """One process that counts and records."""

    def __init__(self, database, clock):
        store = SqlPerformance(database)
        self.meter = Meter()
        self.recorder = Recorder(self.meter, store, clock)
        self.slo = SloDesk(store, self.recorder, clock)
        self.performance = PerformanceDesk(store, self.recorder, clock)

    def requests(self, count, *, failed=0, ms=4.0, route="/v1/menu/feed"):
        for i in range(count):
            self.meter.answered(route, ms, failed=i < failed)


class TestSlo:
    async def test_nothing_recorded_is_not_all_well(self, database):
        process = Process(database, HandClock())
        found = await process.slo.look()
        assert (found.state, found.availability.ratio, found.since) == (State.NO_DATA, None, None)
        assert await process.slo.remaining() is None

    async def test_it_sums_over_processes_and_outlives_them(self, database):
        clock = HandClock()
        for _ in range(2):
            process = Process(database, clock)
            process.requests(500, failed=1)
            await process.recorder.flush()
            process.requests(500)
            await process.recorder.flush()
        found = await Process(database, clock).slo.look()
        assert (found.availability.requests, found.availability.failed) == (2000, 2)
        assert found.availability.budget.remaining == pytest.approx(0.8)
        assert found.state is State.OK

    @pytest.mark.parametrize(("failed", "state"), [(2, "ok"), (3, "warning"), (4, "critical")])
    async def test_half_of_the_budget_warns_four_fifths_are_critical(self, database, failed, state):
        process = Process(database, HandClock())
        process.requests(1000, failed=failed)
        assert (await process.slo.look()).availability.state == state

    async def test_few_failures_among_few_requests_alarm_nobody(self, database):
        process = Process(database, HandClock())
        process.requests(20, failed=2)
        found = await process.slo.look()
        assert found.state is State.NO_DATA
        assert not any(alarm.firing for alarm in found.burn_alarms)

    async def test_an_alarm_fires_and_ends(self, database):
        clock = HandClock()
        process = Process(database, clock)
        process.requests(1000, failed=100)
        assert [alarm.firing for alarm in (await process.slo.look()).burn_alarms] == [True, True, True]
        clock.forward(minutes=31)
        process.requests(1000)
        alarms = (await process.slo.look()).burn_alarms
        assert [alarm.firing for alarm in alarms] == [False, False, True]

    async def test_after_a_month_it_is_forgotten(self, database):
        clock = HandClock()
        process = Process(database, clock)
        process.requests(1000, failed=100)
        await process.recorder.flush()
        clock.forward(days=30)
        assert (await process.slo.look()).availability.requests == 0

    async def test_probes_and_wrong_addresses_save_no_budget(self, database):
        process = Process(database, HandClock())
        process.requests(100, failed=1)
        process.requests(5000, route="/health")
        process.requests(5000, route="unknown", failed=1)
        found = (await process.slo.look()).availability
        assert (found.requests, found.failed) == (101, 2)

    async def test_coverage_counts_verdicts_of_every_process(self, database):
        clock = HandClock()
        for incomplete in (1, 2):
            process = Process(database, clock)
            process.meter.verdicts("menushield_gb", 100, incomplete)
            await process.recorder.flush()
        process = Process(database, clock)
        found = (await process.slo.look()).coverage
        assert (found.verdicts, found.complete, found.state) == (200, 197, State.WARNING)
        assert await process.slo.covered() == found.ratio == pytest.approx(0.985)

    async def test_few_verdicts_say_nothing_of_coverage(self, database):
        process = Process(database, HandClock())
        process.meter.verdicts("menushield_gb", 99, 50)
        assert (await process.slo.look()).coverage.state is State.NO_DATA
        assert await process.slo.covered() is None


class TestPage:
    """docs/reference/slo.md says what is reckoned here."""

    TEXT = page("reference/slo.md")

    def test_promises(self):
        assert [row[:3:2] for row in tables(self.TEXT, "promise", "counted", "objective", "over")] == [
            ["availability", f"{100 * objectives.AVAILABILITY} %"],
            ["latency", "95 %"],
            ["coverage", f"{100 * objectives.COVERAGE:.0f} %"],
        ]
        assert [row[0] for row in tables(self.TEXT, "route", "95 of 100 within")] == list(objectives.P95_MS)
        bounds = [row[1] for row in tables(self.TEXT, "route", "95 of 100 within")]
        assert bounds == [f"{ms} ms" for ms in objectives.P95_MS.values()]

    def test_alarms(self):
        rows = tables(self.TEXT, "long", "short", "threshold", "state", "alert")
        assert [row[:4] for row in rows] == [
            [burn.long, burn.short, f"{burn.times:g}", burn.state.value] for burn in objectives.BURNS
        ]

    def test_the_example_is_reckoned_right(self):
        assert "120,000 requests of which 60 failed" in self.TEXT
        assert objectives.consumed(120_000, 60) == 0.1


class TestPerformance:
    async def test_percentiles_of_a_window(self, database):
        clock = HandClock()
        process = Process(database, clock)
        process.requests(90, ms=4.0)
        process.requests(10, ms=400.0)
        process.meter.transform("detect.claims", 0.5)
        found = await process.performance.look("5m")
        (route,) = found.routes
        assert (route.count, route.max_ms) == (100, 400.0)
        assert route.p50_ms is not None
        assert route.p95_ms is not None
        assert route.p50_ms <= 5
        assert 300 < route.p95_ms <= 400
        assert [each.name for each in found.transforms] == ["detect.claims"]
        clock.forward(minutes=5)
        assert (await process.performance.look("5m")).routes == ()
        assert [each.count for each in (await process.performance.look("1h")).routes] == [100]

    def test_a_quantile_is_never_above_the_longest(self):
        figures = Figures()
        figures.took(3.0)
        assert figures.quantile(0.99) == 3.0
        assert Figures().quantile(0.5) is None


async def figures_of(house):
    """Every figure that the two routes give; asked by a route the question itself would be counted."""
    slo, found = await house.service.slo.look(), await house.service.performance.look("6h")
    return msgspec.structs.replace(slo, timestamp=None), found.routes, found.transforms


async def test_the_routes_and_the_gauge_survive_a_restart(database_url, tmp_path):
    house = await open_house(database_url, tmp_path, checker())
    text = (await house.ask("GET", "/metrics", role=None)).text
    gauge = re.search(r"^claimlens_error_budget_remaining (\S+)$", text, re.MULTILINE)
    assert gauge is not None
    assert math.isnan(float(gauge[1]))
    for _ in range(3):
        await house.ask("POST", "/v1/menu/validate", ASK)
    before = await figures_of(house)
    await house.service.stop()
    again = await open_house(database_url, tmp_path, checker(), settle=False)
    assert await figures_of(again) == before
    slo = (await again.ask("GET", "/api/v1/slo/status", role=None)).json()
    assert (slo["availability"]["requests"], slo["coverage"]["verdicts"]) == (3, 3)
    found = (await again.ask("GET", "/api/v1/admin/performance?window=6h", role=None)).json()
    assert [each["count"] for each in found["routes"] if each["name"] == "/v1/menu/validate"] == [3]
    assert {"detect.claims", "detect.allergens"} <= {each["name"] for each in found["transforms"]}
    assert "claimlens_error_budget_remaining 1.0" in (await again.ask("GET", "/metrics", role=None)).text
    await again.service.stop()


class TestSwitches:
    @pytest.fixture
    def claimlens(self, tmp_path, sqlite_url, monkeypatch, capsys):
        monkeypatch.setenv("CLAIMLENS_DATA_DIR", str(tmp_path))
        monkeypatch.setenv("DATABASE_URL", sqlite_url)
        monkeypatch.setenv("CLAIMLENS_MAINTENANCE_FILE", str(tmp_path / "maintenance.json"))

        def call(*arguments):
            code = run(list(arguments))
            return code, *capsys.readouterr()

        return call

    def test_a_transform_goes_off_and_on(self, claimlens):
        assert claimlens("profiles", "disable", "detect.claims", "--for", "1h", "--reason", "floods")[0] == 0
        assert "detect.claims" in claimlens("profiles", "list")[1]
        assert "transform:disable" in claimlens("access", "list")[1]
        assert claimlens("profiles", "enable", "detect.claims")[0] == 0
        assert claimlens("profiles", "list")[1] == ""
        assert claimlens("profiles", "disable", "detect.nothing", "--for", "1h", "--reason", "x")[0] == 1

    def test_a_profile_is_changed_and_taken_back(self, claimlens):
        change = ("profiles", "change", "menushield_gb")
        assert claimlens(*change, "--off", "detect.recalls", "--reason", "floods")[0] == 0
        code, shown, said = claimlens("profiles", "show")
        assert code == 0
        assert "detect.recalls\ton\ton\toff\ton\tabsent" in shown
        assert "floods" in said
        assert "profile:change" in claimlens("access", "list")[1]
        claimlens(*change, "--reason", "over")
        assert "\toff\t" not in claimlens("profiles", "show")[1]
        assert claimlens("profiles", "change", "claimlens_go", "--off", "redact.pii", "--reason", "x")[0] == 1

    def test_maintenance_by_switch_and_by_file(self, claimlens, tmp_path):
        assert claimlens("maintenance", "status")[1] == "open\n"
        claimlens("maintenance", "on", "--message", "Back at four")
        assert claimlens("maintenance", "status")[1].endswith("Back at four\n")
        claimlens("maintenance", "off")
        file = tmp_path / "maintenance.json"
        file.write_text('{"enabled": true, "message": "by file"}')
        assert "by file" in claimlens("maintenance", "status")[1]
        assert "still keeps it closed" in claimlens("maintenance", "off")[2]
        file.write_text("half a fi")
        assert claimlens("maintenance", "status")[1] == "closed\n"
        file.unlink()
        assert claimlens("maintenance", "status")[1] == "open\n"


async def test_a_verdict_names_what_was_switched_off(open_own_house):
    house = await open_own_house()

    nobody = operator("anna")
    await house.service.transforms.disable(nobody, "detect.allergens", timedelta(hours=1), "floods")
    verdict = (await house.ask("POST", "/v1/menu/validate", ASK)).json()
    assert "detect.allergens" in verdict["not_checked"]


@pytest.fixture
async def open_own_house(sqlite_url, tmp_path):
    opened = []

    async def open_it():
        opened.append(await open_house(sqlite_url, tmp_path, checker()))
        return opened[-1]

    yield open_it
    for each in opened:
        await each.service.stop()
