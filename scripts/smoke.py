#!/usr/bin/env python3
"""Smoke tests against an environment that runs. usage: smoke.py [--env ENV] [--url URL] [--key KEY] [--version VERSION]

Prints a line for each check; exit code 1 if one failed. Without a key what needs one is named as not checked. With one,
two verdicts are recorded for the tenant of the key: give it a tenant of its own.

The address and the key are `--url` and `--key`, else the variables CLAIMLENS_<ENV>_URL and CLAIMLENS_<ENV>_KEY, else
CLAIMLENS_URL and CLAIMLENS_KEY, else http://127.0.0.1:8080 (only for the environment `local`) and none.
"""

import argparse
import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

ENVIRONMENTS = ("local", "staging", "production")
SERVICES = ("ocr.label", "unit.convert", "recall.lookup", "alt.suggester")
METRICS = ("claimlens_requests_total", "claimlens_request_duration_ms", "claimlens_error_budget_remaining")
WITHIN_S = 20
#: Unlawful in all four jurisdictions, and lawful in all of them.
CLAIM = {"id": "smoke-1", "name": "Herbal tea", "description": "Cures diabetes."}
PLAIN = {"id": "smoke-2", "name": "Steamed rice"}


class Failed(Exception):
    """What a check found."""


class NotChecked(Exception):
    """Why a check could not be made from here."""


class Site:
    """An installation under test."""

    def __init__(self, url: str, key: str, version: str) -> None:
        self.url = url.rstrip("/")
        self.version = version
        self._key = key

    def ask(self, method: str, path: str, body: Any = None, *, with_key: bool = False) -> tuple[int, bytes]:
        """Status and body of one request."""
        if with_key and not self._key:
            raise NotChecked("no key was given")
        request = urllib.request.Request(self.url + path, method=method)
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        if with_key:
            request.add_header("Authorization", f"Bearer {self._key}")
        try:
            with urllib.request.urlopen(request, timeout=WITHIN_S) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()
        except (OSError, ValueError) as error:
            raise Failed(f"{self.url}{path} does not answer: {getattr(error, 'reason', error)}") from error

    def told(self, method: str, path: str, body: Any = None, *, with_key: bool = False) -> Any:
        """The JSON of an answer that must be a 200."""
        status, text = self.ask(method, path, body, with_key=with_key)
        if status != 200:
            raise Failed(f"{path} answers {status}: {text[:200].decode(errors='replace')}")
        return json.loads(text)


def health(site: Site) -> str:
    """Healthy or degraded."""
    told = site.told("GET", "/health")
    if told["status"] not in ("healthy", "degraded"):
        raise Failed(f"/health says {told['status']}")
    return str(told["status"]) + "".join(f", {name} is out" for name in told.get("degraded_services", ()))


def ready(site: Site) -> str:
    """Takes requests."""
    return str(site.told("GET", "/health/ready")["status"])


def version(site: Site) -> str:
    """The version that was deployed, with packs for every jurisdiction."""
    told = site.told("GET", "/version")
    if site.version and told["version"] != site.version:
        raise Failed(f"version {told['version']} answers, not {site.version}")
    if missing := {"in", "us", "gb", "eu"} - told["packs"].keys():
        raise Failed(f"no rule pack for {', '.join(sorted(missing))}")
    return f"{told['version']}, migration {told['migration']}"


def services(site: Site) -> str:
    """All four answer for themselves."""
    states = {}
    for name in SERVICES:
        status, text = site.ask("GET", f"/health/mcp/{name}")
        if status in (401, 403):
            raise NotChecked("this address is not one of CLAIMLENS_OPS_NETWORKS")
        if status != 200:
            raise Failed(f"/health/mcp/{name} answers {status}")
        states[name] = json.loads(text)["status"]
    return ", ".join(f"{name} {state}" for name, state in states.items())


def metrics(site: Site) -> str:
    """The names that dashboards and alerts ask for."""
    status, text = site.ask("GET", "/metrics")
    if status in (401, 403):
        raise NotChecked("this address is not one of CLAIMLENS_OPS_NETWORKS")
    if missing := [name for name in METRICS if f"# TYPE {name} ".encode() not in text]:
        raise Failed(f"/metrics ({status}) lacks {', '.join(missing)}")
    return f"{len(text.splitlines())} lines"


def stranger(site: Site) -> str:
    """Nobody gets a verdict without a key."""
    status, _ = site.ask("POST", "/v1/menu/feed", {"locale": "en-IN", "items": [PLAIN]})
    if status != 401:
        raise Failed(f"a request without a key is answered {status}, not 401")
    return "401"


def verdicts(site: Site) -> str:
    """An unlawful claim is blocked with its law, a plain dish is not."""
    told = site.told("POST", "/v1/menu/feed", {"locale": "en-IN", "items": [CLAIM, PLAIN]}, with_key=True)
    claim, plain = told["verdicts"]
    if claim["verdict"] != "block" or not any(each["citation"]["instrument"] for each in claim["reasons"]):
        raise Failed(f'"{CLAIM["description"]}" is {claim["verdict"]}, not block with a citation')
    if plain["verdict"] == "block":
        raise Failed(f'"{PLAIN["name"]}" is blocked')
    return f"{claim['verdict']}, {plain['verdict']}"


CHECKS: dict[str, Callable[[Site], str]] = {
    "health": health,
    "ready": ready,
    "version": version,
    "services": services,
    "metrics": metrics,
    "no key": stranger,
    "verdicts": verdicts,
}


def outcomes(site: Site) -> Iterator[tuple[str, str, str]]:
    """Name, `ok`, `FAILED` or `not checked`, and what was seen."""
    for name, check in CHECKS.items():
        try:
            yield name, "ok", check(site)
        except Failed as error:
            yield name, "FAILED", str(error)
        except NotChecked as error:
            yield name, "not checked", str(error)
        except (KeyError, TypeError, ValueError) as error:
            yield name, "FAILED", f"an answer of another shape: {error!r}"


def main() -> int:
    """Run the checks."""
    parser = argparse.ArgumentParser(description="Smoke tests against an environment that runs.")
    parser.add_argument("--env", choices=ENVIRONMENTS, default="local")
    parser.add_argument("--url", default="")
    parser.add_argument("--key", default="")
    parser.add_argument("--version", default="", help="the version that must answer")
    told = parser.parse_args()

    def configured(name: str) -> str:
        return os.environ.get(f"CLAIMLENS_{told.env.upper()}_{name}") or os.environ.get(f"CLAIMLENS_{name}", "")

    url = told.url or configured("URL") or ("http://127.0.0.1:8080" if told.env == "local" else "")
    if not url:
        print(f"smoke: say where {told.env} is: --url, or CLAIMLENS_{told.env.upper()}_URL", file=sys.stderr)
        return 1
    failed = []
    for name, outcome, seen in outcomes(Site(url, told.key or configured("KEY"), told.version)):
        print(f"{outcome:<11}  {name:<8}  {seen}", flush=True)
        failed += [name] if outcome == "FAILED" else []
    if failed:
        print(f"smoke: {url}: {', '.join(failed)} failed", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
