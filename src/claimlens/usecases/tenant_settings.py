"""What a tenant may set, understood field by field."""

from collections.abc import Callable
from datetime import date
from typing import Any

import msgspec

from claimlens.domain.errors import InvalidError, UnknownLocaleError
from claimlens.domain.jurisdiction import LOCALES, canonical_locale
from claimlens.domain.suppression import Suppression
from claimlens.domain.tenant import LEAST_RETENTION_DAYS, MOST_RETENTION_DAYS, BrandNote, TenantSettings
from claimlens.kit.json_text import escape
from claimlens.usecases.fields import email_address, one_line

MOST_BRAND_NAMES, MOST_BRAND_NAME = 200, 80
MOST_SUPPRESSIONS = 500
_MOST_NAME = 200
_MOST_TEXT = 500
_MOST_LIMIT = 1_000_000_000


class SuppressionScope(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a suppression speaks of; one part at least is given."""

    item: str = ""
    field: str = ""
    text: str = ""


class NewSuppression(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A suppression as in a suppressions file: `rule`, `scope`, `reason`, `author`, `expires`."""

    rule: str
    scope: SuppressionScope
    reason: str
    author: str
    expires: date

    @classmethod
    def of(cls, kept: Suppression) -> "NewSuppression":
        """The form of a suppression that is kept."""
        scope = SuppressionScope(item=kept.item, field=kept.field, text=kept.text)
        return cls(rule=kept.rule, scope=scope, reason=kept.reason, author=kept.author, expires=kept.expires)


class NewBrandNote(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a brand name is one, who says so, and the last day on which it is; without `expires` until it is ended."""

    reason: str
    author: str
    expires: date | None = None

    @classmethod
    def of(cls, kept: BrandNote) -> "NewBrandNote":
        """The form of a note that is kept."""
        return cls(reason=kept.reason, author=kept.author, expires=kept.expires)


def read_fields(given: dict[str, Any], before: TenantSettings) -> tuple[str, TenantSettings]:
    """The name, empty if it is not given, and the settings after a change of the given fields.

    Raises InvalidError with every field that is wrong; UNKNOWN_LOCALE if one of them is a locale.
    """
    problems: list[tuple[str, str]] = []
    read: dict[str, Any] = {}
    code = "INVALID_SCHEMA"
    for field, value in given.items():
        try:
            read[field] = _READ[field](value, f"/{field}")
        except InvalidError as error:
            problems += error.problems
            code = error.code if error.code != "INVALID_SCHEMA" else code
    if problems:
        raise InvalidError(tuple(problems), code)
    name = read.pop("name", "")
    settings = msgspec.structs.replace(before, **read)
    names = frozenset(settings.brand_names)
    if unknown := [name for name in read.get("brand_notes", ()) if name not in names]:
        raise InvalidError((("/brand_notes", f"{unknown[0]!r:.80} is none of the brand names"),))
    notes = {name: note for name, note in settings.brand_notes.items() if name in names}
    settings = msgspec.structs.replace(settings, brand_notes=notes)
    allowed = settings.allowed_locales
    if settings.default_locale and allowed and settings.default_locale not in allowed:
        raise InvalidError(
            (("/default_locale", f"{settings.default_locale} is none of the allowed locales {', '.join(allowed)}"),)
        )
    return name, settings


def _name(value: str, pointer: str) -> str:
    return one_line(value, pointer, most=_MOST_NAME)


def _locale(value: str, pointer: str) -> str:
    try:
        return canonical_locale(value)
    except UnknownLocaleError:
        known = ", ".join(LOCALES)
        raise InvalidError(((pointer, f"unknown locale {value!r:.40}; known: {known}"),), "UNKNOWN_LOCALE") from None


def _default_locale(value: str, pointer: str) -> str:
    return _locale(value, pointer) if value else ""


def _locales(values: tuple[str, ...], pointer: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys([_locale(value, f"{pointer}/{index}") for index, value in enumerate(values)]))


def _retention(value: int, pointer: str) -> int:
    if not LEAST_RETENTION_DAYS <= value <= MOST_RETENTION_DAYS:
        raise InvalidError(((pointer, f"audits are kept {LEAST_RETENTION_DAYS} to {MOST_RETENTION_DAYS} days"),))
    return value


def _limit(value: int | None, pointer: str) -> int | None:
    if value is not None and not 1 <= value <= _MOST_LIMIT:
        raise InvalidError(((pointer, f"a limit is a whole number from 1 to {_MOST_LIMIT}, or null"),))
    return value


def _brand_names(values: tuple[str, ...], pointer: str) -> tuple[str, ...]:
    _check_count(values, pointer, MOST_BRAND_NAMES)
    names = [one_line(value, f"{pointer}/{index}", most=MOST_BRAND_NAME) for index, value in enumerate(values)]
    return tuple(dict.fromkeys(names))


def _brand_notes(values: dict[str, NewBrandNote], pointer: str) -> dict[str, BrandNote]:
    _check_count(tuple(values), pointer, MOST_BRAND_NAMES)
    return {name: _brand_note(name, note, pointer) for name, note in values.items()}


def _brand_note(name: str, note: NewBrandNote, pointer: str) -> BrandNote:
    at = f"{pointer}/{escape(name)}"
    return BrandNote(
        reason=one_line(note.reason, f"{at}/reason", most=_MOST_TEXT),
        author=one_line(note.author, f"{at}/author", most=_MOST_TEXT),
        expires=note.expires,
    )


def _suppressions(values: tuple[NewSuppression, ...], pointer: str) -> tuple[Suppression, ...]:
    _check_count(values, pointer, MOST_SUPPRESSIONS)
    return tuple([_suppression(value, f"{pointer}/{index}") for index, value in enumerate(values)])


def _suppression(value: NewSuppression, pointer: str) -> Suppression:
    def text(part: str, name: str, least: int = 1) -> str:
        return one_line(part, f"{pointer}/{name}", most=_MOST_TEXT, least=least)

    if value.scope == SuppressionScope():
        parts = ", ".join(SuppressionScope.__struct_fields__)
        raise InvalidError(((f"{pointer}/scope", f"the scope needs one of {parts}"),))
    return Suppression(
        rule=text(value.rule, "rule"),
        item=text(value.scope.item, "scope/item", 0),
        field=text(value.scope.field, "scope/field", 0),
        text=text(value.scope.text, "scope/text", 0),
        reason=text(value.reason, "reason"),
        author=text(value.author, "author"),
        expires=value.expires,
    )


def _check_count(values: tuple[object, ...], pointer: str, most: int) -> None:
    if len(values) > most:
        raise InvalidError(((pointer, f"at most {most} are kept, these are {len(values)}"),))


def _email(value: str, pointer: str) -> str:
    return email_address(value, pointer) if value.strip() else ""


def _flag(value: bool, _: str) -> bool:
    return value


_READ: dict[str, Callable[[Any, str], Any]] = {
    "name": _name,
    "default_locale": _default_locale,
    "allowed_locales": _locales,
    "retention_days": _retention,
    "requests_per_minute": _limit,
    "items_per_minute": _limit,
    "brand_names": _brand_names,
    "brand_notes": _brand_notes,
    "suppressions": _suppressions,
    "contact_email": _email,
    "legal_hold": _flag,
}
