"""Digests and seals under keys that are derived from the installation's secret.

Each purpose has keys of its own (HKDF-SHA-256, RFC 5869), so what is digested for one says nothing about another and a
sealed text cannot be passed off as something else. A sealed text begins with the version of the secret it was sealed
under; a box that is given the older secrets too opens what they sealed, so that secrets can be changed one by one.

    version (1 byte) | nonce (12 bytes) | AES-256-GCM ciphertext and tag; the purpose and the version are authenticated
"""

import hmac
import os
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from claimlens.domain.errors import SecretError

#: An installation's secret is at least this long, in bytes.
LEAST_SECRET = 32
_NONCE = 12
_TAG = 16


class InstallationSecretBox:
    """A SecretBox (`ports/secrets.py`). `older` are the secrets of former versions: they open, they do not seal."""

    def __init__(self, secret: bytes, *, version: int = 1, older: Mapping[int, bytes] | None = None) -> None:
        secrets = {**(older or {}), version: secret}
        for number, each in secrets.items():
            if not 1 <= number <= 255:
                raise SecretError(f"version {number} of the secret is out of range; versions are 1 to 255")
            if len(each) < LEAST_SECRET:
                raise SecretError(f"the installation's secret needs at least {LEAST_SECRET} bytes")
        self._secrets = secrets
        self._version = version
        self._digest_keys: dict[str, bytes] = {}
        self._ciphers: dict[tuple[int, str], AESGCM] = {}

    def digest(self, purpose: str, data: bytes) -> bytes:
        """HMAC-SHA-256, 32 bytes."""
        key = self._digest_keys.get(purpose)
        if key is None:
            key = self._digest_keys[purpose] = _derive(self._secrets[self._version], f"digest/{purpose}")
        return hmac.digest(key, data, "sha256")

    def seal(self, purpose: str, plain: str) -> bytes:
        """AES-256-GCM with a fresh nonce; the purpose is authenticated with it."""
        header = bytes([self._version])
        nonce = os.urandom(_NONCE)
        cipher = self._cipher(self._version, purpose)
        return header + nonce + cipher.encrypt(nonce, plain.encode(), header + purpose.encode())

    def open(self, purpose: str, sealed: bytes) -> str:
        """The plain text. Raises SecretError if it was sealed elsewhere or altered."""
        if len(sealed) < 1 + _NONCE + _TAG:
            raise SecretError("a sealed secret is cut short")
        version = sealed[0]
        if version not in self._secrets:
            raise SecretError(f"a secret was sealed under version {version} of the installation's secret, not at hand")
        nonce, rest = sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
        try:
            plain = self._cipher(version, purpose).decrypt(nonce, rest, sealed[:1] + purpose.encode())
        except InvalidTag:
            raise SecretError("a sealed secret does not open: it was altered, or sealed by another secret") from None
        return plain.decode()

    def _cipher(self, version: int, purpose: str) -> AESGCM:
        cipher = self._ciphers.get((version, purpose))
        if cipher is None:
            key = _derive(self._secrets[version], f"seal/{purpose}")
            cipher = self._ciphers[version, purpose] = AESGCM(key)
        return cipher


def _derive(secret: bytes, info: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=b"claimlens", info=info.encode()).derive(secret)
