"""Read a suppressions file.

suppressions:
  - rule: IN-QUALITY-*
    scope: {item: "laddoo-*", field: /name, text: "Original"}
    reason: Registered trade mark, on sale since 1994.
    author: a.rao@example.com
    expires: 2027-03-31
"""

from datetime import date
from typing import Any

import yaml

from claimlens.domain.errors import InputError
from claimlens.domain.suppression import Suppression

_KEYS = ("rule", "scope", "reason", "author", "expires")
_SCOPE = ("item", "field", "text")


def read_suppressions(data: bytes, name: str) -> tuple[Suppression, ...]:
    """The suppressions of a file, in its order. Raises InputError naming file and line of the first mistake."""
    try:
        root = yaml.compose(data.decode("utf-8-sig"), Loader=yaml.SafeLoader)
    except UnicodeDecodeError:
        raise InputError(f"{name}: not UTF-8") from None
    except RecursionError:
        raise InputError(f"{name}: nested too deep") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise InputError(f"{name}:{line}: not YAML: {error.problem}") from None
    except yaml.YAMLError as error:
        raise InputError(f"{name}: not YAML: {' '.join(str(error).split())}") from None
    if root is None:
        return ()
    top = _mapping(root, name, ("suppressions",))
    entries = top.get("suppressions")
    if entries is None:
        raise InputError(f"{name}:1: 'suppressions' is missing")
    if not isinstance(entries, yaml.SequenceNode):
        raise InputError(f"{_place(name, entries)}: 'suppressions' is a list")
    return tuple([_suppression(entry, name) for entry in entries.value])


def _suppression(node: yaml.Node, name: str) -> Suppression:
    place = _place(name, node)
    given = _mapping(node, name, _KEYS)
    missing = [key for key in _KEYS if key not in given]
    if missing:
        raise InputError(f"{place}: {_list(missing)} missing")
    scope = _mapping(given["scope"], name, _SCOPE)
    if not scope:
        raise InputError(f"{_place(name, given['scope'])}: the scope needs one of {', '.join(_SCOPE)}")
    texts = {key: _text(given[key], key, name) for key in ("rule", "reason", "author")}
    where = {key: _text(scope[key], key, name) for key in scope}
    written = _text(given["expires"], "expires", name)
    try:
        expires = date.fromisoformat(written)
    except ValueError:
        raise InputError(
            f"{_place(name, given['expires'])}: 'expires' is a day, YYYY-MM-DD, this is {written!r:.40}"
        ) from None
    return Suppression(**texts, **where, expires=expires, line=node.start_mark.line + 1)


def _mapping(node: yaml.Node, name: str, known: tuple[str, ...]) -> dict[str, yaml.Node]:
    if not isinstance(node, yaml.MappingNode):
        raise InputError(f"{_place(name, node)}: a mapping with {', '.join(known)} is expected")
    found: dict[str, Any] = {}
    for key, value in node.value:
        word = key.value if isinstance(key, yaml.ScalarNode) else "?"
        if word not in known:
            raise InputError(f"{_place(name, key)}: unknown key {word!r:.60}; the keys are {', '.join(known)}")
        if word in found:
            raise InputError(f"{_place(name, key)}: the key {word!r} stands twice")
        found[word] = value
    return found


def _text(node: yaml.Node, key: str, name: str) -> str:
    if not isinstance(node, yaml.ScalarNode) or not str(node.value).strip():
        raise InputError(f"{_place(name, node)}: {key!r} is a text")
    return str(node.value).strip()


def _place(name: str, node: yaml.Node) -> str:
    return f"{name}:{node.start_mark.line + 1}"


def _list(words: list[str]) -> str:
    return ", ".join(repr(word) for word in words) + (" is" if len(words) == 1 else " are")
