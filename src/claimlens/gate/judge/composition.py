"""Whether the item itself contradicts a claim about what it is made of ("vegan" on a paneer dish)."""

from claimlens.gate.detect.allergens import AllergenSighting
from claimlens.domain.pack import Negators
from claimlens.domain.rule import Contradiction
from claimlens.gate.judge.context import Context, is_negated

_MOST_WORDS = 3


def contradiction(
    claim: Contradiction, context: Context, negators: Negators, allergens: AllergenSighting
) -> str:
    """The item's words that make the claim false ("paneer, ghee"), or nothing."""
    seen = allergens.contains if claim.contains_only else (*allergens.contains, *allergens.may_contain)
    words: dict[str, None] = {mention.words: None for mention in seen if mention.allergen in claim.allergens}
    hits, sighting = context.hits, context.sighting
    for sequence in claim.ingredients:
        if sequence.anchor not in hits.by_element:
            continue
        for start, end in hits.find(sequence):
            if start < sighting.end and sighting.start < end:
                continue
            other = context._replace(
                sighting=sighting._replace(start=start, end=end), place=context.reading.place(start, end)
            )
            if not is_negated(other, negators):
                words[context.reading.words(other.place)] = None
    return ", ".join(list(words)[:_MOST_WORDS])
