"""The digits of the barcodes in a picture. Runs in the child only."""

import cv2
import zxingcpp

from claimlens.adapters.ocr.picture import Pixels

_FORMATS = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.EANUPC, zxingcpp.BarcodeFormat.ITF14])
#: Bars of less than a pixel are lost; a small picture is looked at enlarged.
_SMALL = 1_600


def digits_of(pixels: Pixels) -> tuple[str, ...]:
    """What the barcodes say, each once."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    found = _digits(grey)
    if not found and max(grey.shape) < _SMALL:
        found = _digits(cv2.resize(grey, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC))
    return tuple(dict.fromkeys(found))


def _digits(grey: cv2.typing.MatLike) -> list[str]:
    codes = zxingcpp.read_barcodes(grey, formats=_FORMATS, text_mode=zxingcpp.TextMode.Plain)
    return [code.text for code in codes if code.text.isascii() and code.text.isdigit()]
