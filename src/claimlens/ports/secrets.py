"""What is derived from the installation's secret."""

from typing import Protocol


class SecretBox(Protocol):
    """Keyed digests and sealed secrets, each under a key of its own purpose."""

    def digest(self, purpose: str, data: bytes) -> bytes:
        """HMAC-SHA-256, 32 bytes."""
        ...

    def seal(self, purpose: str, plain: str) -> bytes:
        """AES-256-GCM with a fresh nonce; the purpose is authenticated with it."""
        ...

    def open(self, purpose: str, sealed: bytes) -> str:
        """The plain text. Raises SecretError if it was sealed elsewhere or altered."""
        ...
