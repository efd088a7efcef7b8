"""Check digits."""

_VERHOEFF_PRODUCT = (
    "0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
    "5987604321", "6598710432", "7659821043", "8765932104", "9876543210",
)  # fmt: skip
_VERHOEFF_ORDER = (
    "0123456789", "1576283094", "5803796142", "8916043527", "9453126870", "4286573901", "2793806415", "7046913258",
)  # fmt: skip


def has_luhn_check_digit(digits: str) -> bool:
    """Whether the last of the ASCII `digits` is the Luhn check digit (ISO/IEC 7812-1, payment cards)."""
    total = 0
    for place, sign in enumerate(reversed(digits)):
        value = int(sign) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def has_gtin_check_digit(digits: str) -> bool:
    """Whether the last of 8, 12, 13 or 14 ASCII `digits` is the GS1 check digit (GTIN, EAN, UPC)."""
    if len(digits) not in (8, 12, 13, 14):
        return False
    return sum(int(sign) * (3 if place % 2 else 1) for place, sign in enumerate(reversed(digits))) % 10 == 0


def has_verhoeff_check_digit(digits: str) -> bool:
    """Whether the last of the ASCII `digits` is the Verhoeff check digit (Aadhaar)."""
    state = 0
    for place, sign in enumerate(reversed(digits)):
        state = int(_VERHOEFF_PRODUCT[state][int(_VERHOEFF_ORDER[place % 8][int(sign)])])
    return state == 0
