"""JSON: one item, a list of items, or `{"items": [...]}` with what holds for all of them beside it."""

import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import msgspec

from claimlens.domain.errors import InputError
from claimlens.domain.item import Kind
from claimlens.domain.jurisdiction import canonical_locale
from claimlens.gate.ingest.encoding import whole
from claimlens.gate.ingest.entry import Defaults, Entry, Place, Unread
from claimlens.gate.ingest.record import id_of, read_record
from claimlens.kit.json_text import JsonReader, Problem, skip_space, value_span


class Element(NamedTuple):
    """One item of the document: its value, its place in the text, and what is wrong with it."""

    value: Any
    start: int
    end: int
    problem: Problem | None


class Document(NamedTuple):
    """A JSON document taken apart: the items, and the members that stand beside them."""

    elements: list[Element]
    head: dict[str, Any]


def read(texts: Iterable[str], defaults: Defaults) -> Iterator[Entry]:
    """The items of a document, in its order.

    `locale` and `kind` beside `items` hold for items that state none; `defaults.locale` stands above the document's.
    Raises InputError for text that is not JSON and for a document that is no menu.
    """
    text = whole(texts)
    document = take_apart(text)
    if not document.elements:
        raise InputError("there is no item in it")
    defaults = _with_head(defaults, document.head)
    line, line_start, counted = 1, 0, 0
    for index, (value, start, end, problem) in enumerate(document.elements):
        line += text.count("\n", counted, start)
        line_start = max(line_start, text.rfind("\n", counted, start) + 1)
        counted = start
        place = Place(line, start - line_start + 1, text[start:end])
        if problem:
            yield Unread(index, id_of(value, index), problem.pointer, problem.detail, *place)
        else:
            yield read_record(value, index, defaults, place)


def take_apart(text: str) -> Document:
    """The elements of a document and where they stand.

    Raises InputError naming line, column and item when the text is not JSON.
    """
    scan = _Scan(text)
    try:
        document = scan.document()
    except json.JSONDecodeError as error:
        within = f", in item {scan.count + 1}" if scan.count is not None else ""
        raise InputError(f"not JSON: {error.msg} (line {error.lineno}, column {error.colno}{within})") from None
    except RecursionError:
        within = f" (in item {scan.count + 1})" if scan.count is not None else ""
        raise InputError(f"nested too deep to be a menu{within}") from None
    return document


class _Scan:
    """One pass over a document: the outer frame by hand, every value by the decoder."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.count: int | None = None
        self._reader = JsonReader()

    def document(self) -> Document:
        start = skip_space(self.text, 0)
        opening = self.text[start : start + 1]
        if opening == "[":
            elements, end = self._elements(start)
            found = Document(elements, {})
        elif opening == "{":
            found, end = self._object(start)
        else:
            value, end, _ = self._reader.value_at(self.text, start)
            raise InputError(f"a menu is an object or a list, this is {json.dumps(value):.40}")
        if skip_space(self.text, end) < len(self.text):
            raise json.JSONDecodeError("Extra data (one item a line is NDJSON: --from ndjson)", self.text, end)
        return found

    def _object(self, start: int) -> tuple[Document, int]:
        text = self.text
        head: dict[str, Any] = {}
        items: list[Element] | None = None
        position = skip_space(text, start + 1)
        while text[position : position + 1] != "}":
            if text[position : position + 1] != '"':
                raise json.JSONDecodeError("Expecting a key in double quotes", text, position)
            key, position, _ = self._reader.value_at(text, position)
            position = skip_space(text, position)
            if text[position : position + 1] != ":":
                raise json.JSONDecodeError("Expecting ':' delimiter", text, position)
            position = skip_space(text, position + 1)
            if key in head:
                raise InputError(f"the key {key!r} stands twice")
            if key == "items" and text[position : position + 1] == "[":
                if items is not None:
                    raise InputError("the key 'items' stands twice")
                items, position = self._elements(position)
                self.count = None
            else:
                head[key], position, _ = self._reader.value_at(text, position)
            position = self._behind_comma(position, "}")
        if items is not None:
            return Document(items, head), position + 1
        inner = "item" if isinstance(head.get("item"), dict) and "name" not in head else ""
        if not inner and not _may_be_item(head):
            raise InputError('no "items" and no "name" in it: this is no menu that ClaimLens knows')
        return self._single(start, inner, head)

    def _single(self, start: int, inner: str, head: dict[str, Any]) -> tuple[Document, int]:
        value, end, problem = self._reader.value_at(self.text, start)
        if not inner:
            return Document([Element(value, start, end, problem)], {}), end
        if problem and not problem.pointer.startswith("/item"):
            raise InputError(problem.detail, problem.pointer)
        if problem:
            problem = Problem(problem.pointer.removeprefix("/item"), problem.detail)
        begin, behind = value_span(self.text, start, "/item") or (start, end)
        return Document([Element(value["item"], begin, behind, problem)], head), end

    def _elements(self, start: int) -> tuple[list[Element], int]:
        text = self.text
        found: list[Element] = []
        self.count = 0
        position = skip_space(text, start + 1)
        while text[position : position + 1] != "]":
            value, end, problem = self._reader.value_at(text, position)
            found.append(Element(value, position, end, problem))
            self.count += 1
            position = self._behind_comma(end, "]")
        return found, position + 1

    def _behind_comma(self, position: int, closing: str) -> int:
        text = self.text
        position = skip_space(text, position)
        following = text[position : position + 1]
        if following == closing:
            return position
        if following != ",":
            raise json.JSONDecodeError("Expecting ',' delimiter", text, position)
        position = skip_space(text, position + 1)
        if text[position : position + 1] == closing:
            raise json.JSONDecodeError("Illegal trailing comma", text, position)
        return position


def _may_be_item(head: dict[str, Any]) -> bool:
    return "name" in head or ("id" in head and "description" in head)


def _with_head(defaults: Defaults, head: dict[str, Any]) -> Defaults:
    locale, kind = head.get("locale"), head.get("kind")
    if isinstance(locale, str) and locale:
        # Judged even when the caller's own locale stands above it: a wrong one is a slip that somebody should see.
        known = canonical_locale(locale)
        defaults = msgspec.structs.replace(defaults, locale=defaults.locale or known)
    if kind is None or defaults.kind:
        return defaults
    if kind not in [known.value for known in Kind]:
        raise InputError(f"{kind!r:.60} is no kind of item; the kinds are {', '.join(Kind)}", "/kind")
    return msgspec.structs.replace(defaults, kind=Kind(kind))
