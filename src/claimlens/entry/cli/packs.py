"""`claimlens packs`: build, sign, verify, compile."""

import shutil
import sys
from pathlib import Path

import click

from claimlens.domain.errors import PackError
from claimlens.entry.cli.exit_codes import CLEAN

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_PACKS = click.option("--packs", "folder", type=_FOLDER, help="Folder of rule packs [default: the installed ones].")


_SIGNED, _UNSIGNED = "signature and digests hold", "digests hold, signature not checked"


@click.group(name="packs")
def command() -> None:
    """Build, sign, verify and compile rule packs."""


@command.command("build")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default=Path("dist/packs"), show_default=True)
@_PACKS
def build(out: Path, folder: Path | None) -> int:
    """Copy the packs to a folder, each with a manifest over exactly its files.

    A pack with lint problems is not built.
    """
    from claimlens.usecases.packs import build as build_pack
    from claimlens.wiring import open_packs

    packs = open_packs(root=folder)
    if out.resolve() == packs.root.resolve():
        raise PackError(f"{out} holds the packs themselves; build into another folder with --out")
    built = [build_pack(packs, name) for name in [*packs.names(), "shared"]]
    for pack in built:
        shutil.rmtree(out / pack.name, ignore_errors=True)
        for path, content in pack.files.items():
            target = out / pack.name / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        versions = ", ".join(f"{part} {version}" for part, version in pack.versions.items())
        print(f"{pack.name}\t{versions}\t{len(pack.files)} files\tsha256:{pack.digest}")
    return CLEAN


@command.command("keygen")
@click.option("--key", type=click.Path(dir_okay=False, path_type=Path), required=True, help="File for the private key.")
def keygen(key: Path) -> int:
    """Make an Ed25519 key pair: the private key into a file only you can read, the public key to standard output."""
    from claimlens.usecases.packs import new_keys

    if key.exists():
        raise PackError(f"{key} exists; a key is never overwritten")
    private, public = new_keys()
    key.touch(mode=0o600)
    key.write_text(private.hex() + "\n", encoding="ascii")
    print(public.hex())
    return CLEAN


@command.command("sign")
@click.option(
    "--key", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True, help="Private key file."
)
@click.option("--packs", "folder", type=_FOLDER, default=Path("dist/packs"), show_default=True)
def sign(key: Path, folder: Path) -> int:
    """Sign the manifests of built packs."""
    from claimlens.usecases.packs import signature_for
    from claimlens.wiring import open_packs

    packs = open_packs(root=folder)
    private = _private_key(key)
    for name in [*packs.names(), "shared"]:
        (folder / name / "manifest.sig").write_bytes(signature_for(packs, name, private))
        print(f"{name}\tsigned")
    return CLEAN


@command.command("verify")
@click.option("--public-key", default="", help="Ed25519 public key, 64 hex digits or a file [default: as configured].")
@click.option("--packs", "folder", type=_FOLDER, default=Path("dist/packs"), show_default=True)
def verify(public_key: str, folder: Path) -> int:
    """Check digests and signatures of built packs; exit code 1 and one line if one cannot be trusted."""
    from claimlens.config import read_public_key, read_settings
    from claimlens.usecases.packs import verified
    from claimlens.wiring import open_packs

    settings = read_settings()
    key = read_public_key("--public-key", public_key) if public_key else settings.packs_public_key
    packs = open_packs(settings, folder)
    for name in [*packs.names(), "shared"]:
        pack = verified(packs, name, key)
        print(f"{name}\t{_SIGNED if pack.signed else _UNSIGNED}\tsha256:{pack.digest}")
    if key is None:
        print("no public key given: who made these packs was not checked", file=sys.stderr)
    return CLEAN


@command.command("compile")
@_PACKS
def compile_all(folder: Path | None) -> int:
    """Compile the packs into the cache folder, so that the next start finds them ready.

    Whoever starts first would do the same; in an image it is done once for all.
    """
    from claimlens.domain.jurisdiction import Jurisdiction
    from claimlens.wiring import open_packs

    packs = open_packs(root=folder)
    for jurisdiction in Jurisdiction:
        pack = packs.load(jurisdiction)
        print(f"{jurisdiction.lower()}\t{len(pack.rules)} rules")
    return CLEAN


def _private_key(path: Path) -> bytes:
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except ValueError:
        key = b""
    if len(key) != 32:
        raise PackError(f"{path} holds no Ed25519 private key (64 hex digits); `claimlens packs keygen` makes one")
    return key
