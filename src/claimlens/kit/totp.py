"""Time-based one-time passwords (RFC 6238) over HMAC-SHA-1, six digits, a new one every 30 seconds.

SHA-1 and six digits are what every authenticator app understands; neither is a weakness here (RFC 6238, section 1.2).
"""

import hmac
from base64 import b32encode

STEP_S, DIGITS = 30, 6
#: Bytes of a shared secret: as many as the hash has (RFC 4226, section 4, R6).
SECRET_BYTES = 20


def step_at(unix_s: float) -> int:
    """The number of the step that a moment, in seconds since 1970, lies in."""
    return int(unix_s) // STEP_S


def code_at(secret: bytes, step: int, *, digits: int = DIGITS, digest: str = "sha1") -> str:
    """The password of a step (RFC 4226, section 5.3, with the step as the counter)."""
    mac = hmac.digest(secret, step.to_bytes(8, "big"), digest)
    at = mac[-1] & 0x0F
    number = int.from_bytes(mac[at : at + 4], "big") & 0x7FFF_FFFF
    return str(number % 10**digits).zfill(digits)


def matching_step(secret: bytes, code: str, now: int, *, after: int = 0) -> int | None:
    """The step whose password this is: the present one `now`, the one before or the one behind it.

    None for any other, and for a step up to `after`: a password opens once (RFC 6238, section 5.2).
    """
    plain = code.replace(" ", "")
    found = None
    for step in (now - 1, now, now + 1):
        if hmac.compare_digest(code_at(secret, step).encode(), plain.encode()) and step > after:
            found = step
    return found


def letters_of(secret: bytes) -> str:
    """The secret as people type it: base32 without padding."""
    return b32encode(secret).decode("ascii").rstrip("=")
