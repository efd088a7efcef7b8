"""Web addresses: with a scheme, with `www.`, or a bare host whose ending is one."""

import re
from collections.abc import Iterator

from claimlens.gate.normalise.pii.hits import PiiHit

_WITH_SCHEME = re.compile(r"(?<![^\W_])(?:h(?:tt|xx)ps?|ftp|upi)://[^\s<>\"“”«»|]{3,}", re.IGNORECASE)
_WITH_WWW = re.compile(r"(?<!\w)www\d?\.[^\W_][^\s<>\"“”«»|,;]{2,}", re.IGNORECASE)
_TOKEN = re.compile(r"[^\s<>\"“”«»|,;()\[\]{}…!*·•@]+")
_WORDED = re.compile(
    r"(?<![\w.@-])(?!(?:the|a|an|our|my|this|that|polka)\b)(?:www ?(?:dot|[\[(]dot[\])]) ?)?"
    r"[A-Za-z0-9][A-Za-z0-9-]{1,62}"
    r"(?: ?[\[({] ?(?:dot|\.) ?[\])}] ?| dot )(?:com|net|org|in|co\.in|co\.uk|co|uk|de|fr|es|it|eu|ie|shop|app|menu)\b",
    re.IGNORECASE,
)
_LABEL = re.compile(r"[^\W_](?:[\w-]{0,61}[^\W_])?")
_TRAILING = ".,;:!?'\"’”»*_~"

#: Endings that no word of a menu ends a sentence with: a host that ends so is one, whatever stands around it.
_CLEAR_ENDINGS = frozenset(
    """
    com net org info biz edu gov mobi io ai eu uk de fr nl ch pt pl cz dk se fi ie ru tr gr hu ro hr ca au nz jp cn
    hk sg za br mx ae lk np pk bd app shop xyz online site website store tech dev cloud blog link click delivery
    restaurant catering example test localhost tv cc ly gl ws gg london berlin paris nyc asia cat gal scot wales
    """.split()
)
#: Endings that are words too ("in", "it", "is", "bar", "pizza"): they need a sign that a host is meant.
_WORD_ENDINGS = frozenset(
    """
    in it es at be me us co am to so no is la do my al ad as by id fm pe st sk si bg li lu lt lv ee mt mk my ms mu
    vg ph th vn il kr tw ar cl uy bo ec ve ke ng gh eg ma tn sa qa kw bh om pizza cafe bar coffee beer wine menu
    kitchen fish food recipes restaurant bio vegan farm organic life live world today cooking pub vin garden family
    fun page eat
    """.split()
)
_SECOND_LEVEL = frozenset("co com net org gov ac edu firm gen ltd plc or".split())
_SENDS_THERE = re.compile(
    r"\b(?:visit|website|web|site|online|order|orders|menu|url|link|www|see|at|on|via|follow|sur|unter|auf|visitez|visita|"
    r"visite|en|su|sul|besuchen|webseite|commandez|insta|instagram|facebook|fb)\b\W{0,3}$",
    re.IGNORECASE,
)


def find_urls(text: str) -> list[PiiHit]:
    """Web addresses in `text` (plain signs, see `plain_view`)."""
    spans: list[tuple[int, int]] = []
    low = text.lower()
    if "://" in text:
        spans += [(m.start(), _trimmed_end(text, m.start(), m.end())) for m in _WITH_SCHEME.finditer(text)]
    if "www" in low:
        spans += [(m.start(), _trimmed_end(text, m.start(), m.end())) for m in _WITH_WWW.finditer(text)]
    if "dot" in low or "[.]" in text or "(.)" in text:
        spans += [m.span() for m in _WORDED.finditer(text)]
    spans += _bare_hosts(text)
    hits: list[PiiHit] = []
    for start, end in sorted(spans, key=lambda span: (span[0], -span[1])):
        if not hits or start >= hits[-1].end:
            hits.append(PiiHit("url", start, end))
    return hits


def _trimmed_end(text: str, start: int, end: int) -> int:
    """The end without closing punctuation and without a bracket that was opened before the address."""
    opened, closed = text.count("(", start, end), text.count(")", start, end)
    while end > start:
        if text[end - 1] == ")" and closed > opened:
            closed -= 1
        elif text[end - 1] == "(":
            opened -= 1
        elif text[end - 1] not in _TRAILING and text[end - 1] != "]":
            break
        end -= 1
    return end


def _bare_hosts(text: str) -> Iterator[tuple[int, int]]:
    for token in _TOKEN.finditer(text):
        written = token[0]
        if "." not in written or "://" in written:
            continue
        start = token.start() + len(written) - len(written.lstrip(".,:'’-_#~=→/&+"))
        label = text.rfind(":", start, token.end())
        if label > 0 and text[start:label].isalpha():  # "Web:shop.com"
            start = label + 1
        end = _trimmed_end(text, start, token.end())
        host_end = min((i for sign in "/?#:" if (i := text.find(sign, start, end)) >= 0), default=end)
        has_path = host_end < end and text[host_end] in "/?" and end - host_end > 1
        if not has_path:
            end = host_end
        if _is_host(text, start, host_end, has_path):
            at_sign = start > 0 and text[start - 1] == "@"
            if not at_sign:
                yield start, end


def _is_host(text: str, start: int, end: int, has_path: bool) -> bool:
    if not 4 <= end - start <= 253:
        return False
    labels = text[start:end].split(".")
    if len(labels) < 2 or not all(_LABEL.fullmatch(label) for label in labels):
        return False
    ending = labels[-1]
    name = labels[-2]
    if not (ending.islower() or (text[start:end].isupper() and len(labels[0]) > 2)) or not any(map(str.isalpha, name)):
        return False
    ending = ending.lower()
    if ending in _CLEAR_ENDINGS:
        return len(name) > 1 or has_path
    if ending not in _WORD_ENDINGS:
        return False
    if has_path:
        return len(name) > 1 or len(labels) > 2 or name.isalpha()
    if len(labels) > 2 and (name in _SECOND_LEVEL or labels[0].lower() in ("www", "order", "shop", "menu", "m")):
        return True
    if len(name) < 3:
        return False
    ends_there = not re.match(r"\s*[^\W\d_]", text[end : end + 8])
    return ends_there or bool(_SENDS_THERE.search(text[max(0, start - 16) : start]))
