"""Jurisdictions and the locales that map to them (closed lists)."""

from enum import StrEnum

from claimlens.domain.errors import UnknownLocaleError


class Jurisdiction(StrEnum):
    """The law a text is judged by."""

    IN = "IN"
    US = "US"
    GB = "GB"
    EU = "EU"


LOCALES: dict[str, Jurisdiction] = {
    "en-IN": Jurisdiction.IN,
    "hi-IN": Jurisdiction.IN,
    "en-US": Jurisdiction.US,
    "en-GB": Jurisdiction.GB,
    "en-IE": Jurisdiction.EU,
    "fr-FR": Jurisdiction.EU,
    "de-DE": Jurisdiction.EU,
    "es-ES": Jurisdiction.EU,
    "it-IT": Jurisdiction.EU,
}
_BY_FOLDED = {locale.lower(): locale for locale in LOCALES}


def canonical_locale(locale: str) -> str:
    """The known spelling of `locale` (`EN_in` → `en-IN`).

    Raises UnknownLocaleError rather than guess: a market judged by another country's law is the worst outcome.
    """
    known = _BY_FOLDED.get(locale.strip().replace("_", "-").lower())
    if known is None:
        raise UnknownLocaleError(locale, tuple(LOCALES))
    return known


def jurisdiction_of(locale: str) -> Jurisdiction:
    """The jurisdiction of a locale; raises UnknownLocaleError."""
    return LOCALES[canonical_locale(locale)]
