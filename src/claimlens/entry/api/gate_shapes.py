"""Items and verdicts as the OpenAPI document shows them, with examples that the tests run."""

from typing import Any

import msgspec

from claimlens.domain.item import Kind
from claimlens.domain.jurisdiction import LOCALES
from claimlens.domain.label import Label, Span
from claimlens.domain.verdict import Verdict
from claimlens.gate.ingest.record import LONGEST_ID, OPTION_FIELDS
from claimlens.usecases.asks import MOST_ITEMS
from claimlens.usecases.badges import KINDS


class VerdictAnswer(Verdict, frozen=True, kw_only=True):
    """A verdict as it is sent. A reason that somebody answers for carries `suppressed` or `suppression_expired`."""

    locale: str
    profile: str
    audit_id: str
    correlation_id: str


class VerdictList(msgspec.Struct, frozen=True, kw_only=True):
    """A verdict for each item and locale, in the order asked."""

    verdicts: list[VerdictAnswer]
    correlation_id: str
    degraded_services: list[str]


class LabelShown(Label, frozen=True, kw_only=True, omit_defaults=True):
    """What was read, or in `cannot` why nothing could be.

    `fields` says where each field of the item that came from the label stands in `text`, by its JSON Pointer.
    """

    fields: dict[str, tuple[Span, ...]] = msgspec.field(default_factory=dict)
    cannot: str = ""


class LabelVerdict(VerdictAnswer, frozen=True, kw_only=True):
    """A verdict with what was read; no `label` when nobody was there to read it."""

    label: LabelShown | msgspec.UnsetType = msgspec.UNSET


_TEXT = {"type": ["string", "null"], "maxLength": 1_048_576}
_TEXTS = {"anyOf": [_TEXT, {"type": "array", "items": _TEXT, "maxItems": 100_000}]}
_LOCALE = {"type": "string", "description": f"Whose law applies: {', '.join(LOCALES)}.", "examples": ["en-GB"]}
_LOCALES = {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": len(LOCALES)}

ITEM: dict[str, Any] = {
    "title": "Item",
    "type": "object",
    "description": "One thing to be published. Unknown fields travel along and are not judged.",
    "required": ["name"],
    "properties": {
        "id": {
            "type": ["string", "integer", "null"],
            "maxLength": LONGEST_ID,
            "description": "Yours; `item-1`, `item-2`, … without one. Each once in a request.",
        },
        "name": {"type": "string", "minLength": 1, "maxLength": 1_048_576},
        "description": _TEXT,
        "ingredients": {
            "description": "As on the label, or a list. Without it allergens are unknown, never absent.",
            "anyOf": [_TEXT, {"type": "array", "items": {"type": ["string", "object"]}, "maxItems": 100_000}],
        },
        "nutrition": {
            "description": 'Numbers with their units and a `basis`: {"basis": "per_100ml", "fat": "0.1 g"}.',
            "type": ["object", "array", "null"],
        },
        "claims": _TEXTS,
        "tags": _TEXTS,
        "category": {"type": ["string", "object", "null"]},
        "kind": {"type": ["string", "null"], "enum": [*(str(kind) for kind in Kind), "", None]},
        "brand": {"type": ["string", "object", "null"]},
        "gtin": {"type": ["string", "integer", "null"]},
        "allergens_declared": {"description": "What the label already declares.", "anyOf": [_TEXT, {"type": "array"}]},
        "image": {"type": ["string", "null"], "description": "base64; never a URL. `/v1/labels/scan` judges photos."},
        "ocr_text": _TEXT,
        "locale": {"type": ["string", "null"]},
        "metadata": {"type": ["object", "null"]},
        **{name: {"type": ["array", "object", "string", "null"]} for name in OPTION_FIELDS},
    },
}
_ITEM = {"$ref": "#/components/schemas/Item"}
ONE_ITEM: dict[str, Any] = {
    "anyOf": [
        {"type": "object", "required": ["item"], "properties": {"item": _ITEM, "locale": _LOCALE}},
        _ITEM,
    ]
}
_ITEMS = {"type": "array", "items": _ITEM, "minItems": 1, "maxItems": MOST_ITEMS}
FEED: dict[str, Any] = {
    "anyOf": [
        {
            "type": "object",
            "required": ["items"],
            "properties": {"items": _ITEMS, "locale": _LOCALE, "locales": _LOCALES, "kind": {"type": "string"}},
        },
        {
            "type": "object",
            "required": ["item"],
            "properties": {"item": _ITEM, "locale": _LOCALE, "locales": _LOCALES},
        },
        _ITEMS,
        _ITEM,
    ]
}
SCAN_FORM: dict[str, Any] = {
    "type": "object",
    "required": ["image"],
    "properties": {
        "image": {"type": "string", "format": "binary", "description": "PNG, JPEG or WebP."},
        "item": {
            "type": "string",
            "contentMediaType": "application/json",
            "description": "What is known of the item, as JSON; its fields go before those of the label.",
        },
        "locale": _LOCALE,
    },
}
VERDICT = VerdictAnswer
VERDICTS = VerdictList
LABEL_VERDICT = LabelVerdict
BADGES: dict[str, Any] = {
    "type": "object",
    "required": ["badges", "correlation_id"],
    "properties": {
        "badges": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["item_id", "kind", "label", "explanation", "source"],
                "properties": {
                    "item_id": {"type": "string"},
                    "kind": {"enum": list(KINDS)},
                    "label": {"type": "string"},
                    "explanation": {"type": "string"},
                    "source": {"type": "string", "description": "The law, as a URL; empty where there is none."},
                },
            },
        },
        "correlation_id": {"type": "string"},
    },
}

