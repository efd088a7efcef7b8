"""Rule packs as their authors write them: YAML in, typed sources out, every mistake with file and line."""

from collections.abc import Mapping
from datetime import date
from typing import Any, TypeVar

import msgspec
import yaml

from claimlens.domain.errors import PackInvalidError
from claimlens.domain.finding import Resolution, Severity
from claimlens.domain.jurisdiction import Jurisdiction
from claimlens.domain.rule import BrandPolicy, Category, Confidence, Negation, RewriteAction

Example = str | dict[str, Any]
T = TypeVar("T")

_FREQUENT = 100
_FIGURES = "figures.yaml"

#: Files of a pack folder that are not families of claim rules.
SPECIAL_FILES = frozenset(
    {
        "pack.yaml",
        "allergens.yaml",
        "nutrients.yaml",
        "pii.yaml",
        "disclaimers.yaml",
        "authorised_claims.yaml",
        "alternatives.yaml",
        "checks.yaml",
        "not_encoded.yaml",
    }
)


class CitationSource(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Where the law stands, since when, and where, by whom and when it was read."""

    instrument: str
    section: str
    url: str
    read_at: str = ""
    read_by: str = ""
    read_on: date | None = None
    effective_from: date | None = None
    effective_to: date | None = None


class RewriteSource(msgspec.Struct, forbid_unknown_fields=True, frozen=True, rename={"text": "with"}):
    """How to edit; `with` is the replacement or the sentence to append."""

    action: RewriteAction
    text: str = ""


class ContradictionSource(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What elsewhere in the item makes the claim false."""

    allergens: tuple[str, ...] = ()
    contains_only: bool = False
    ingredients: tuple[str, ...] = ()
    on_contradiction: Severity = Severity.BLOCK


class Examples(msgspec.Struct, forbid_unknown_fields=True, frozen=True, rename={"passes": "pass"}):
    """Texts that must fire and texts that must not."""

    match: tuple[Example, ...] = ()
    passes: tuple[Example, ...] = ()


class RuleSource(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One rule as written."""

    id: str
    title: str
    severity: Severity
    confidence: Confidence
    triggers: tuple[str, ...]
    why: str
    citation: CitationSource
    category: Category
    status: str = "stable"
    facts: tuple[str, ...] = ()
    applies_to: tuple[str, ...] = ()
    not_for: tuple[str, ...] = ()
    excuses: tuple[str, ...] = ()
    excuses_near: tuple[str, ...] = ()
    excuses_item: tuple[str, ...] = ()
    requires_item: tuple[str, ...] = ()
    negation: Negation = Negation.EXCUSES
    brand: BrandPolicy | None = None
    ingredient_names: str = "judge"
    condition: str = ""
    on_fail: Severity = Severity.BLOCK
    function: str = ""
    contradicted_by: ContradictionSource | None = None
    resolution: Resolution | None = None
    rewrite: RewriteSource = RewriteSource(RewriteAction.NONE)
    suggestions: tuple[str, ...] = ()
    examples: Examples = Examples()
    notes: str = ""
    family: str = ""
    file: str = ""
    line: int = 0


class AuthorisedClaimSource(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One entry of the register as written; `nutrient_words` and `function_words` are patterns."""

    id: str
    nutrient: str
    function: str
    wordings: dict[str, str]
    nutrient_words: str
    function_words: str
    citation: CitationSource
    condition: str = ""
    needs: str = ""
    facts: tuple[str, ...] = ()
    confidence: Confidence = Confidence.VERIFIED
    not_for: tuple[str, ...] = ()


class PackHeader(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """`pack.yaml`."""

    id: str
    versions: dict[str, str]
    jurisdiction: Jurisdiction | None = None
    uses: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    engine: str = ""
    description: str = ""


class FactNotEncoded(msgspec.Struct, forbid_unknown_fields=True):
    """A row of the facts tables that no rule encodes, and why not."""

    fact: str
    reason: str


class PackSource(msgspec.Struct, kw_only=True):
    """A whole pack folder, read."""

    header: PackHeader
    rules: list[RuleSource]
    lists: dict[str, list[str]]
    misspelt: list[str]
    authorised: list[AuthorisedClaimSource]
    authorised_templates: list[str]
    documents: dict[str, Any]
    not_encoded: list[FactNotEncoded]
    corpus: list[str] = []


class _LineLoader(yaml.CSafeLoader):
    """Safe YAML that refuses duplicate keys and remembers on which line each mapping of a `rules` list starts."""


def _mapping(loader: _LineLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[Any] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node)
        if key in seen:
            raise yaml.MarkedYAMLError(problem=f"key {key!r} stands twice", problem_mark=key_node.start_mark)
        seen.add(key)
    result = loader.construct_mapping(node, deep=True)
    if "id" in result and "triggers" in result:
        result["line"] = node.start_mark.line + 1
    return result


_LineLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def read_yaml(data: bytes, file: str) -> Any:
    """A YAML document; raises PackInvalidError with file and line."""
    try:
        return yaml.load(data, Loader=_LineLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise PackInvalidError(f"not valid YAML: {error.problem}", file, line) from None
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        raise PackInvalidError(f"not valid YAML: {error}", file) from None


def _convert(value: Any, kind: type[T], file: str, line: int = 0, rule_id: str = "") -> T:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise PackInvalidError(str(error), file, line, rule_id) from None


def read_words(files: Mapping[str, bytes], languages: tuple[str, ...]) -> tuple[dict[str, list[str]], list[str]]:
    """The shared word lists of some languages, joined by name, and the names of those that are often misspelt."""
    lists: dict[str, list[str]] = {}
    misspelt: list[str] = []
    for language in languages:
        file = f"words/{language}.yaml"
        if file not in files:
            raise PackInvalidError(f"the pack uses words of {language!r}, but there is no {file}", file)
        document = read_yaml(files[file], file)
        for name, entries in (document.get("lists") or {}).items():
            lists.setdefault(name, []).extend(_convert(entries, list[str], file, 0, name))
        misspelt += document.get("misspellings") or []
    return lists, misspelt


def read_pack(files: Mapping[str, bytes], words: Mapping[str, bytes]) -> PackSource:
    """A pack from the bytes of its folder (`{relative path: bytes}`) and of the shared word folder."""
    if "pack.yaml" not in files:
        raise PackInvalidError("a pack folder needs a pack.yaml", "pack.yaml")
    header = _convert(read_yaml(files["pack.yaml"], "pack.yaml"), PackHeader, "pack.yaml")
    lists, misspelt = read_words(words, header.uses)
    source = PackSource(
        header=header,
        rules=[],
        lists=lists,
        misspelt=misspelt,
        authorised=[],
        authorised_templates=[],
        documents={},
        not_encoded=[],
        corpus=[*corpus_of(files), *_menu_words(words)],
    )
    if _FIGURES in words:
        source.documents["figures"] = read_yaml(words[_FIGURES], f"shared/{_FIGURES}")
    for file in sorted(files):
        if not file.endswith(".yaml") or file == "pack.yaml" or file.startswith("corpus/"):
            continue
        document = read_yaml(files[file], file)
        if file in SPECIAL_FILES:
            _read_special(file, document, source)
        else:
            _read_family(file, document, source)
    return source


def _menu_words(words: Mapping[str, bytes]) -> list[str]:
    """Frequent words of menus, each as often as it must stand to count as frequent."""
    lines = words.get("words/menu_words.txt", b"").decode("utf-8").splitlines()
    return [line for line in lines if not line.startswith("#")] * _FREQUENT


def corpus_of(files: Mapping[str, bytes]) -> list[str]:
    """The lawful texts of a pack, one a line; lines that start with # are notes."""
    return [
        line.strip()
        for file, content in sorted(files.items())
        if file.startswith("corpus/") and file.endswith(".txt")
        for line in content.decode("utf-8").splitlines()
        if line.strip() and not line.startswith("#")
    ]


def _read_special(file: str, document: Any, source: PackSource) -> None:
    if file == "not_encoded.yaml":
        rows = document.get("not_encoded", []) if isinstance(document, dict) else document
        source.not_encoded = _convert(rows or [], list[FactNotEncoded], file)
    elif file == "authorised_claims.yaml":
        source.authorised = _convert(document.get("claims") or [], list[AuthorisedClaimSource], file)
        source.authorised_templates = _convert(document.get("templates") or [], list[str], file)
        _add_lists(file, document, source)
    else:
        source.documents[file.removesuffix(".yaml")] = document


def _read_family(file: str, document: Any, source: PackSource) -> None:
    if not isinstance(document, dict):
        raise PackInvalidError("a family file is a mapping with `rules:`", file, 1)
    _add_lists(file, document, source)
    rows = document.get("rules")
    if rows is None:
        rows = [document] if "id" in document else []
    for row in rows:
        if not isinstance(row, dict):
            raise PackInvalidError("each rule is a mapping", file)
        line, rule_id = row.get("line", 0), str(row.get("id", ""))
        row = {**row, "file": file, "family": str(document.get("family") or file.rsplit("/")[0].removesuffix(".yaml"))}
        row.setdefault("category", document.get("category") or row["family"])
        source.rules.append(_convert(row, RuleSource, file, line, rule_id))


def _add_lists(file: str, document: Any, source: PackSource) -> None:
    for name, entries in (document.get("lists") or {}).items():
        source.lists.setdefault(name, []).extend(_convert(entries, list[str], file, 0, name))
    source.misspelt += document.get("misspellings") or []
