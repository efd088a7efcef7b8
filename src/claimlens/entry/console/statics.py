"""Style sheet, scripts, icon: files of this package, named by their digests so that they may be kept for ever."""

import hashlib
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

from litestar.params import FromPath
from litestar.response import Response

from claimlens.domain.errors import NotFoundError
from claimlens.entry.console.spec import page

PREFIX = "/console/static"
_FILES = {
    "console.css": "text/css",
    "console.js": "text/javascript",
    "icon.svg": "image/svg+xml",
    "vendor/htmx-2.0.11.min.js": "text/javascript",
}


class _File(NamedTuple):
    body: bytes
    media_type: str
    digest: str


@lru_cache
def _loaded() -> dict[str, _File]:
    folder = files(__package__) / "static"
    found = {}
    for name, media_type in _FILES.items():
        body = folder.joinpath(name).read_bytes()
        found[name.rpartition("/")[2]] = _File(body, media_type, hashlib.sha256(body).hexdigest()[:12])
    return found


def url_of(name: str) -> str:
    """Where a page asks for a file."""
    return f"{PREFIX}/{_loaded()[name].digest}/{name}"


@page("GET", f"{PREFIX}/{{digest:str}}/{{name:str}}", stranger=True)
async def static(digest: FromPath[str], name: FromPath[str]) -> Response[bytes]:
    """A file. One of another version is given too, but not to be kept."""
    found = _loaded().get(name)
    if found is None:
        raise NotFoundError("there is no such file")
    kept = "public, max-age=31536000, immutable" if digest == found.digest else "no-cache"
    return Response(found.body, media_type=found.media_type, headers={"Cache-Control": kept})


ROUTES = [static]
