"""What is derived from the installation's secret, and hashes of passwords."""

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


class InstallationBox(SecretBox, Protocol):
    """A box whose secret can be changed: further secrets open what they sealed, digests hang on a root that stays."""

    @property
    def digest_root(self) -> bytes:
        """What digests hang on, 32 bytes: to be kept sealed, for who changes the secret."""
        ...

    @property
    def others(self) -> int:
        """How many further secrets there are."""
        ...

    def use_digests(self, root: bytes) -> None:
        """Let digests hang on this from now on."""
        ...

    def is_current(self, purpose: str, sealed: bytes) -> bool:
        """Whether it was sealed under the first secret. Raises SecretError as `open`."""
        ...


class PasswordHasher(Protocol):
    """Slow on purpose (tens of milliseconds, megabytes): called in a thread, never on the event loop."""

    def hash(self, password: str) -> str:
        """A fresh hash with a fresh salt, as one line of text."""
        ...

    def verify(self, password: str, hashed: str) -> bool:
        """Whether the password has this hash; False for a hash that cannot be read."""
        ...

    def is_outdated(self, hashed: str) -> bool:
        """Whether the hash was made with other parameters than hashes are today."""
        ...
