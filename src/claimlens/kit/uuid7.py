"""UUID version 7 (RFC 9562 section 5.7): ids that sort by the moment they were made."""

_HEX = frozenset("0123456789abcdef")


def uuid7(unix_ms: int, random: bytes) -> str:
    """The id of a moment, in milliseconds since 1970, and ten random bytes (74 bits of them are used)."""
    rand_a = int.from_bytes(random[:2], "big") & 0x0FFF
    rand_b = int.from_bytes(random[2:10], "big") & 0x3FFF_FFFF_FFFF_FFFF
    digits = f"{(unix_ms & 0xFFFF_FFFF_FFFF) << 80 | 0x7 << 76 | rand_a << 64 | 0b10 << 62 | rand_b:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def is_uuid(text: str) -> bool:
    """Whether the text is a UUID of any version in the canonical form that `uuid7` writes."""
    parts = text.split("-")
    return [len(part) for part in parts] == [8, 4, 4, 4, 12] and all(set(part) <= _HEX for part in parts)


def moment_of(uuid: str) -> int:
    """The moment of an id made by `uuid7`, in milliseconds since 1970. Raises ValueError if it is no version 7 id."""
    digits = uuid.replace("-", "")
    if len(digits) != 32 or digits[12] != "7":
        raise ValueError(f"{uuid!r} is not a UUID of version 7")
    return int(digits[:12], 16)
