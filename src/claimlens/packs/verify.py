"""Trust in pack files: a manifest names every file and its digest, a signature covers the manifest.

Rules kept here (after The Update Framework's client workflow): the set of files is exact, no more and no fewer; the
signature is checked before the manifest is believed; versions only grow; each failure is an error class of its own.
"""

import base64
import hashlib
from collections.abc import Mapping

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from claimlens.domain.errors import PackDowngradedError, PackInvalidError, PackTamperedError, PackUnsignedError
from claimlens.packs.digest import MANIFEST, SIGNATURE


class Manifest(msgspec.Struct, frozen=True):
    """What a pack consists of: SHA-256 (hex) by relative path, and the versions of its parts."""

    pack: str
    versions: dict[str, str]
    files: dict[str, str]


def make_manifest(pack: str, versions: Mapping[str, str], files: Mapping[str, bytes]) -> bytes:
    """The manifest of a pack, as the bytes that are signed."""
    manifest = Manifest(
        pack,
        dict(sorted(versions.items())),
        {n: hashlib.sha256(files[n]).hexdigest() for n in sorted(files) if n not in (MANIFEST, SIGNATURE)},
    )
    return msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n"


def sign(manifest: bytes, private_key: Ed25519PrivateKey) -> bytes:
    """The detached signature of a manifest, base64 with a line end."""
    return base64.b64encode(private_key.sign(manifest)) + b"\n"


def verify(files: Mapping[str, bytes], public_key: Ed25519PublicKey | None, *, required: bool) -> Manifest | None:
    """The manifest, if the files are exactly what it says and the signature holds.

    Without a manifest: PackUnsignedError if a signature is `required`, else None. With a manifest and no `public_key`
    only the
    digests are checked (and PackUnsignedError is raised if a signature is required). Raises PackTamperedError
    otherwise.
    """
    raw = files.get(MANIFEST)
    if raw is None:
        if required:
            raise PackUnsignedError(
                "the pack has no manifest.json; build and sign it with `claimlens packs build` and `sign`"
            )
        return None
    signature = files.get(SIGNATURE)
    if required and (signature is None or public_key is None):
        missing = (
            "manifest.sig is missing"
            if signature is None
            else "no public key is configured (CLAIMLENS_PACKS_PUBLIC_KEY)"
        )
        raise PackUnsignedError(f"the pack cannot be trusted: {missing}")
    if signature is not None and public_key is not None:
        try:
            public_key.verify(base64.b64decode(signature, validate=False), raw)
        except (InvalidSignature, ValueError):
            raise PackTamperedError(
                "the signature does not belong to manifest.json, or was made with another key"
            ) from None
    try:
        manifest = msgspec.json.decode(raw, type=Manifest)
    except msgspec.DecodeError as error:
        raise PackInvalidError(f"not a manifest: {error}", MANIFEST) from None
    present = {name for name in files if name not in (MANIFEST, SIGNATURE)}
    for problem, names in (
        ("is not in the manifest", present - manifest.files.keys()),
        ("is missing", manifest.files.keys() - present),
        (
            "differs from the manifest",
            {n for n in present & manifest.files.keys() if hashlib.sha256(files[n]).hexdigest() != manifest.files[n]},
        ),
    ):
        if names:
            raise PackTamperedError(f"{min(names)} {problem}")
    return manifest


def refuse_older(pack: str, versions: Mapping[str, str], last_served: Mapping[str, str]) -> None:
    """Raise PackDowngradedError if a part is older than the one that served last (SemVer order)."""
    for part, version in versions.items():
        last = last_served.get(part)
        if last is not None and version_key(version) < version_key(last):
            raise PackDowngradedError(
                f"pack {pack}: pack.yaml says {part} {version}, which is older than {last}, which served last"
            )


def version_key(version: str) -> tuple[int, int, int]:
    """Sort key of a SemVer without pre-release part; raises PackInvalidError."""
    parts = version.split(".")
    if len(parts) != 3 or not all(part.isdecimal() for part in parts):
        raise PackInvalidError(f"version {version!r} is not MAJOR.MINOR.PATCH", "pack.yaml")
    return int(parts[0]), int(parts[1]), int(parts[2])
