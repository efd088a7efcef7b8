"""Digests and seals under keys that are derived from the installation's secret.

Each purpose has keys of its own (HKDF-SHA-256, RFC 5869), so what is digested for one says nothing about another and a
sealed text cannot be passed off as something else. A box that is given further secrets opens what they sealed and seals
under the first only, so that secrets can be changed one by one.

    form (1 byte) | nonce (12 bytes) | AES-256-GCM ciphertext and tag; the purpose and the form are authenticated

Digests hang on a root, which is the secret's own until `use_digests` says another: it stays when the secret changes.
"""

import hmac
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from claimlens.domain.errors import SecretError

#: An installation's secret is at least this long, in bytes.
LEAST_SECRET = 32
_FORM = b"\1"
_NONCE = 12
_TAG = 16


class InstallationSecretBox:
    """An InstallationBox (`ports/secrets.py`). `also`: further secrets that open, and seal nothing."""

    def __init__(self, secret: bytes, *, also: Sequence[bytes] = ()) -> None:
        if any(len(each) < LEAST_SECRET for each in (secret, *also)):
            raise SecretError(f"the installation's secret needs at least {LEAST_SECRET} bytes")
        self._roots = [_root(each) for each in dict.fromkeys((secret, *also))]
        self._digest_root = self._roots[0]
        self._digest_keys: dict[str, bytes] = {}
        self._ciphers: dict[tuple[bytes, str], AESGCM] = {}

    @property
    def digest_root(self) -> bytes:
        """What digests hang on, 32 bytes: to be kept sealed, for who changes the secret."""
        return self._digest_root

    @property
    def others(self) -> int:
        """How many further secrets there are."""
        return len(self._roots) - 1

    def use_digests(self, root: bytes) -> None:
        """Let digests hang on this from now on."""
        self._digest_root = root
        self._digest_keys.clear()

    def digest(self, purpose: str, data: bytes) -> bytes:
        """HMAC-SHA-256, 32 bytes."""
        key = self._digest_keys.get(purpose)
        if key is None:
            key = self._digest_keys[purpose] = _derive(self._digest_root, f"digest/{purpose}")
        return hmac.digest(key, data, "sha256")

    def seal(self, purpose: str, plain: str) -> bytes:
        """AES-256-GCM with a fresh nonce; the purpose is authenticated with it."""
        nonce = os.urandom(_NONCE)
        cipher = self._cipher(self._roots[0], purpose)
        return _FORM + nonce + cipher.encrypt(nonce, plain.encode(), _FORM + purpose.encode())

    def open(self, purpose: str, sealed: bytes) -> str:
        """The plain text. Raises SecretError if it was sealed elsewhere or altered."""
        for root in self._roots:
            if (plain := self._opened(root, purpose, sealed)) is not None:
                return plain
        raise SecretError("a sealed secret does not open: it was altered, or sealed by another secret")

    def is_current(self, purpose: str, sealed: bytes) -> bool:
        """Whether it was sealed under the first secret. Raises SecretError as `open`."""
        if self._opened(self._roots[0], purpose, sealed) is not None:
            return True
        self.open(purpose, sealed)
        return False

    def _opened(self, root: bytes, purpose: str, sealed: bytes) -> str | None:
        if len(sealed) < 1 + _NONCE + _TAG:
            raise SecretError("a sealed secret is cut short")
        nonce, rest = sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
        try:
            return self._cipher(root, purpose).decrypt(nonce, rest, sealed[:1] + purpose.encode()).decode()
        except InvalidTag:
            return None

    def _cipher(self, root: bytes, purpose: str) -> AESGCM:
        cipher = self._ciphers.get((root, purpose))
        if cipher is None:
            cipher = self._ciphers[root, purpose] = AESGCM(_derive(root, f"seal/{purpose}"))
        return cipher


def _root(secret: bytes) -> bytes:
    """The first half of HKDF."""
    return hmac.digest(b"claimlens", secret, "sha256")


def _derive(root: bytes, info: str) -> bytes:
    return HKDFExpand(algorithm=SHA256(), length=32, info=info.encode()).derive(root)
