"""Bytes as they are kept: zlib."""

import zlib


def unzipped(data: bytes) -> bytes:
    """What was packed. Somebody may have written into the column: then it is shown as it is."""
    try:
        return zlib.decompress(data)
    except zlib.error:
        return data
