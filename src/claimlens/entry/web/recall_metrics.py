"""How old the recalls of this process are, for `/metrics`."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from claimlens.usecases.recall_keeper import RecallKeeper

_DAY_S = 86_400


class RecallAges(Collector):
    """Reads the keeper's last look."""

    def __init__(self, keeper: RecallKeeper) -> None:
        self._keeper = keeper

    def collect(self) -> Iterator[Metric]:
        """The families, as they stand."""
        age = GaugeMetricFamily(
            "claimlens_recalls_age_seconds", "Age of the data of a source, in whole days.", labels=["source"]
        )
        fresh = GaugeMetricFamily(
            "claimlens_recalls_fresh",
            "1 if the silence of a source means that there is no recall; 0 if it means nothing.",
            labels=["source", "state"],
        )
        rows = GaugeMetricFamily("claimlens_recalls_rows", "Recalls of a source in the index.", labels=["source"])
        for status in self._keeper.statuses:
            age.add_metric([status.source], status.age_days * _DAY_S)
            fresh.add_metric([status.source, status.state], status.state == "fresh")
            rows.add_metric([status.source], status.rows)
        yield from (age, fresh, rows)
