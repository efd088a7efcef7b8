"""Password hashes: Argon2id (RFC 9106)."""

import os

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

#: 19 MiB, two passes, one lane: the least that OWASP's password storage cheat sheet recommends. About 40 ms.
MEMORY_KIB, PASSES, LANES = 19 * 1024, 2, 1
_PARAMETERS = f"$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}$"


class Argon2Passwords:
    """A PasswordHasher (`ports/secrets.py`): hashes in PHC string form. Callers run it in a thread."""

    def hash(self, password: str) -> str:
        """A fresh hash with a fresh salt."""
        kdf = Argon2id(salt=os.urandom(16), length=32, iterations=PASSES, lanes=LANES, memory_cost=MEMORY_KIB)
        return kdf.derive_phc_encoded(password.encode())

    def verify(self, password: str, hashed: str) -> bool:
        """Whether the password has this hash; False for a hash that cannot be read."""
        try:
            Argon2id.verify_phc_encoded(password.encode(), hashed)
        except (InvalidKey, ValueError):
            return False
        return True

    def is_outdated(self, hashed: str) -> bool:
        """Whether the hash was made with other parameters than hashes are today."""
        return not hashed.startswith(_PARAMETERS)
