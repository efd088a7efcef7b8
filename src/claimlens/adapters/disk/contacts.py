"""The file of contacts."""

from pathlib import Path

import msgspec
import yaml

from claimlens.domain.contact import Contacts
from claimlens.domain.errors import ClaimLensError


def read_contacts(path: Path) -> Contacts:
    """The contacts of a YAML file. Raises ClaimLensError with one line that names the file and the mistake."""
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
        return msgspec.convert(found, Contacts)
    except OSError as error:
        raise ClaimLensError(f"{path} cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise ClaimLensError(f"{path} is no YAML: {' '.join(str(error).split())}") from None
    except msgspec.ValidationError as error:
        raise ClaimLensError(f"{path}: {error}") from None
