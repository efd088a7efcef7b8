#!/usr/bin/env python3
"""Deploy ClaimLens: into a Kubernetes cluster, or as a supervised process on this machine.

    deploy.py kubernetes --env staging|production   apply k8s/<env>/, wait for every rollout
    deploy.py local --root FOLDER --wheel FILE      put a release beside the others, switch to it, wait until it serves
    deploy.py rollback --root FOLDER                switch back to the release before
    deploy.py status|stop --root FOLDER             say what serves, or end it
    deploy.py supervise --root FOLDER               the supervising process itself, for systemd and the like

Kubernetes: the context is `claimlens-<env>` unless `--context` or KUBE_CONTEXT names another, so that nothing meant for
staging reaches production. Production asks, unless `--yes`.

Local: a release is a wheel unpacked into FOLDER/releases/NAME, run with the Python that has its requirements;
`current` and `previous` are links. The supervisor restarts what ends and, at SIGHUP, changes to what `current` names;
there is a gap of the seconds that one process needs to end and the next to start. Its environment (CLAIMLENS_*,
DATABASE_URL) is that of the deployment that started it. A release that does not come up is left again for the one
before, and the exit code is 1.
"""

import argparse
import contextlib
import fcntl
import json
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

REPOSITORY = Path(__file__).parents[1]
_SERVES = re.compile(r"serves at (http://\S+)")
_DEPLOYMENT = re.compile(r"^kind: Deployment$.*?^  name: (\S+)$", re.MULTILINE | re.DOTALL)
_STOP_S = 45.0
_LONGEST_PAUSE_S = 30.0


class CannotDeploy(Exception):
    """One line: what did not work, and how things stand now."""


# --- Kubernetes ------------------------------------------------------------------------------------------------------


def to_kubernetes(environment: str, context: str, wait_s: int, *, is_approved: bool) -> None:
    """Apply the plain files of an environment and wait until each deployment runs what they say."""
    if environment == "production" and not is_approved:
        raise CannotDeploy("production needs an approval: --yes")
    folder = REPOSITORY / "k8s" / environment
    kubectl = ["kubectl", "--context", context or f"claimlens-{environment}"]
    _run([*kubectl, "apply", "-f", f"{folder}/"], "nothing more was done")
    for name in deployments(folder):
        status = [*kubectl, "rollout", "status", f"deployment/{name}", f"--timeout={wait_s}s"]
        _run(status, f"{name} does not run the new version; ./scripts/rollback.sh goes back")


def deployments(folder: Path) -> list[str]:
    """The deployments of an environment, in the order of its files."""
    return [
        found[1]
        for path in sorted(folder.glob("*.yaml"))
        for document in path.read_text(encoding="utf-8").split("\n---\n")
        if (found := _DEPLOYMENT.search(document))
    ]


def _run(command: list[str], otherwise: str) -> None:
    try:
        done = subprocess.run(command, check=False)
    except FileNotFoundError:
        raise CannotDeploy(f"{command[0]} is not installed") from None
    if done.returncode:
        raise CannotDeploy(f"`{' '.join(command)}` ended with {done.returncode}: {otherwise}")


# --- a folder of releases --------------------------------------------------------------------------------------------


