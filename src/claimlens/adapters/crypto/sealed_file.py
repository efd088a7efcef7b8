"""Files sealed piece by piece: AES-256-GCM, no piece missing, moved or more.

    magic (8) | salt (16) | pieces, each ciphertext and tag

Every file has a key of its own (HKDF-SHA-256 of the secret with the salt). The nonce of a piece is its number (11
bytes) and 1 for the last, else 0, so a file that was cut at the border of a piece does not open either.
"""

import os
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from claimlens.domain.errors import SecretError

MAGIC = b"CLSEAL1\n"
_SALT, _TAG = 16, 16
PIECE = 1 << 20


def sealed(pieces: Iterable[bytes], secret: bytes) -> Iterator[bytes]:
    """The sealed file of what the pieces make together."""
    salt = os.urandom(_SALT)
    cipher, number, waiting = _cipher(secret, salt), 0, bytearray()
    yield MAGIC + salt
    for piece in pieces:
        waiting += piece
        while len(waiting) > PIECE:
            yield cipher.encrypt(_nonce(number, last=False), bytes(waiting[:PIECE]), None)
            del waiting[:PIECE]
            number += 1
    yield cipher.encrypt(_nonce(number, last=True), bytes(waiting), None)


def opened(file: BinaryIO, secret: bytes) -> Iterator[bytes]:
    """What was sealed, piece by piece. Raises SecretError for another key and for a file that was altered or cut."""
    head = file.read(len(MAGIC) + _SALT)
    if not head.startswith(MAGIC) or len(head) != len(MAGIC) + _SALT:
        raise SecretError("this is no sealed file")
    cipher, number = _cipher(secret, head[len(MAGIC) :]), 0
    piece = file.read(PIECE + _TAG)
    while True:
        following = file.read(PIECE + _TAG)
        try:
            yield cipher.decrypt(_nonce(number, last=not following), piece, None)
        except InvalidTag:
            raise SecretError("the file does not open: another key, or it was altered or cut") from None
        if not following:
            return
        piece, number = following, number + 1


def _cipher(secret: bytes, salt: bytes) -> AESGCM:
    return AESGCM(HKDF(SHA256(), 32, salt, b"claimlens sealed file 1").derive(secret))


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])
