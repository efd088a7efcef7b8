"""Which category of the law's table of reference amounts a dish belongs to, by the words of its name."""

from claimlens.domain.references import NutrientReferences, ReferenceAmount, head_words

_LONGEST_KEYWORD = 4


def reference_amount(name: str, references: NutrientReferences) -> ReferenceAmount | None:
    """The amount customarily eaten of a food called `name`; None if no keyword fits.

    The keyword that stands last names the food ("chocolate chip cookies" are cookies); of two that end at the same word
    the longer one is meant ("ice cream", not "cream").
    """
    keywords = references.reference_keywords
    if not keywords or not name:
        return None
    words = head_words(name)
    for end in range(len(words), 0, -1):
        if end < len(words) and words[end] in references.reference_amount_not_before:
            continue
        for start in range(max(0, end - _LONGEST_KEYWORD), end):
            place = keywords.get(" ".join(words[start:end]))
            if place is not None:
                return references.reference_amounts[place]
    return None