class Releases:
    """Releases of one machine, which of them is current, and who supervises it."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        (self.root / "releases").mkdir(parents=True, exist_ok=True)

    @property
    def log(self) -> Path:
        """What supervisor and releases wrote. A first start in development prints its key there: for its owner only."""
        return self.root / "log"

    def named(self, link: str) -> str:
        """The release that `current` or `previous` names; empty if there is none."""
        path = self.root / link
        return path.readlink().name if path.is_symlink() else ""

    def link(self, link: str, release: str) -> None:
        """Let a link name a release, in one step."""
        made = self.root / f".{link}.{os.getpid()}"
        made.symlink_to(Path("releases") / release)
        made.replace(self.root / link)

    def add(self, wheel: Path, name: str) -> str:
        """Unpack a wheel as a release; its name."""
        name = name or "-".join(wheel.name.split("-")[1:2])
        target = self.root / "releases" / name
        if not re.fullmatch(r"[\w.+-]+", name) or name.startswith("."):
            raise CannotDeploy(f'"{name}" is no name of a release: letters, digits, . + - _')
        if target.exists():
            raise CannotDeploy(f"release {name} is there already; --name gives it another one")
        unpacked = target.with_name(f".{name}.{os.getpid()}")
        try:
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(unpacked)
        except (OSError, zipfile.BadZipFile) as error:
            shutil.rmtree(unpacked, ignore_errors=True)
            raise CannotDeploy(f"{wheel} cannot be unpacked: {error}") from error
        unpacked.rename(target)
        return name

    def forget(self, keep: int) -> None:
        """Remove the oldest releases beyond `keep`, never the current or the previous one."""
        found = sorted((self.root / "releases").iterdir(), key=lambda path: path.stat().st_mtime)
        for path in found[: max(0, len(found) - keep)]:
            if path.name not in (self.named("current"), self.named("previous")):
                shutil.rmtree(path)

    def environ(self, release: str) -> dict[str, str]:
        """The environment in which a release runs."""
        return os.environ | {"PYTHONPATH": str(self.root / "releases" / release)}

    def state(self) -> dict[str, Any]:
        """What the supervisor said last: `release`, `state` (starting, serving, ended), `url`, `pid`."""
        try:
            told: dict[str, Any] = json.loads((self.root / "state.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {"release": "", "state": "stopped", "url": "", "pid": 0}
        return told

    def supervisor(self) -> int:
        """Its process id; 0 when none runs."""
        path = self.root / "supervisor.pid"
        try:
            with path.open("r+") as file, contextlib.suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return 0
            return int(path.read_text() or 0)
        except FileNotFoundError:
            return 0

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """One deployment at a time."""
        with (self.root / "deploying").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise CannotDeploy(f"another deployment is at work in {self.root}") from None
            yield


def deploy_locally(releases: Releases, wheel: Path, name: str, wait_s: float, keep: int) -> None:
    """Add a release, bring the tables up with it, switch to it."""
    name = releases.add(wheel, name)
    if os.environ.get("DATABASE_URL"):
        command = [sys.executable, "-m", "claimlens", "db", "upgrade"]
        if subprocess.run(command, check=False, env=releases.environ(name)).returncode:
            raise CannotDeploy(f"the tables could not be brought to {name}; {_still(releases)}")
    before = releases.named("current")
    try:
        _switch(releases, name, wait_s)
    except CannotDeploy as error:
        if not before:
            raise
        _switch(releases, before, wait_s)
        raise CannotDeploy(f"{error}; back on {before}") from error
    if before:
        releases.link("previous", before)
    releases.forget(keep)


def roll_back(releases: Releases, wait_s: float) -> None:
    """Change the current release for the one before."""
    before, now = releases.named("previous"), releases.named("current")
    if not before:
        raise CannotDeploy(f"no release before this one; {_still(releases)}")
    _switch(releases, before, wait_s)
    releases.link("previous", now)


def stop(releases: Releases) -> None:
    """End the supervisor and what it runs."""
    if pid := releases.supervisor():
        os.kill(pid, signal.SIGTERM)
        _wait(lambda: not releases.supervisor(), _STOP_S + 5)


def _still(releases: Releases) -> str:
    current = releases.named("current")
    return f"{current} is still current" if current else "nothing serves"


def _switch(releases: Releases, name: str, wait_s: float) -> None:
    """Let a release serve, and return when it is ready."""
    (releases.root / "state.json").unlink(missing_ok=True)
    releases.link("current", name)
    if pid := releases.supervisor():
        os.kill(pid, signal.SIGHUP)
    else:
        command = [sys.executable, str(Path(__file__).absolute()), "supervise", "--root", str(releases.root)]
        with _private(releases.log) as log:
            subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)

    def has_come_up_or_ended() -> bool:
        told = releases.state()
        return told["release"] == name and (told["state"] == "ended" or (told["state"] == "serving" and _ready(told)))

    if not _wait(has_come_up_or_ended, wait_s) or releases.state()["state"] == "ended":
        raise CannotDeploy(f"{name} does not serve; {releases.log} says why")


def _ready(told: dict[str, Any]) -> bool:
    try:
        with urllib.request.urlopen(told["url"] + "/health/ready", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _wait(holds: Any, within_s: float) -> bool:
    deadline = time.monotonic() + within_s
    while not (held := bool(holds())) and time.monotonic() < deadline:
        time.sleep(0.05)
    return held


def _private(path: Path) -> IO[bytes]:
    return open(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab", buffering=0)


# --- the supervisor --------------------------------------------------------------------------------------------------


class Supervisor:
    """Runs what `current` names: again when it ends, another one at SIGHUP, nothing any more at SIGTERM."""

    def __init__(self, releases: Releases) -> None:
        self._releases = releases
        #: Signals, and processes that ended.
        self._news: queue.SimpleQueue[int | subprocess.Popen[bytes]] = queue.SimpleQueue()
        for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda received, _: self._news.put(received))

    def run(self) -> None:
        """Supervise until told to stop."""
        pause_s = 1.0
        while True:
            began = time.monotonic()
            process, release = self._start()
            told = self._news.get()
            while isinstance(told, subprocess.Popen) and told is not process:
                told = self._news.get()  # one that was stopped before
            if told is process:
                self._say(release, "ended", process)
                pause_s = 1.0 if time.monotonic() - began > 60 else min(pause_s * 2, _LONGEST_PAUSE_S)
                with contextlib.suppress(queue.Empty):
                    told = self._news.get(timeout=pause_s)
            else:
                self._end(process)
                pause_s = 1.0
            if told in (signal.SIGTERM, signal.SIGINT):
                self._say(release, "stopped", process)
                return

    def _start(self) -> tuple[subprocess.Popen[bytes], str]:
        release = self._releases.named("current")
        with _private(self._releases.log) as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "claimlens", "serve"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                env=self._releases.environ(release),
            )
        self._say(release, "starting", process)
        threading.Thread(target=self._listen, args=(process, release), daemon=True).start()
        return process, release

    def _listen(self, process: subprocess.Popen[bytes], release: str) -> None:
        assert process.stdout is not None
        with _private(self._releases.log) as log:
            for line in process.stdout:
                log.write(line)
                if found := _SERVES.search(line.decode(errors="replace")):
                    self._say(release, "serving", process, found[1])
        process.wait()
        self._news.put(process)

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        process.terminate()
        try:
            process.wait(timeout=_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _say(self, release: str, state: str, process: subprocess.Popen[bytes], url: str = "") -> None:
        path = self._releases.root / "state.json"
        made = path.with_suffix(f".{threading.get_ident()}")
        told = {"release": release, "state": state, "url": url, "pid": process.pid}
        made.write_text(json.dumps(told), encoding="utf-8")
        made.replace(path)


def supervise(releases: Releases) -> None:
    """Supervise, as the only one of this folder."""
    with (releases.root / "supervisor.pid").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotDeploy(f"{releases.root} is supervised already") from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        Supervisor(releases).run()


# --- the command -----------------------------------------------------------------------------------------------------


def main() -> int:
    """One of the commands above."""
    parser = argparse.ArgumentParser(description="Deploy ClaimLens.")
    commands = parser.add_subparsers(dest="command", required=True)
    kubernetes = commands.add_parser("kubernetes")
    kubernetes.add_argument("--env", choices=("staging", "production"), required=True)
    kubernetes.add_argument("--context", default=os.environ.get("KUBE_CONTEXT", ""))
    kubernetes.add_argument("--wait", type=int, default=300, help="seconds for each rollout")
    kubernetes.add_argument("--yes", action="store_true", help="production is approved")
    for name in ("local", "rollback", "status", "stop", "supervise"):
        command = commands.add_parser(name)
        command.add_argument("--root", type=Path, required=True, help="the folder of the releases")
        command.add_argument("--wait", type=float, default=90, help="seconds until it must serve")
        if name == "local":
            command.add_argument("--wheel", type=Path, required=True, help="what `make build` left in dist/")
            command.add_argument("--name", default="", help="of the release; else the version of the wheel")
            command.add_argument("--keep", type=int, default=5, help="releases that stay")
    told = parser.parse_args()
    try:
        if told.command == "kubernetes":
            to_kubernetes(told.env, told.context, told.wait, is_approved=told.yes)
            return 0
        releases = Releases(told.root)
        if told.command == "supervise":
            supervise(releases)
        elif told.command == "stop":
            stop(releases)
        elif told.command != "status":
            with releases.alone():
                if told.command == "local":
                    deploy_locally(releases, told.wheel, told.name, told.wait, told.keep)
                else:
                    roll_back(releases, told.wait)
        if told.command != "supervise":
            print(json.dumps(releases.state() | {"previous": releases.named("previous")}))
    except CannotDeploy as error:
        print(f"deploy: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
