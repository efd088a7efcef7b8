"""Forms as browsers send them."""

import re
from urllib.parse import parse_qsl

from claimlens.domain.errors import InvalidError, RefusedError

_FORM = b"application/x-www-form-urlencoded"
_MULTIPART = re.compile(rb"(?i)multipart/form-data\s*;.*?boundary=\"?([^\";\s]{1,70})")
_NAME = re.compile(rb'(?i)content-disposition:[^\r\n]*?[; ]name="([^"\r\n]*)"')
#: Fields of a form; more are no form of ours.
_MOST_FIELDS = 500


class Form:
    """The fields of a form; a field may stand in it several times (boxes that were ticked). Files are apart."""

    def __init__(self, pairs: list[tuple[str, str]], files: dict[str, bytes] | None = None) -> None:
        self._pairs = pairs
        self._files = files or {}

    def file(self, name: str) -> bytes:
        """The bytes of a file, empty if none was chosen."""
        return self._files.get(name, b"")

    def text(self, name: str) -> str:
        """The value of a field, empty without one; line ends as everybody else writes them."""
        value = next((value for field, value in self._pairs if field == name), "")
        return value.replace("\r\n", "\n")

    def texts(self, name: str) -> list[str]:
        """The values of a field, in order."""
        return [value for field, value in self._pairs if field == name]

    def has(self, name: str) -> bool:
        """Whether the field was sent at all."""
        return any(field == name for field, _ in self._pairs)

    def named(self, prefix: str) -> dict[str, str]:
        """The fields whose names begin so: {the rest of the name: value}."""
        return {
            field[len(prefix) :]: value.replace("\r\n", "\n")
            for field, value in self._pairs
            if field.startswith(prefix)
        }


def read_form(body: bytes, content_type: bytes) -> Form:
    """The form of a body, with files or without. Raises InvalidError for what is none."""
    if not body:
        return Form([])
    if found := _MULTIPART.match(content_type):
        return _with_files(body, found[1])
    if content_type.partition(b";")[0].strip().lower() != _FORM:
        raise InvalidError((("", "a form is expected"),))
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise InvalidError((("", "the form cannot be read"),)) from None
    if any("\0" in value for pair in pairs for value in pair):
        raise InvalidError((("", "a field of the form holds a null character"),))
    return Form(pairs)


def _with_files(body: bytes, boundary: bytes) -> Form:
    """The parts of a multipart body (RFC 7578) as browsers write it."""
    pairs: list[tuple[str, str]] = []
    files: dict[str, bytes] = {}
    parts = (b"\r\n" + body).split(b"\r\n--" + boundary)
    for part in parts[1:_MOST_FIELDS]:
        head, found, content = part.partition(b"\r\n\r\n")
        name = _NAME.search(head)
        if not found or name is None:
            continue  # what stands behind the last part
        if b"filename=" in head:
            files[name[1].decode("utf-8", "replace")] = content
            continue
        text = content.decode("utf-8", "replace")
        if "\0" in text:
            raise InvalidError((("", "a field of the form holds a null character"),))
        pairs.append((name[1].decode("utf-8", "replace"), text))
    return Form(pairs, files)


def require_own(headers: dict[bytes, bytes]) -> None:
    """Raises RefusedError for what a page of somebody else had the browser send."""
    if headers.get(b"sec-fetch-site", b"same-origin") not in (b"same-origin", b"none"):
        raise RefusedError("this was sent from another site; open the console and do it there")
