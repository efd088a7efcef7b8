"""Packs from a folder: read, verify, compile, and keep the compiled form by digest."""

import hashlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import yaml

import claimlens
from claimlens import __version__
from claimlens.domain.errors import PackError
from claimlens.domain.jurisdiction import Jurisdiction
from claimlens.domain.pack import Pack

if TYPE_CHECKING:
    from claimlens.packs.verify import Manifest

_SHARED = "shared"
_MOST_CACHED = 16


class PackFolder:
    """A folder with one sub-folder a jurisdiction and `shared/`.

    `cache` is where compiled packs are kept (None: nowhere). A pack with a manifest must be exactly what the manifest
    says, and its signature must be by `signed_by` (an Ed25519 public key, raw 32 bytes); with `required` every pack
    must be built and signed. `seen` remembers the versions that served last, so that an older one is refused.
    """

    def __init__(
        self,
        root: Path,
        *,
        cache: Path | None = None,
        signed_by: bytes | None = None,
        required: bool = False,
        seen: Path | None = None,
    ) -> None:
        self.root = root
        self._cache = cache
        self._signed_by = signed_by
        self._required = required
        self._seen = seen

    def names(self) -> list[str]:
        """The packs in the folder, `shared` left out."""
        return sorted(p.parent.name for p in self.root.glob("*/pack.yaml") if p.parent.name != _SHARED)

    def files(self, name: str) -> dict[str, bytes]:
        """Every file below a pack's folder by its path there. Raises PackError if there is no such folder."""
        folder = self.root / name
        if not folder.is_dir():
            raise PackError(f"no pack {name!r} in {self.root}; there: {', '.join(self.names()) or 'none'}")
        return {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file() and not path.name.startswith(".")
        }

    def digest(self, jurisdiction: Jurisdiction) -> str:
        """The digest that `load` would give the pack now. Raises PackError."""
        return _digest(self.files(jurisdiction.lower()), self.files(_SHARED))

    def load(self, jurisdiction: Jurisdiction) -> Pack:
        """The compiled pack of a jurisdiction. Raises a PackError that says what is wrong with it."""
        name = jurisdiction.lower()
        files, shared = self.files(name), self.files(_SHARED)
        for folder, content in ((name, files), (_SHARED, shared)):
            self._trust(folder, content)
        digest = _digest(files, shared)
        pack = self._cached(digest)
        if pack is None:
            pack = self._compile(files, shared, digest)
            self._keep(digest, pack)
        if pack.jurisdiction is not jurisdiction:
            raise PackError(f"pack {name}: pack.yaml says jurisdiction {pack.jurisdiction}, the folder is {name}")
        return pack

    def check(self, jurisdiction: Jurisdiction) -> dict[str, str]:
        """The versions of a pack and of what it shares, as its manifests say; none for a source that nobody built.

        Nothing is compiled and nothing remembered. Raises a PackError as `load` does before it compiles.
        """
        versions: dict[str, str] = {}
        for name in (jurisdiction.lower(), _SHARED):
            manifest = self._verified(name, self.files(name))
            versions |= manifest.versions if manifest is not None else {}
        return versions

    def _trust(self, name: str, files: dict[str, bytes]) -> None:
        manifest = self._verified(name, files)
        if manifest is None or self._seen is None:
            return
        seen = self._versions_seen()
        if seen | manifest.versions != seen:
            try:
                _write(self._seen, msgspec.json.encode(seen | manifest.versions))
            except OSError as error:
                raise PackError(f"cannot remember which packs served, {self._seen}: {error.strerror}") from None

    def _verified(self, name: str, files: dict[str, bytes]) -> "Manifest | None":
        """What the manifest of a folder says, if it has one and nothing in the folder belies it."""
        if "manifest.json" not in files and not self._required:
            return None
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        from claimlens.packs.verify import refuse_older, verify

        key = Ed25519PublicKey.from_public_bytes(self._signed_by) if self._signed_by else None
        try:
            manifest = verify(files, key, required=self._required)
        except PackError as error:
            raise type(error)(f"pack {name}: {error}") from None
        if manifest is not None and self._seen is not None:
            refuse_older(name, manifest.versions, self._versions_seen())
        return manifest

    def _versions_seen(self) -> dict[str, str]:
        try:
            return msgspec.json.decode((self._seen or Path()).read_bytes(), type=dict[str, str])
        except FileNotFoundError:
            return {}
        except (OSError, msgspec.DecodeError):
            raise PackError(
                f"{self._seen} cannot be read; restore it, or remove it to trust these packs anew"
            ) from None

    def _compile(self, files: dict[str, bytes], shared: dict[str, bytes], digest: str) -> Pack:
        from claimlens.packs.compile import compile_pack
        from claimlens.packs.source import read_pack

        allergens = yaml.load(shared["allergens.yaml"], Loader=yaml.CSafeLoader) if "allergens.yaml" in shared else {}
        return compile_pack(read_pack(files, shared), allergens, digest)

    def _cached(self, digest: str) -> Pack | None:
        if self._cache is None:
            return None
        try:
            return msgspec.msgpack.decode((self._cache / f"{digest}.msgpack").read_bytes(), type=Pack)
        except (OSError, msgspec.DecodeError):
            return None  # absent or from another build: it is made again

    def _keep(self, digest: str, pack: Pack) -> None:
        if self._cache is None:
            return
        try:
            self._cache.mkdir(parents=True, exist_ok=True)
            _write(self._cache / f"{digest}.msgpack", msgspec.msgpack.encode(pack))
            kept = sorted(self._cache.glob("*.msgpack"), key=lambda path: path.stat().st_mtime, reverse=True)
            for old in kept[_MOST_CACHED:]:
                old.unlink(missing_ok=True)
        except OSError:
            return  # a read-only home costs the next start some milliseconds, nothing else


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all, also when two processes write at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def _digest(files: dict[str, bytes], shared: dict[str, bytes]) -> str:
    """Content of the pack, of what it shares, and of the code that compiles it."""
    from claimlens.packs.digest import digest_of

    whole = hashlib.sha256(f"{__version__}\0".encode())
    package = Path(claimlens.__file__).parent
    for module in sorted((*package.glob("packs/*.py"), *package.glob("domain/*.py"))):
        whole.update(module.read_bytes())
    for part in (files, shared):
        whole.update(digest_of(part).encode())
    return whole.hexdigest()
