"""Bytes become pixels: one still picture, upright by its EXIF data, on white. Runs in the child only."""

import io
import warnings

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from claimlens.gate.ingest.image import MOST_PIXELS
from claimlens.ports.label_engine import UnreadableError

Pixels = NDArray[np.uint8]

_FORMS = ("PNG", "JPEG", "WEBP")
#: Less than this on a side holds no line of print.
_SMALLEST = 8
#: Print and ground nearer than this (of 255) are pulled apart.
_FLAT = 120


def unpacked(image: bytes) -> Pixels:
    """Height x width x 3 in the order red, green, blue.

    Raises UnreadableError for what is no whole still picture of at most `MOST_PIXELS`, whatever its header promised.
    """
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(image), formats=_FORMS) as opened:
                _check(opened)
                upright = ImageOps.exif_transpose(opened)
                return np.asarray(_on_white(upright))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise UnreadableError(f"the photo has more than {MOST_PIXELS // 10**6} million pixels") from None
    except UnidentifiedImageError:
        raise UnreadableError("the photo is damaged, or no PNG, JPEG or WebP") from None
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, OverflowError):
        # What Pillow raises for broken data; its words name its own insides.
        raise UnreadableError("the photo is damaged or cut off: its pixels cannot be unpacked") from None


def _check(opened: Image.Image) -> None:
    width, height = opened.size
    if width * height > MOST_PIXELS:
        raise UnreadableError(f"the photo has more than {MOST_PIXELS // 10**6} million pixels")
    if min(width, height) < _SMALLEST:
        raise UnreadableError(f"the photo has {width} x {height} pixels; no print fits into that")
    # A JPEG with several pictures is a phone's photo with its preview; the first one is the photo.
    if getattr(opened, "is_animated", False) and opened.format in ("PNG", "WEBP"):
        raise UnreadableError("the photo is an animation; one still picture is expected")


def _on_white(picture: Image.Image) -> Image.Image:
    if picture.mode == "I;16" or picture.mode == "I":
        picture = picture.point(lambda value: value / 256).convert("L")
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        seen = picture.convert("RGBA")
        ground = Image.new("RGBA", seen.size, "white")
        return Image.alpha_composite(ground, seen).convert("RGB")
    return picture.convert("RGB")


def in_contrast(pixels: Pixels) -> Pixels:
    """Pale print made dark: the picture stretched to all of 0 to 255 if it uses only a part of that."""
    sample = pixels[:: max(1, pixels.shape[0] // 400), :: max(1, pixels.shape[1] // 400)]
    low, high = (float(bound) for bound in np.percentile(sample, (0.5, 99.5)))
    if not 4 < high - low < _FLAT:
        return pixels
    stretched = (pixels.astype(np.float32) - low) * (255.0 / (high - low))
    return np.asarray(np.clip(stretched, 0, 255), np.uint8)
