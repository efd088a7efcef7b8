"""The digest of a pack's files; apart from `verify` so that reading a pack does not import the signature library."""

import hashlib
from collections.abc import Mapping

MANIFEST = "manifest.json"
SIGNATURE = "manifest.sig"


def digest_of(files: Mapping[str, bytes]) -> str:
    """One SHA-256 (hex) over names and contents, in name order; manifest, signature and notes (*.md) do not count."""
    whole = hashlib.sha256()
    for name in sorted(files):
        if name not in (MANIFEST, SIGNATURE) and not name.endswith(".md"):
            whole.update(name.encode() + b"\0" + hashlib.sha256(files[name]).digest())
    return whole.hexdigest()
