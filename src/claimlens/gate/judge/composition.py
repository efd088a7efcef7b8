"""Whether the item itself contradicts a claim about what it is made of ("vegan" on a paneer dish)."""

from claimlens.domain.pack import Negators
from claimlens.domain.rule import Contradiction
from claimlens.gate.detect.allergens import AllergenSighting
from claimlens.gate.judge.context import Context, is_negated

_MOST_WORDS = 3


def contradiction(claim: Contradiction, context: Context, negators: Negators, allergens: AllergenSighting) -> str:
    """The item's words that make the claim false ("paneer, ghee"), or nothing."""
    words: dict[str, None] = {}
    for allergen in claim.allergens:
        words |= dict.fromkeys(allergens.words_for(allergen, include_may_contain=not claim.contains_only))
    reading, hits, place = context.item_reading, context.item_hits, context.place
    for sequence in claim.ingredients:
        if not hits.may_have(sequence.anchor):
            continue
        for start, end in hits.find(sequence):
            there = reading.place(start, end)
            if there.field == place.field and place.start <= there.start and there.end <= place.end:
                continue
            sighting = context.sighting._replace(start=start, end=end)
            other = context._replace(reading=reading, hits=hits, sighting=sighting, place=there)
            if not is_negated(other, negators):
                words[reading.words(there)] = None
    return ", ".join(list(words)[:_MOST_WORDS])
