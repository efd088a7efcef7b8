"""E-mail addresses and UPI ids: what stands around an `@`, written plainly or as `[at]` and `[dot]`."""

import re
from collections.abc import Iterator

from claimlens.gate.normalise.pii.hits import PiiHit
from claimlens.gate.normalise.pii.upi import is_upi_handle, speaks_of_upi

_AT = re.compile(
    r" ?[\[({<] {0,2}(?:at|arroba|chiocciola|arobase|@) {0,2}[\])}>] ?| (?:at|AT|At) |(?<=[\w.]) ?@ ?(?=[\w])",
    re.IGNORECASE,
)
_DOT = r"(?:\.| ?[\[({<] {0,2}(?:dot|punkt|point|punto|\.) {0,2}[\])}>] ?| dot )"
_DOMAIN = re.compile(
    rf"(?:[^\W_][\w-]{{0,62}}{_DOT}){{1,6}}(?:[^\W\d_]{{2,24}}|xn--[a-z0-9-]{{2,40}})(?![\w-])", re.IGNORECASE
)
_HANDLE = re.compile(r"[A-Za-z][A-Za-z0-9]{1,24}(?![\w@-]|\.\w)")
_WORDED_DOT = re.compile(r"\bdot\b|punkt|point|punto", re.IGNORECASE)
_LOCAL_SIGNS = frozenset(".-_+'%")
_MAX_LOCAL = 64

#: With a space around the sign ("name @ gmail.com") only mail hosts tell an address from "find us @ shop.com".
_MAIL_HOSTS = frozenset(
    "gmail googlemail yahoo ymail outlook hotmail live icloud me aol proton protonmail rediffmail zoho gmx "
    "web freenet t-online mail libero virgilio tiscali orange wanadoo free laposte sfr btinternet".split()
)
_MAIL_WORDS = re.compile(
    r"\b(?:e-?mail|mail|write|contact|courriel|correo|posta|scrivi|escríbenos|ईमेल)\b", re.IGNORECASE
)


def find_emails_and_upi(text: str) -> list[PiiHit]:
    """E-mail addresses and UPI ids in `text` (plain signs, see `plain_view`)."""
    return list(_addresses(text))


def _addresses(text: str) -> Iterator[PiiHit]:
    done = 0
    for at in _AT.finditer(text):
        sign = at[0].strip()
        worded = sign != "@"
        start = _local_start(text, at.start(), done)
        if start == at.start():
            continue
        domain = _DOMAIN.match(text, at.end())
        if domain:
            if _is_address(text, start, at, domain, worded):
                yield PiiHit("email", start, domain.end())
                done = domain.end()
        elif not worded and len(at[0]) == 1:
            handle = _HANDLE.match(text, at.end())
            if handle and (is_upi_handle(handle[0]) or speaks_of_upi(text, start, handle.end())):
                yield PiiHit("upi", start, handle.end())
                done = handle.end()


def _local_start(text: str, end: int, floor: int) -> int:
    floor = max(floor, end - _MAX_LOCAL)
    start = end
    while start > floor and (text[start - 1].isalnum() or text[start - 1] in _LOCAL_SIGNS):
        start -= 1
    while start < end and not text[start].isalnum() and text[start] != "_":
        start += 1
    if start < end and start > floor + 4 and text[floor:start].lower().endswith((" dot ", "[dot]", "(dot)")):
        # "first dot last at shop dot com"
        before = len(text[floor:start].rstrip(" ])").rstrip()) + floor - len("dot")
        before = len(text[floor:before].rstrip(" [(")) + floor
        earlier = _local_start(text, before, floor)
        return earlier if earlier < before else start
    return start


def _is_address(text: str, start: int, at: re.Match[str], domain: re.Match[str], worded: bool) -> bool:
    host = domain[0]
    if worded:
        # a bracketed sign is meant as one; the bare word "at" needs a spelt-out dot as well
        if at[0].strip().lower() != "at":
            return True
        return bool(_WORDED_DOT.search(host)) and host.split()[0].lower() not in ("the", "our", "a", "my", "this")
    if len(at[0]) == 1:
        return True
    return host.split(".")[0].lower() in _MAIL_HOSTS or bool(_MAIL_WORDS.search(text[max(0, start - 24) : start]))
