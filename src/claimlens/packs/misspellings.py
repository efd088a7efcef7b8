"""Common misspellings of a long word, made when a pack is compiled.

Looking up every unknown word of a text by edit distance would cost more than all other matching together; enumerating
the slips that
people and evaders make (Damerau 1964: one letter dropped, doubled or swapped with its neighbour make most of them)
costs nothing at run time. Short words are left alone: one letter off they are other words.
"""

SHORTEST = 8
_CONFUSED = (
    ("ie", "ei"),
    ("ei", "ie"),
    ("ph", "f"),
    ("y", "i"),
    ("c", "k"),
    ("ll", "l"),
    ("mm", "m"),
    ("ss", "s"),
    ("a", "e"),
    ("e", "a"),
)


def misspellings(word: str) -> list[str]:
    """Spellings of `word` (folded, one word) with one slip; the first two letters are always right.

    Empty for short words.
    """
    if len(word) < SHORTEST or not word.isascii() or not word.isalpha():
        return []
    found: dict[str, None] = {}
    for i in range(2, len(word)):
        found[word[:i] + word[i + 1 :]] = None
        found[word[:i] + word[i] + word[i:]] = None
        if i + 1 < len(word):
            found[word[:i] + word[i + 1] + word[i] + word[i + 2 :]] = None
    for right, wrong in _CONFUSED:
        at = word.find(right, 2)
        while at >= 0:
            found[word[:at] + wrong + word[at + len(right) :]] = None
            at = word.find(right, at + 1)
    found.pop(word, None)
    return list(found)
