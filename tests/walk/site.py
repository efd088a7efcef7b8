"""The system that is walked, and a shell in which the runbook's lines run as they stand there."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.installation import DATABASE, ROLE, Installation
from tests.postgres import programs_folder
from tests.serving import Answer, Server
from tests.valkey import eventually, server_binary
from tests.walk.prometheus import Prometheus

ROOT = Path(__file__).parents[2]
TENANT = "tenant-001"
CLAIM = {"id": "tea", "name": "Herbal tea", "description": "Cures diabetes."}

#: What differs from the defaults, so that the walk takes minutes: a breaker rests a second, seals close every ten.
SETTINGS = {
    "CLAIMLENS_BREAKER_REST_S": "1",
    "CLAIMLENS_SEAL_INTERVAL_S": "10",
    "CLAIMLENS_WEBHOOKS_TO_PRIVATE": "1",
}


class Site:
    """An installation with Prometheus beside it, and what the sections need to look at it."""

    def __init__(self, folder: Path, held: ExitStack) -> None:
        self.folder = folder
        self.held = held
        #: Where the release of §8 answers.
        self.deployed: dict[str, str] = {}
        for name in ("installed", "bin", "here", "backups", "prometheus"):
            (folder / name).mkdir()
        self.maintenance_file = folder / "maintenance.json"
        settings = SETTINGS | {
            "CLAIMLENS_BACKUP_TO": str(folder / "backups"),
            "CLAIMLENS_MAINTENANCE_FILE": str(self.maintenance_file),
        }
        self.installation = Installation(folder / "installed", environ=settings)
        held.callback(self.installation.remove)
        self.installation.start()
        # What the runbook's §3 asks of the role, and what its drill needs.
        self.as_superuser(f"GRANT pg_read_all_stats, pg_signal_backend TO {ROLE}; ALTER ROLE {ROLE} CREATEDB")
        self._programs()
        self.prometheus = Prometheus(folder / "prometheus", ROOT / "ops/prometheus/alerts.yml")
        held.callback(self.prometheus.stop)
        self.prometheus.start([api.url for api in self.apis])

    @property
    def apis(self) -> list[Server]:
        return self.installation.apis

    @property
    def api(self) -> Server:
        return self.apis[0]

    def sh(self, lines: str, **variables: str) -> str:
        """Lines of the runbook in a shell that stops at the first failure; what they printed. Raises if one fails."""
        done = self.try_sh(lines, **variables)
        done.check_returncode()
        return done.stdout

    def try_sh(self, lines: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """The same, whatever becomes of them."""
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", self._replaced(lines)],
            cwd=self.folder / "here",
            env=self.environ | variables,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    @property
    def environ(self) -> dict[str, str]:
        """That of an operator at a terminal."""
        return self.api.surroundings() | {
            "CLAIMLENS_URL": self.api.url,
            "ADMIN_KEY": self.installation.key,
            "API_KEY": self.installation.key,
            "PATH": f"{self.folder / 'bin'}:{programs_folder()}:{os.environ['PATH']}",
            "PYTHON": sys.executable,
        }

    def claimlens(self, *arguments: str) -> str:
        """What a command printed; raises if its exit code is not 0."""
        done = self.installation.claimlens(*arguments)
        done.check_returncode()
        return done.stdout

    def sql(self, statement: str) -> str:
        """The first column of what a statement gives, a row a line."""
        return self.sh(f'psql "$DATABASE_URL" -XAtq -c "{statement}"').strip()

    def as_superuser(self, statement: str, database: str = "postgres") -> None:
        """What only the owner of the server may do."""
        url = f"postgresql://postgres@127.0.0.1:{self.installation.database.port}/{database}"
        subprocess.run(
            [programs_folder() / "psql", "-qX", url, *(word for one in statement.split("; ") for word in ("-c", one))],
            check=True,
            capture_output=True,
            text=True,
        )

    def health(self, api: Server | None = None) -> tuple[int, dict[str, Any]]:
        answer = (api or self.api).ask("GET", "/health", key="")
        return answer.status, answer.json()

    def until_healthy(self, within_s: float = 90) -> None:
        """Until every API process says so."""
        for api in self.apis:
            eventually(lambda api=api: _says_healthy(api), f"{api.url} is healthy", within_s)  # type: ignore[misc]

    def feed(self, *, key: str | None = None, api: Server | None = None) -> Answer:
        """A claim that is blocked, as a feed of one."""
        body = {"locale": "en-GB", "items": [CLAIM]}
        return (api or self.api).ask("POST", "/v1/menu/feed", body, key=key)

    def validate(self, *, key: str | None = None, api: Server | None = None, named: str = "") -> Answer:
        """The same by the quick route, which asks no services. `named`: its Idempotency-Key."""
        body = {"locale": "en-GB", "item": CLAIM}
        headers = {"Idempotency-Key": named} if named else {}
        return (api or self.api).ask("POST", "/v1/menu/validate", body, key=key, headers=headers)

    def tenant(self, name: str, **settings: Any) -> tuple[str, str]:
        """A tenant of its own with a publisher's key: the key's id, and the key."""
        made = self.api.ask("POST", "/v1/tenants", {"id": name, **settings})
        assert made.status == 201, made.body
        return self.issue(name)

    def issue(self, tenant: str, role: str = "publisher") -> tuple[str, str]:
        """A key's id and the key."""
        issued = self.api.ask("POST", "/v1/api-keys", {"tenant_id": tenant, "role": role})
        assert issued.status == 201, issued.body
        return issued.json()["id"], issued.json()["key"]

    def metric(self, name: str, api: Server | None = None) -> float:
        """The sum over all series of a name, or the value of one with its labels."""
        lines = (api or self.api).ask("GET", "/metrics", key="").body.decode().splitlines()
        values = [line for line in lines if line.startswith((f"{name} ", f"{name}{{"))]
        assert values, f"there is no {name}"
        return sum(float(line.rpartition(" ")[2]) for line in values)

    def _replaced(self, lines: str) -> str:
        for written, here in self.replaced().items():
            lines = lines.replace(written, here)
        return lines

    def replaced(self) -> Mapping[str, str]:
        """What stands in the runbook → what it is here. psql is told the database, as operations have it (-d)."""
        return {
            "https://api.claimlens.com": self.api.url,
            "-U claimlens -c": f"-U claimlens -d {DATABASE} -c",
            "-h db.claimlens.com": f"-h 127.0.0.1 -p {self.installation.database.port}",
            "redis-cli -h redis.claimlens.com": f"redis-cli -p {self.installation.cache.port}",
            "redis-cli FLUSHDB": f"redis-cli -p {self.installation.cache.port} FLUSHDB",
            "redis-cli CONFIG": f"redis-cli -p {self.installation.cache.port} CONFIG",
            "./scripts/": f"{ROOT}/scripts/",
            "$KEY_ID": "${KEY_ID:?}",
        }

    def _programs(self) -> None:
        shim = self.folder / "bin/claimlens"
        shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m claimlens "$@"\n')
        shim.chmod(0o755)
        client = shutil.which("redis-cli") or str(Path(server_binary()).with_name("valkey-cli"))
        (self.folder / "bin/redis-cli").symlink_to(client)


def _says_healthy(api: Server) -> bool:
    try:
        return bool(json.loads(api.ask("GET", "/health", key="", within_s=10).body)["status"] == "healthy")
    except (OSError, ValueError):
        return False
