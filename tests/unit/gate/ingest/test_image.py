import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimlens.domain.errors import InputError
from claimlens.gate.ingest.image import MOST_BYTES, read_image


def png(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sIIBBBBB", 13, b"IHDR", width, height, 8, 2, 0, 0, 0)


def jpeg(width: int, height: int) -> bytes:
    application = b"\xff\xe0" + struct.pack(">H", 16) + b"JFIF\0" + bytes(9)
    frame = b"\xff\xc2" + struct.pack(">HBHHB", 17, 8, height, width, 3) + bytes(9)
    return b"\xff\xd8" + application + b"\xff" + frame + b"\xff\xda"


def webp(width: int, height: int) -> bytes:
    dimensions = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"RIFF" + bytes(4) + b"WEBPVP8X" + struct.pack("<I", 10) + bytes(4) + dimensions


def webp_lossless(width: int, height: int) -> bytes:
    bits = (width - 1) | (height - 1) << 14
    return b"RIFF" + bytes(4) + b"WEBPVP8L" + bytes(4) + b"\x2f" + bits.to_bytes(4, "little") + bytes(8)


def webp_lossy(width: int, height: int) -> bytes:
    return b"RIFF" + bytes(4) + b"WEBPVP8 " + bytes(7) + b"\x9d\x01\x2a" + struct.pack("<HH", width, height)


FORMS = {"PNG": png, "JPEG": jpeg, "WebP": webp, "WebP lossless": webp_lossless, "WebP lossy": webp_lossy}


@pytest.mark.parametrize("form", FORMS)
def test_form_and_size_stand_in_the_first_bytes(form):
    image = read_image(FORMS[form](1200, 800) + b"whatever follows")
    assert (image.form, image.width, image.height) == (form.split()[0], 1200, 800)
    assert image.digest.startswith("sha256:")
    assert len(image.digest) == 71


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WebP", "WebP lossless"])
def test_too_many_pixels_are_refused_before_they_are_unpacked(form):
    with pytest.raises(InputError, match="20 million"):
        read_image(FORMS[form](16_000, 16_000))


def test_too_many_bytes_are_refused():
    with pytest.raises(InputError, match="15 MB"):
        read_image(png(10, 10) + bytes(MOST_BYTES))


@pytest.mark.parametrize("data", [b"", b"GIF89a" + bytes(50), b"<svg xmlns='http://www.w3.org/2000/svg'/>", bytes(100)])
def test_other_forms_are_refused(data):
    with pytest.raises(InputError, match="PNG, JPEG or WebP"):
        read_image(data)


@pytest.mark.parametrize("form", FORMS)
def test_a_cut_header_is_refused(form):
    data = FORMS[form](1200, 800)
    for length in range(12, 20):
        with pytest.raises(InputError):
            read_image(data[:length])
    with pytest.raises(InputError, match="how large"):
        read_image(png(0, 10))


@given(st.sampled_from([png, jpeg, webp, webp_lossless, webp_lossy]), st.binary(max_size=60), st.integers(0, 40))
def test_nothing_breaks_it(make, noise, at):
    data = make(600, 400)
    with suppress(InputError):
        read_image(data[:at] + noise + data[at + len(noise) :])
