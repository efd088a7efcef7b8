"""The key that signs seals: Ed25519 (RFC 8032)."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class Ed25519SealKey:
    """A SealKey (`ports/seals.py`), of a private key of 32 bytes."""

    def __init__(self, private_key: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(private_key)
        self.public_key = self._key.public_key().public_bytes_raw()

    @classmethod
    def derived(cls, secret: bytes) -> "Ed25519SealKey":
        """The key that belongs to an installation's secret (HKDF-SHA-256, RFC 5869)."""
        return cls(cls.private_of(secret))

    @staticmethod
    def private_of(secret: bytes) -> bytes:
        """The private key of `derived`."""
        return HKDF(SHA256(), 32, None, b"claimlens seal key 1").derive(secret)

    def sign(self, message: bytes) -> bytes:
        """The signature, 64 bytes."""
        return self._key.sign(message)
