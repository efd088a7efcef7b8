"""A real browser for the tests of the console: found, or installed once where nothing was found.

In this order: CLAIMLENS_TEST_BROWSER names the program; a Chromium or Chrome on the PATH; the one that Playwright
keeps; the system's package, where this process may install packages; Playwright's own download.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Error, Playwright, sync_playwright

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_PACKAGE, _INSTALL_S = "chromium", 900
#: A test's browser talks to nobody but the server under test.
_ARGUMENTS = (
    "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
)  # fmt: skip


@contextmanager
def launched() -> Iterator[Browser]:
    """A headless browser for the length of a block. Raises RuntimeError, saying what to install, if there is none."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_program(playwright), args=_arguments())
        try:
            yield browser
        finally:
            browser.close()


def _arguments() -> list[str]:
    # Chromium's own sandbox refuses to run for root.
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    return [*_ARGUMENTS, *(["--no-sandbox"] if root else [])]


def _program(playwright: Playwright) -> str:
    if named := os.environ.get("CLAIMLENS_TEST_BROWSER"):
        return named
    if found := _found(playwright):
        return found
    tried = [_by_packages(), _by_playwright()]
    if found := _found(playwright):
        return found
    raise RuntimeError(
        "no browser for the tests of the console: install Chromium (Debian, Ubuntu: apt install chromium), or name one:"
        f" CLAIMLENS_TEST_BROWSER=/path/to/chromium. Tried: {'; '.join(tried)}"
    )


def _found(playwright: Playwright) -> str:
    for name in _PROGRAMS:
        if path := shutil.which(name):
            return path
    try:
        kept = playwright.chromium.executable_path
    except Error:
        return ""
    return kept if Path(kept).is_file() else ""


def _by_packages() -> str:
    """The system's package, for who may install one."""
    if not shutil.which("apt-get"):
        return "no apt-get here"
    if os.geteuid() != 0:
        return "apt-get needs root"
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", _PACKAGE]
    if _run(install, environ) and not shutil.which(_PACKAGE):
        _run(["apt-get", "update", "-qq"], environ)
        return f"apt-get install {_PACKAGE}: {_run(install, environ) or 'done'}"
    return f"apt-get install {_PACKAGE}: done"


def _by_playwright() -> str:
    if shutil.which(_PACKAGE):
        return "not asked"
    said = _run([sys.executable, "-m", "playwright", "install", "--only-shell", "chromium"], dict(os.environ))
    return f"playwright install chromium: {said or 'done'}"


def _run(command: list[str], environ: dict[str, str]) -> str:
    """What went wrong, in a line; empty for nothing."""
    try:
        done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=_INSTALL_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)[:200]
    return "" if done.returncode == 0 else (done.stderr.strip().splitlines() or ["failed"])[-1][:200]
