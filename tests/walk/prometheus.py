"""A real Prometheus with the rules of this repository."""

import json
import re
import subprocess
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from tests.tools import program
from tests.valkey import eventually, free_port

#: What `for:` of every rule is here; thresholds and the windows of rates are as they are written.
PATIENCE = "2s"


class Prometheus:
    """Scrapes every two seconds, evaluates every second. `for` of each rule is PATIENCE, the rest is as written."""

    def __init__(self, folder: Path, rules: Path) -> None:
        self._folder = folder
        self._rules = rules
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"http://127.0.0.1:{free_port()}"
        #: Alerts that were seen firing.
        self.fired: set[str] = set()

    def start(self, targets: list[str]) -> None:
        text, shortened = re.subn(r"(?m)^(\s+for:) .*$", rf"\1 {PATIENCE}", self._rules.read_text(encoding="utf-8"))
        assert shortened, "no rule has a patience"
        (self._folder / "alerts.yml").write_text(text, encoding="utf-8")
        self.watch(targets)
        (self._folder / "prometheus.yml").write_text(
            "global: {scrape_interval: 2s, scrape_timeout: 2s, evaluation_interval: 1s}\n"
            "rule_files: [alerts.yml]\n"
            "scrape_configs:\n"
            "- {job_name: claimlens-api, file_sd_configs: [{files: [targets.json], refresh_interval: 1s}]}\n",
            encoding="utf-8",
        )
        command = [
            str(program("prometheus", "prometheus")),
            f"--config.file={self._folder}/prometheus.yml",
            f"--storage.tsdb.path={self._folder}/tsdb",
            f"--web.listen-address={self.url.removeprefix('http://')}",
        ]
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        eventually(lambda: bool(self.ask("sum(up) > 0", quietly=True)), "Prometheus has scraped", 60)

    def watch(self, targets: list[str]) -> None:
        """From the next second on these processes are scraped."""
        listed = [{"targets": [target.removeprefix("http://") for target in targets]}]
        made = self._folder / ".targets.json"
        made.write_text(json.dumps(listed), encoding="utf-8")
        made.replace(self._folder / "targets.json")

    def ask(self, expression: str, *, quietly: bool = False) -> Any:
        """The result of a query; `quietly`: nothing if it is not there yet."""
        query = urllib.parse.urlencode({"query": expression})
        try:
            with urllib.request.urlopen(f"{self.url}/api/v1/query?{query}", timeout=10) as answer:
                return json.load(answer)["data"]["result"]
        except OSError:
            if quietly:
                return []
            raise

    def fires(self, alert: str) -> bool:
        """Whether an alert fires now."""
        firing = bool(self.ask(f'ALERTS{{alertname="{alert}",alertstate="firing"}}'))
        if firing:
            self.fired.add(alert)
        return firing

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
