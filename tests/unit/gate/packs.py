"""A tiny pack for tests of the gate: real YAML, compiled by the real compiler."""

from typing import Any

import yaml

from claimlens.domain.pack import Pack
from claimlens.domain.rule import PERSONAL_DATA_TYPES
from claimlens.packs.compile import compile_pack
from claimlens.packs.source import read_pack

CITATION = {"instrument": "Food Act", "section": "1", "url": "https://law.example/food"}


WORDS = {
    "language": "en",
    "lists": {
        "disease": ["diabetes", "cancer", "joint pain*"],
        "negator": ["not", "never"],
        "negator_adjacent": ["no", "without"],
        "pseudo_negator": ["not only"],
    },
}


def rule(rule_id: str, **fields: Any) -> dict[str, Any]:
    """A rule with what every rule needs; `fields` go over it."""
    base = {
        "id": rule_id,
        "title": "A claim",
        "category": "disease",
        "severity": "block",
        "confidence": "verified",
        "triggers": ["cure*"],
        "why": "It is a claim.",
        "citation": CITATION,
        "rewrite": {"action": "remove"},
    }
    return base | fields


def pack(*rules: dict[str, Any], **documents: Any) -> Pack:
    """A GB pack of these rules; `documents` are further files by stem (`authorised_claims`, `checks`, `nutrients`)."""
    header = {"id": "gb", "jurisdiction": "GB", "versions": {"gb.claims": "1.0.0"}, "uses": ["en"]}
    pii = {
        "pii": [
            {"type": t, "rule_id": f"PII-{t.upper()}", "why": "Personal.", "citation": CITATION}
            for t in PERSONAL_DATA_TYPES
        ]
    }
    files = {"pack.yaml": header, "claims.yaml": {"family": "claims", "rules": list(rules)}, "pii.yaml": pii}
    files |= {f"{name}.yaml": content for name, content in documents.items()}
    source = read_pack(
        {name: yaml.safe_dump(content, allow_unicode=True).encode() for name, content in files.items()},
        {"words/en.yaml": yaml.safe_dump(WORDS).encode()},
    )
    return compile_pack(source, {}, "test")
