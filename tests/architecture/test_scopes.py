"""Whose rows may be touched is decided in one place: nothing else in the program makes a scope."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "claimlens"
SCOPES = {"TenantScope", "PlatformScope"}
MAKER = SOURCE / "usecases" / "authentication.py"


def made(source: str) -> list[tuple[int, str]]:
    """(line, words) of each place where a scope is made, or handed on by a name that hides what it is."""
    tree = ast.parse(source)
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func) in SCOPES:
            found.append((node.lineno, ast.unparse(node)))
        if isinstance(node, ast.Call) and _name(node.func) == "__new__" and SCOPES & {_name(a) for a in node.args}:
            found.append((node.lineno, ast.unparse(node)))
        if isinstance(node, ast.ImportFrom):
            found += [(node.lineno, a.name) for a in node.names if a.name in SCOPES and a.asname not in (None, a.name)]
        if isinstance(node, ast.Assign) and _name(node.value) in SCOPES:
            found.append((node.lineno, ast.unparse(node)))
        if isinstance(node, ast.ClassDef) and SCOPES & {_name(base) for base in node.bases}:
            found.append((node.lineno, node.name))
        if isinstance(node, ast.Attribute) and node.attr == "tenant_id" and isinstance(node.ctx, ast.Store):
            found.append((node.lineno, ast.unparse(node)))
    return found


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda path: str(path.relative_to(SOURCE)))
def test_only_authentication_makes_scopes(path: Path) -> None:
    if path == MAKER or path == SOURCE / "domain" / "tenant.py":
        return
    found = made(path.read_text(encoding="utf-8"))
    assert not found, f"{path}: {found}; ask usecases/authentication.py for a scope"


def test_authentication_makes_them() -> None:
    assert made(MAKER.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "source",
    [
        "scope = TenantScope(request.query['tenant'])",
        "scope = tenant.TenantScope('a')",
        "scope = PlatformScope()",
        "from claimlens.domain.tenant import TenantScope as T\nT('a')",
        "make = TenantScope\nmake('a')",
        "class Mine(TenantScope): ...",
        "object.__new__(TenantScope)",
        "principal.scope.tenant_id = 'b'",
    ],
)
def test_a_way_around_is_found(source: str) -> None:
    assert made(source)


@pytest.mark.parametrize(
    "source",
    ["def find(scope: TenantScope) -> None: ...", "isinstance(reach, PlatformScope)", "tenant_id = scope.tenant_id"],
)
def test_taking_one_is_not(source: str) -> None:
    assert made(source) == []
