"""Whether the extra `batch` is there; asked without importing it."""

from importlib.util import find_spec

INSTALL = "scanning needs the extra `batch`: pip install 'claimlens[batch]'"
INSTALL_RAY = "the engine ray needs the extra `batch` with Ray in it: pip install 'claimlens[batch]'"


def missing(*, ray: bool = False) -> str:
    """What to install so that a scan can run; empty if it can."""
    if find_spec("daft") is None or find_spec("pyarrow") is None:
        return INSTALL
    return INSTALL_RAY if ray and find_spec("ray") is None else ""
