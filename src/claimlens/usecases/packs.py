"""Build, sign and verify packs for a release."""

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from claimlens.domain.errors import PackError, PackInvalidError
from claimlens.packs.digest import MANIFEST, SIGNATURE, digest_of
from claimlens.packs.lint import lint
from claimlens.packs.source import PackHeader, read_pack, read_yaml
from claimlens.packs.verify import make_manifest, sign, verify
from claimlens.ports.packs import PackFiles

_SHARED = "shared"


class BuiltPack(msgspec.Struct, frozen=True):
    """A pack with its manifest, ready to be signed: files by relative path."""

    name: str
    versions: dict[str, str]
    digest: str
    files: dict[str, bytes]


class VerifiedPack(msgspec.Struct, frozen=True):
    """What a verification found: `signed` is false when only the digests could be checked."""

    name: str
    versions: dict[str, str]
    digest: str
    signed: bool


def build(packs: PackFiles, name: str) -> BuiltPack:
    """A pack with a fresh manifest over exactly its files. Raises PackError if it has a lint problem."""
    files = {path: content for path, content in packs.files(name).items() if path not in (MANIFEST, SIGNATURE)}
    if name != _SHARED:
        problems = lint(read_pack(files, packs.files(_SHARED)))
        if problems:
            more = f" (and {len(problems) - 1} more; see `claimlens rules lint`)" if len(problems) > 1 else ""
            raise PackError(f"pack {name}: {problems[0]}{more}")
    header = msgspec.convert(read_yaml(files["pack.yaml"], "pack.yaml"), PackHeader)
    manifest = make_manifest(name, header.versions, files)
    return BuiltPack(name, header.versions, digest_of(files), {**files, MANIFEST: manifest})


def signature_for(packs: PackFiles, name: str, private_key: bytes) -> bytes:
    """The signature of a built pack's manifest by a raw 32-byte Ed25519 private key. Raises PackError."""
    files = packs.files(name)
    if MANIFEST not in files:
        raise PackError(f"pack {name} has no {MANIFEST}; build it first: claimlens packs build")
    verify(files, None, required=False)
    return sign(files[MANIFEST], Ed25519PrivateKey.from_private_bytes(private_key))


def new_keys() -> tuple[bytes, bytes]:
    """A fresh key pair: raw private key, raw public key."""
    private = Ed25519PrivateKey.generate()
    return private.private_bytes_raw(), private.public_key().public_bytes_raw()


def verified(packs: PackFiles, name: str, public_key: bytes | None) -> VerifiedPack:
    """What a built pack is, if it can be trusted. Raises a PackError that names the file that does not fit."""
    files = packs.files(name)
    key = Ed25519PublicKey.from_public_bytes(public_key) if public_key else None
    try:
        manifest = verify(files, key, required=public_key is not None)
    except PackInvalidError:
        raise
    except PackError as error:
        raise type(error)(f"pack {name}: {error}") from None
    if manifest is None:
        raise PackError(f"pack {name} has no {MANIFEST}; build it first: claimlens packs build")
    return VerifiedPack(name, manifest.versions, digest_of(files), key is not None)
