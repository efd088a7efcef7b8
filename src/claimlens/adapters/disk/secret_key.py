"""The installation's secret as a file of the data folder."""

import os
import secrets
import tempfile
from pathlib import Path

from claimlens.domain.errors import SecretError

#: Its name in the data folder. Beside it stand the former ones while it is being changed.
SECRET_FILE = "secret.key"
_FORMER, _RETIRED = ".former", ".retired"
#: Characters at least; a file that holds fewer was cut short or made by hand.
_LEAST = 32


def secret_of(path: Path) -> bytes:
    """The secret of the file. Raises SecretError in one line if there is none or it cannot be used."""
    try:
        secret = path.read_bytes().strip()
    except FileNotFoundError:
        raise SecretError(f"{path} is not there; set CLAIMLENS_SECRET_KEY (openssl rand -hex 32)") from None
    except OSError as error:
        raise SecretError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}") from None
    if len(secret) < _LEAST:
        raise SecretError(f"{path} is too short for a secret; restore it, or remove it and every key with it")
    return secret


def made_secret(path: Path) -> bytes:
    """The secret of the file, which is made first, for its owner's eyes only, if it is not there.

    Of two processes that make it at once, both get the same. Raises SecretError as `secret_of`.
    """
    if not path.exists():
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
            try:
                with open(handle, "w", encoding="ascii") as file:
                    file.write(secrets.token_hex(32) + "\n")
                    file.flush()
                    os.fsync(file.fileno())
                os.link(name, path)
            except FileExistsError:
                pass
            finally:
                os.unlink(name)
        except OSError as error:
            raise SecretError(f"cannot make {path}: {(error.strerror or str(error)).lower()}") from None
    return secret_of(path)


def former_secrets(path: Path) -> list[bytes]:
    """Secrets that the file held before, while what they sealed is being sealed anew. Raises SecretError."""
    try:
        return path.with_name(path.name + _FORMER).read_bytes().splitlines()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise SecretError(f"{path}{_FORMER} cannot be read: {(error.strerror or str(error)).lower()}") from None


def change_secret(path: Path) -> None:
    """Put a new secret into the file; the one of now is kept beside it first. May be killed at any moment and repeated.

    Raises SecretError.
    """
    present, former = secret_of(path), former_secrets(path)
    if present not in former:
        _write(path.with_name(path.name + _FORMER), b"\n".join([*former, present]) + b"\n")
    _write(path, secrets.token_hex(32).encode() + b"\n")


def retire_former(path: Path) -> Path:
    """Do without the former secrets: nobody reads them any more where they are kept now, for backups of before.

    Raises SecretError.
    """
    kept = path.with_name(path.name + _RETIRED)
    before = kept.read_bytes().splitlines() if kept.exists() else []
    _write(kept, b"".join(line + b"\n" for line in dict.fromkeys([*before, *former_secrets(path)])))
    path.with_name(path.name + _FORMER).unlink(missing_ok=True)
    return kept


def _write(path: Path, content: bytes) -> None:
    """The whole file or the one before, for its owner's eyes only."""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with open(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise SecretError(f"cannot write {path}: {(error.strerror or str(error)).lower()}") from None
