"""What excuses words that look like a claim: kind of item, set phrases, brand, ingredient names, negation.

Each test is a small question with a yes or a no; `excuse` asks them in a fixed order and names the one that said yes,
so that "why was this let through?" has an answer.
"""

from typing import NamedTuple

from claimlens.domain.pack import Negators
from claimlens.domain.pattern import Sequence
from claimlens.domain.rule import BrandPolicy, Negation, Rule
from claimlens.domain.text import fold
from claimlens.gate.detect.claims import Hits, Sighting
from claimlens.gate.normalise.reading import Place, Reading

_NEAR = 3  # words before a claim in which a negating word is looked for
_NEAR_BEHIND = 2
_CLAUSE_SIGNS = frozenset(",;()[]{}&+/|\n–—•")


class Context(NamedTuple):
    """A sighting with everything around it that may excuse it; `item_reading` and `item_hits` are of the whole item."""

    item_reading: Reading
    item_hits: Hits
    reading: Reading
    hits: Hits
    sighting: Sighting
    place: Place


def in_scope(rule: Rule, kind: str) -> bool:
    """Whether the rule speaks about such an item at all."""
    return not (rule.kinds and kind not in rule.kinds) and kind not in rule.not_kinds


def excuse(rule: Rule, context: Context) -> str:
    """Why the rule does not apply here ("set phrase", "own brand", ...); empty if it does."""
    hits, sighting = context.hits, context.sighting
    if rule.excuses and _overlaps(rule.excuses, hits, sighting):
        return "set phrase"
    if rule.excuses_near and _in_sentence(rule.excuses_near, hits, sighting):
        return "words in the sentence"
    if rule.excuses_item and context.item_hits.any(rule.excuses_item):
        return "words in the item"
    if rule.brand is BrandPolicy.EXCUSES and _in_brand(context):
        return "own brand"
    if rule.skips_ingredient_names and _names_ingredient(context):
        return "ingredient name"
    return ""


def is_negated(context: Context, negators: Negators) -> bool:
    """Whether a negating word stands close before (or, where a language wants it, behind) the words."""
    folded, sighting = context.hits.folded, context.sighting
    start = max(folded.rfind(" . ", 0, sighting.start) + 2, 0)
    before = folded[start : sighting.start].split()[-_NEAR:]
    for back, word in enumerate(reversed(before), 1):
        if word in negators.before or (back == 1 and word in negators.adjacent):
            if _one_stands_in(before, negators.false):
                return False
            at = sighting.start
            for _ in range(back):
                at = folded.rfind(" ", 0, at - 1) + 1
            return not _clause_between(context, at)
    return bool(negators.after) and _negated_behind(context, negators)


def _negated_behind(context: Context, negators: Negators) -> bool:
    """Hindi and German negate late: inside the matched words, or right behind them in the same clause."""
    folded, sighting = context.hits.folded, context.sighting
    if any(word in negators.after for word in folded[sighting.start : sighting.end].split()):
        return True
    end = folded.find(" . ", sighting.end)
    following = folded[sighting.end : end if end >= 0 else len(folded)].split()
    if not any(word in negators.after for word in following[:_NEAR_BEHIND]):
        return False
    if _one_stands_in(following[: _NEAR_BEHIND + 2], negators.false):
        return False
    text = context.reading.fields[context.place.field][1]
    after = text[context.place.end : context.place.end + 40]
    clause_end = min((i for i, c in enumerate(after) if c in _CLAUSE_SIGNS), default=len(after))
    return any(word in negators.after for word in fold(after[:clause_end]).split()[:_NEAR_BEHIND])


def drops_claim(rule: Rule, negated: bool) -> bool:
    """Whether a negated match of this rule is no claim at all."""
    return negated and rule.negation is not Negation.IGNORES


def _one_stands_in(words: list[str], phrases: tuple[str, ...]) -> bool:
    run = f" {' '.join(words)} "
    return any(f" {phrase} " in run for phrase in phrases)


def _clause_between(context: Context, negator_at: int) -> bool:
    reading, sighting = context.reading, context.sighting
    place = reading.place(negator_at, sighting.start - 1)
    if place.field != context.place.field:
        return True
    between = reading.fields[place.field][1][place.start : context.place.start]
    return not _CLAUSE_SIGNS.isdisjoint(between)


def _overlaps(sequences: tuple[Sequence, ...], hits: Hits, sighting: Sighting) -> bool:
    return any(
        start < sighting.end and sighting.start < end
        for sequence in sequences
        if hits.may_have(sequence.anchor)
        for start, end in hits.find(sequence)
    )


def _in_sentence(sequences: tuple[Sequence, ...], hits: Hits, sighting: Sighting) -> bool:
    folded = hits.folded
    first = max(folded.rfind(" . ", 0, sighting.start), 0)
    last = folded.find(" . ", sighting.end)
    last = last if last >= 0 else len(folded)
    return any(
        first <= start and end <= last
        for sequence in sequences
        if hits.may_have(sequence.anchor)
        for start, end in hits.find(sequence)
    )


def _in_brand(context: Context) -> bool:
    """Whether the words stand inside the item's brand or one of its publisher's marks."""
    item = context.reading.item
    return any(_stands_inside(context, name.strip().lower()) for name in (item.brand, *item.marks))


def _stands_inside(context: Context, name: str) -> bool:
    if not name:
        return False
    text = context.reading.fields[context.place.field][1].lower()
    at = text.find(name)
    while at >= 0:
        if at <= context.place.start and context.place.end <= at + len(name):
            return True
        at = text.find(name, at + 1)
    return False


def _names_ingredient(context: Context) -> bool:
    """The words are only part of a longer entry of an ingredient list ("low fat yogurt"), not the whole of it."""
    pointer, text = context.reading.fields[context.place.field]
    if not pointer.startswith("/ingredients"):
        return False
    start, end = context.place.start, context.place.end
    first = max(text.rfind(sign, 0, start) for sign in ",;()[]:.") + 1
    ends = [at for at in (text.find(sign, end) for sign in ",;()[]:.") if at >= 0]
    entry = text[first : min(ends, default=len(text))]
    return sum(c.isalpha() for c in entry) > sum(c.isalpha() for c in text[start:end])
