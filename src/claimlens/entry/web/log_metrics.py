"""What `/metrics` says of the log."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from claimlens.entry.web.logs import lines_dropped


class DroppedLines(Collector):
    """Ordinary lines that were left out because too many came."""

    def collect(self) -> Iterator[Metric]:
        """The family, as it stands."""
        yield CounterMetricFamily(
            "claimlens_log_lines_dropped",
            "Log lines of ordinary requests that were left out, above 1,000 in a second.",
            lines_dropped(),
        )
