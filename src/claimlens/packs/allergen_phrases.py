"""Phrases written once for many wordings: "(in|at) [the] same {place}" stands for each way to read it.

`(a|b)` is one of the alternatives, `[a|b]` one of them or none, `{name}` a list given beside the phrase. Alternatives
may be phrases, brackets do not nest, and a plain term in round brackets stays as it is.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import product

from claimlens.domain.errors import PackInvalidError

_PART = re.compile(r"\(([^()|]*\|[^()]*)\)|\[([^\[\]]*)\]|\{(\w+)\}")
_MOST_WORDINGS = 4000


def wordings(phrase: str, lists: Mapping[str, tuple[str, ...]], file: str) -> Iterator[str]:
    """Every reading of `phrase`, in the order written; raises PackInvalidError for an unknown list or too many."""
    choices: list[tuple[str, ...]] = []
    at = 0
    for part in _PART.finditer(phrase):
        choices += [(phrase[at : part.start()],), _choice(part, lists, file)]
        at = part.end()
    choices.append((phrase[at:],))
    count = 1
    for choice in choices:
        count *= len(choice)
    if count > _MOST_WORDINGS:
        raise PackInvalidError(f"{count} wordings in one phrase, more than {_MOST_WORDINGS}: {phrase}", file)
    for parts in product(*choices):
        yield " ".join("".join(parts).split())


def _choice(part: re.Match[str], lists: Mapping[str, tuple[str, ...]], file: str) -> tuple[str, ...]:
    if part[3] is not None:
        if part[3] not in lists:
            raise PackInvalidError(f"no such list: {part[3]}", file)
        return lists[part[3]]
    return tuple(part[1].split("|")) if part[1] is not None else ("", *part[2].split("|"))
