"""The page of roles says who may what: its ticks are those of the program, and no route and no action is missing."""

import re

import pytest

from claimlens.domain.tenant import Role
from claimlens.entry.api.app import ROUTES
from claimlens.entry.api.spec import KEY, Spec
from claimlens.usecases.permissions import ACTIONS
from tests.journeys.documented import page, tables

ROLES = [role.value for role in Role]
PAGE = page("reference/roles.md")
BY_ROUTE = tables(PAGE, "route", "action", *ROLES)
WITHIN = tables(PAGE, "action", "what it opens", *ROLES)


def served() -> dict[str, Spec]:
    """Every route as `METHOD /path`, with what it says of itself."""
    return {
        f"{method} {re.sub(r':[a-z]+}', '}', path)}": handler.opt[KEY]
        for handler in ROUTES
        for method in handler.http_methods
        for path in handler.paths
        if method not in ("HEAD", "OPTIONS")
    }


def ticked(cells: list[str]) -> set[str]:
    assert set(cells) <= {"✓", ""}
    return {role for role, cell in zip(ROLES, cells, strict=True) if cell}


def test_every_route_is_on_the_page_with_its_action():
    assert {row[0]: row[1] for row in BY_ROUTE} == {
        name: spec.action for name, spec in served().items() if not spec.public
    }


def test_every_route_without_a_key_is_named():
    line = next(line for line in PAGE.splitlines() if line.startswith("Without a key: "))
    assert set(re.findall(r"`([A-Z]+ [^`]+)`", line)) == {name for name, spec in served().items() if spec.public}


def test_every_action_is_on_the_page():
    assert {row[1] for row in BY_ROUTE} | {row[0] for row in WITHIN} == set(ACTIONS)


@pytest.mark.parametrize(
    ("action", "cells"),
    [*[(row[1], row[2:]) for row in BY_ROUTE], *[(row[0], row[2:]) for row in WITHIN]],
    ids=lambda part: part if isinstance(part, str) else "",
)
def test_the_ticks_are_those_of_the_program(action, cells):
    assert ticked(cells) == {role.value for role in ACTIONS[action]}


def test_every_role_is_described():
    assert [row[0] for row in tables(PAGE, "role", "who holds it")] == ROLES
