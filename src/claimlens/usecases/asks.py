"""What a request asks of the gate: decoded JSON becomes items, each with the locale whose law applies to it."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from claimlens.domain.errors import InputError, InvalidError, UnknownLocaleError
from claimlens.domain.item import Item, Kind
from claimlens.domain.jurisdiction import LOCALES, canonical_locale
from claimlens.domain.tenant import Tenant, TenantSettings
from claimlens.gate.ingest.entry import Defaults
from claimlens.gate.ingest.record import LONGEST_ID, item_of
from claimlens.gate.masking import masked_anywhere
from claimlens.usecases.menus import NO_LOCALE, UNKNOWN_LOCALE

#: Items of one request, and verdicts of one (items times locales).
MOST_ITEMS = 200
#: Letters of one item's texts together: a hundred long labels. More of them would be answered in tens of megabytes.
MOST_TEXT = 200_000
#: Mistakes that an answer lists.
MOST_PROBLEMS = 20
#: What the services may take of a feed's 150 ms, of a label's 5 s once it is read, and for a line of a bulk job.
FEED_SERVICES_MS = 60.0
PATIENT_SERVICES_MS = 500.0
PATIENT_RETRIES = 2
_KINDS = frozenset(kind.value for kind in Kind)


class Asked(NamedTuple):
    """One item to be judged by the law of one locale. `record` is the item as submitted, `image` a digest or empty."""

    item: Item
    record: dict[str, Any]
    locale: str
    image: str = ""


class Ask(msgspec.Struct, frozen=True):
    """What one request asks. `single`: one verdict is the whole answer. `missing` are services that gave no answer.

    `gaps` is what could not be checked though its service is well; `label` is JSON that stands beside the verdict.
    `services_ms` is what all services together may take, 0 for the quick way that asks none.
    """

    asked: tuple[Asked, ...]
    single: bool = False
    missing: tuple[str, ...] = ()
    services_ms: float = 0.0
    services_retries: int = 0
    gaps: tuple[str, ...] = ()
    label: bytes = b""

    @property
    def size(self) -> int:
        """Verdicts that will be given."""
        return len(self.asked)


def read_feed(document: Any, tenant: Tenant) -> Ask:
    """One item, a list of items, `{"items": [...]}` or `{"item": {...}}`; `locale` or `locales` stand beside them.

    `locales` judges each item for several markets; an item's own `locale` or `locales` goes before what stands beside
    it. Raises InvalidError, which lists what is wrong by its JSON Pointer into the document.
    """
    return replace(_Reader(tenant.settings).feed(document), services_ms=FEED_SERVICES_MS)


def read_validate(document: Any, tenant: Tenant) -> Ask:
    """`{"item": {...}, "locale"}` or the item itself; one locale. Raises InvalidError."""
    head, records, at = _taken_apart(document)
    if len(records) != 1 or at[0].startswith("/items"):
        raise _invalid("", 'one item is expected: {"item": {...}, "locale": "en-GB"}; /v1/menu/feed takes several')
    for place, holder in ((at[0], records[0]), ("", head)):
        if isinstance(holder, dict) and "locales" in holder:
            raise _invalid(f"{place}/locales", "one item is judged by one locale here; /v1/menu/feed takes several")
    return Ask(_Reader(tenant.settings).feed(document).asked, single=True)


def read_label(document: Any, tenant: Tenant, *, locale: str, image: str) -> Ask:
    """The item of a photo of its label; `image` is the digest of the photo. Raises InvalidError."""
    if not isinstance(document, dict):
        raise _invalid("/item", "an item is an object with a name")
    head = {"item": document, **({"locale": locale} if locale else {})}
    ask = _Reader(tenant.settings).feed(head)
    if ask.size != 1:
        raise _invalid("/item/locales", "a label is judged by one locale")
    return Ask(
        (ask.asked[0]._replace(image=image),),
        single=True,
        services_ms=PATIENT_SERVICES_MS,
        services_retries=PATIENT_RETRIES,
    )


def read_line(record: Any, tenant: Tenant, *, locale: str, number: int) -> Ask:
    """The item of a line of a bulk job; `locale` holds where the line states none. Raises InvalidError.

    A line without an id is called after its `number`, counted from 1.
    """
    reader = _Reader(tenant.settings)
    beside = locale or tenant.settings.default_locale
    asked = reader.item(
        record, number - 1, "", Defaults(marks=tenant.settings.brand_names), (beside,) if beside else ()
    )
    reader.check()
    return Ask(tuple(asked))


class _Reader:
    """Reads the items of one document by the settings of a tenant."""

    def __init__(self, settings: TenantSettings) -> None:
        self._marks = settings.brand_names
        self._allowed = frozenset(settings.allowed_locales)
        self._usual = settings.default_locale
        self._problems: list[tuple[str, str]] = []
        self._code = ""

    def feed(self, document: Any) -> Ask:
        head, records, at = _taken_apart(document)
        if not 1 <= len(records) <= MOST_ITEMS:
            have = f"these are {len(records)}" if records else "there is none in it"
            raise _invalid("/items" if head is not None else "", f"1 to {MOST_ITEMS} items are expected, {have}")
        beside = self._locales(head or {}, "")
        if not beside and self._usual and not self._problems:
            beside = (self._usual,)
        defaults = Defaults(self._kind(head or {}), "", self._marks)
        asked: list[Asked] = []
        seen: set[str] = set()
        for index, record in enumerate(records):
            found = self.item(record, index, at[index], defaults, beside)
            asked += found
            if found and found[0].item.id in seen:
                self._wrong(f"{at[index]}/id", f"{found[0].item.id!r:.80} is the id of another item of this request")
            seen.update(one.item.id for one in found)
        self.check()
        if len(asked) > MOST_ITEMS:
            raise _invalid("/locales", f"{len(asked)} verdicts are asked for; items times locales is at most 200")
        return Ask(tuple(asked))

    def check(self) -> None:
        """Raises InvalidError if anything was wrong so far."""
        if self._problems:
            raise InvalidError(tuple(dict.fromkeys(self._problems))[:MOST_PROBLEMS], self._code)

    def item(self, record: Any, index: int, at: str, defaults: Defaults, beside: tuple[str, ...]) -> list[Asked]:
        """The item of a record, once for each locale; empty if it cannot be read."""
        try:
            item = item_of(record, index, defaults)
        except InputError as error:
            self._wrong(at + error.pointer, error.detail, error.code)
            return []
        if wrong := _wrong_id(record.get("id")):
            self._wrong(f"{at}/id", wrong)
        if (length := sum(len(text) for _, text in item.texts())) > MOST_TEXT:
            self._wrong(at, f"the texts of an item have at most {MOST_TEXT:,} characters together, these {length:,}")
        own = self._locales(record, at)
        if not own and not beside and not self._problems:
            self._wrong(f"{at}/locale", NO_LOCALE, UNKNOWN_LOCALE)
        for locale in own or beside:
            if self._allowed and locale not in self._allowed:
                self._wrong(f"{at}/locale" if own else "/locale", not_allowed(locale, self._allowed), UNKNOWN_LOCALE)
        return [Asked(item, record, locale) for locale in own or beside]

    def _locales(self, holder: dict[str, Any], at: str) -> tuple[str, ...]:
        """What `locale` or `locales` of an object says; empty if it says nothing that can be used."""
        several, one = holder.get("locales"), holder.get("locale")
        if several is None:
            return self._known([one], [f"{at}/locale"]) if one is not None and one != "" else ()
        if not isinstance(several, list) or not several:
            self._wrong(f"{at}/locales", "a list of locales is expected")
            return ()
        if one is not None:
            self._wrong(f"{at}/locale", "`locale` or `locales`, not both")
        if len(several) > len(LOCALES):
            self._wrong(f"{at}/locales", f"{len(several)} locales; there are {len(LOCALES)}")
            return ()
        return self._known(several, [f"{at}/locales/{i}" for i in range(len(several))])

    def _known(self, given: Sequence[Any], at: Sequence[str]) -> tuple[str, ...]:
        found: dict[str, None] = {}
        for pointer, locale in zip(at, given, strict=True):
            if not isinstance(locale, str):
                self._wrong(pointer, "a locale is a text such as en-GB")
                continue
            try:
                found[canonical_locale(locale)] = None
            except UnknownLocaleError as error:
                self._wrong(pointer, error.detail, error.code)
        return tuple(found)

    def _kind(self, head: dict[str, Any]) -> Kind | None:
        kind = head.get("kind")
        if kind is None or kind == "":
            return None
        if not isinstance(kind, str) or kind not in _KINDS:
            self._wrong("/kind", f"{kind!r:.60} is no kind of item; the kinds are {', '.join(Kind)}")
            return None
        return Kind(kind)

    def _wrong(self, pointer: str, detail: str, code: str = "INVALID_SCHEMA") -> None:
        # A detail may quote what was sent, and a refusal may be stored.
        self._code = self._code or code
        self._problems.append((masked_anywhere(pointer), masked_anywhere(detail)))


def _taken_apart(document: Any) -> tuple[dict[str, Any] | None, list[Any], list[str]]:
    """What stands beside the items (None: nothing can), the items, and the JSON Pointer of each."""
    if isinstance(document, list):
        return None, document, [f"/{i}" for i in range(len(document))]
    if not isinstance(document, dict):
        raise _invalid("", 'an item or {"items": [...]} is expected')
    if "items" in document:
        records = document["items"]
        if not isinstance(records, list):
            raise _invalid("/items", "a list of items is expected")
        return document, records, [f"/items/{i}" for i in range(len(records))]
    if "item" in document and "name" not in document:
        return document, [document["item"]], ["/item"]
    return None, [document], [""]


def _wrong_id(given: Any) -> str:
    """What is wrong with an id, empty for nothing. Verdicts, audits and exports name the item by it, to the letter."""
    if given is None or (isinstance(given, int) and not isinstance(given, bool)):
        return "" if len(str(given)) <= LONGEST_ID else f"an id has at most {LONGEST_ID} digits"
    if not isinstance(given, str):
        return "an id is a text or a whole number"
    if len(given) > LONGEST_ID:
        return f"an id has at most {LONGEST_ID} characters, this one has {len(given):,}"
    return "an id holds no U+0000" if "\0" in given else ""


def not_allowed(locale: str, allowed: Collection[str]) -> str:
    """Why a known locale is refused."""
    return f"{locale!r} is none of this tenant's locales: {', '.join(sorted(allowed))}"


def _invalid(pointer: str, detail: str) -> InvalidError:
    return InvalidError(((pointer, detail),))
