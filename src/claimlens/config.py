"""One typed settings object; the only place that reads the environment."""

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from claimlens.domain.errors import ClaimLensError

ENVIRONMENTS = ("development", "production", "staging")


class SettingsError(ClaimLensError):
    """A setting has a value that cannot be used; names the setting."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that can be configured, each by an environment variable (`docs/reference/settings.md`)."""

    environment: str = "development"
    data_dir: Path
    cache_dir: Path
    packs_dir: Path | None = None
    packs_public_key: bytes | None = None

    @property
    def in_production(self) -> bool:
        """Whether only signed packs may be used; staging runs as production."""
        return self.environment != "development"


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from the environment. Raises SettingsError with one line that names the variable."""
    env = os.environ if environ is None else environ
    environment = env.get("CLAIMLENS_ENV", "development")
    if environment not in ENVIRONMENTS:
        raise SettingsError(f"CLAIMLENS_ENV is {environment!r}; it is one of {', '.join(ENVIRONMENTS)}")
    home = Path(env.get("HOME", "."))
    packs_dir = env.get("CLAIMLENS_PACKS_DIR")
    if packs_dir and not Path(packs_dir).is_dir():
        raise SettingsError(f"CLAIMLENS_PACKS_DIR: there is no folder {packs_dir!r}")
    return Settings(
        environment=environment,
        data_dir=Path(
            env.get("CLAIMLENS_DATA_DIR") or Path(env.get("XDG_DATA_HOME") or home / ".local/share") / "claimlens"
        ),
        cache_dir=Path(env.get("XDG_CACHE_HOME") or home / ".cache") / "claimlens",
        packs_dir=Path(packs_dir) if packs_dir else None,
        packs_public_key=read_public_key("CLAIMLENS_PACKS_PUBLIC_KEY", env.get("CLAIMLENS_PACKS_PUBLIC_KEY", "")),
    )


def read_public_key(setting: str, value: str) -> bytes | None:
    """A raw Ed25519 public key: 64 hex digits, or the path of a file that holds them. Raises SettingsError."""
    if not value:
        return None
    text = value
    if os.path.isfile(value):
        text = Path(value).read_text(encoding="ascii", errors="replace")
    try:
        key = bytes.fromhex(text.strip())
    except ValueError:
        key = b""
    if len(key) != 32:
        raise SettingsError(f"{setting} must be 64 hex digits (an Ed25519 public key) or a file that holds them")
    return key