_JUICE = {
    "id": "j-1",
    "kind": "beverage",
    "name": "Immunity Boost Orange Juice",
    "ingredients": "orange juice from concentrate",
    "nutrition": {"basis": "per_100ml", "energy": "42 kcal", "vitamin_c": "30 mg"},
}
_CURRY = {"id": "c-1", "name": "Butter chicken", "description": "Slow-cooked, mild.", "ingredients": "chicken, butter"}
VALIDATE_EXAMPLE = {"item": _JUICE, "locale": "en-GB"}
FEED_EXAMPLE = {"locale": "en-GB", "items": [_JUICE, _CURRY]}
MARKETS_EXAMPLE = {"item": _JUICE, "locales": ["en-GB", "en-IN", "en-US", "de-DE"]}

_AUDIT_ID = "0192f3a4-5b6c-7d8e-9f01-23456789abcd"
_LAW = {
    "instrument": "Regulation (EC) 1924/2006 (assimilated)",
    "section": "Article 10(1)",
    "url": "https://www.legislation.gov.uk/eur/2006/1924",
}
VERDICT_EXAMPLE: dict[str, Any] = {
    "item_id": "j-1",
    "verdict": "modify",
    "needs_review": False,
    "reasons": [
        {
            "rule_id": "GB-HEALTH-IMMUNITY-001",
            "transform": "detect.claims",
            "severity": "modify",
            "resolution": "auto",
            "field": "/name",
            "span": [0, 14],
            "matched_text": "Immunity Boost",
            "why": "A health effect may be claimed only in its authorised wording.",
            "citation": _LAW,
            "source": _LAW["url"],
            "suggestions": [{"text": "Vitamin C contributes to the normal function of the immune system"}],
        }
    ],
    "changes": [{"field": "/name", "before": "Immunity Boost Orange Juice", "after": "Orange Juice"}],
    "allergens": {"complete": True, "contains": [], "may_contain": [], "undeclared": []},
    "nutrition": {"per": "100 ml", "energy_kcal": 42, "vitamin_c_mg": 30},
    "not_checked": [],
    "degraded_services": [],
    "pack_versions": {"gb.allergens": "1.0.0", "gb.claims": "1.0.0"},
    "locale": "en-GB",
    "profile": "menushield_gb",
    "audit_id": _AUDIT_ID,
    "correlation_id": "till-4711",
}
_FRONT = "Immunity Boost Orange Juice"
LABEL_EXAMPLE: dict[str, Any] = {
    **VERDICT_EXAMPLE,
    "label": {
        "engine": "rapidocr 3.10.0",
        "width": 1200,
        "height": 1600,
        "turned": 0.0,
        "text": f"{_FRONT}\nVitamin C 30 mg",
        "lines": [
            {
                "text": _FRONT,
                "span": [0, 27],
                "box": [[110, 96], [1088, 94], [1088, 178], [110, 180]],
                "confidence": 0.998,
            },
            {
                "text": "Vitamin C 30 mg",
                "span": [28, 43],
                "box": [[112, 400], [420, 400], [420, 436], [112, 436]],
                "confidence": 0.991,
            },
        ],
        "name": {"text": _FRONT, "spans": [[0, 27]]},
        "nutrition": [],
        "serving_size": "",
        "ingredients": None,
        "contains": [],
        "may_contain": [],
        "claims": [{"text": "Vitamin C 30 mg", "spans": [[28, 43]]}],
        "gtin": "",
        "fssai": "",
        "repairs": [],
        "fields": {"/name": [[0, 27]]},
    },
}
FEED_ANSWER = {"verdicts": [VERDICT_EXAMPLE], "correlation_id": "till-4711", "degraded_services": []}
BADGES_EXAMPLE = {
    "badges": [
        {
            "item_id": "j-1",
            "kind": "needs_proof",
            "label": "Immunity Boost",
            "explanation": "A health effect may be claimed only in its authorised wording.",
            "source": _LAW["url"],
        }
    ],
    "correlation_id": "till-4711",
}
