"""The installation's secret as a file of the data folder."""

import os
import secrets
import tempfile
from pathlib import Path

from claimlens.domain.errors import SecretError

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
