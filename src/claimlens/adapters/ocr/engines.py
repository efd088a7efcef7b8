"""Which engines are installed; asked without importing them."""

import shutil
from importlib.util import find_spec

INSTALL = "reading labels needs the extra `ocr`: pip install 'claimlens[ocr]'"
#: What unpacks pictures, for any engine.
_PICTURES = ("PIL", "cv2", "numpy")


def missing() -> str:
    """What to install so that labels can be read; empty if they can."""
    if any(find_spec(name) is None for name in _PICTURES):
        return INSTALL
    return "" if has_models() or shutil.which("tesseract") else INSTALL


def has_models() -> bool:
    """Whether the first choice is there; else it is tesseract."""
    return find_spec("rapidocr") is not None and find_spec("onnxruntime") is not None
