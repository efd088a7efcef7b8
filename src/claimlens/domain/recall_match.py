"""How sure it is that a recall is of an item: GTIN before brand and product, product words before an ingredient.

Words weigh by how rare they are among the recalls (0 to 1); words of any kitchen weigh little however rare. So
"chicken soup" is not enough to match the recall of one firm's chicken soup; with the firm's name it is.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from claimlens.domain.recall import Recall, RecallQuery, gtin14, normal_lot
from claimlens.domain.recall_words import GENERIC, words_of

#: A word of any kitchen weighs at most this.
GENERIC_WEIGHT = 0.3
#: What the words of a product must weigh together to name it without its brand.
_TELLING = 1.25
#: An index of fewer recalls is weighed as if it had as many: rare among a hundred is not rare.
_FEWEST = 5_000
#: But a handful of recalls says nothing of how rare a word is.
_MOST_SCALED = 10

Weigh = Callable[[str], float]


class RecordWords(msgspec.Struct, frozen=True, array_like=True):
    """The words of a recall: of each of its brands, and of each of its products without them."""

    products: tuple[tuple[str, ...], ...]
    brands: tuple[tuple[str, ...], ...]
    gtins: tuple[str, ...]
    lots: tuple[str, ...]
    ingredients: tuple[tuple[str, ...], ...] = ()


class Asked(msgspec.Struct, frozen=True):
    """A query in words. `forms`: how else the index spells a word, with how near that is (0 to 1)."""

    name: tuple[str, ...]
    brand: tuple[str, ...]
    gtin: str
    lots: tuple[str, ...]
    ingredients: tuple[tuple[str, ...], ...]
    forms: Mapping[str, Mapping[str, float]]


class Scored(msgspec.Struct, frozen=True):
    """A score from 0 to 1, its reason in words, and the fields that agreed."""

    score: float
    reason: str
    fields: tuple[str, ...]


class _Overlap(msgspec.Struct, frozen=True):
    weight: float
    cover: float
    words: tuple[str, ...]


_NOTHING = _Overlap(0.0, 0.0, ())


def record_words(recall: Recall) -> RecordWords:
    """What of a recall is matched."""
    brands = tuple(dict.fromkeys(words for brand in recall.brands if (words := tuple(words_of(brand)))))
    of_brands = {word for words in brands if _tells(words) for word in words}
    products = (tuple(word for word in words_of(name) if word not in of_brands) for name in recall.products)
    return RecordWords(
        products=tuple(dict.fromkeys(products)),
        brands=brands,
        gtins=recall.gtins,
        lots=recall.lots,
        ingredients=tuple(tuple(words_of(text)) for text in recall.ingredients),
    )


def asked_words(query: RecallQuery) -> Asked:
    """A query as it is matched, before other spellings are looked up."""
    return Asked(
        name=tuple(words_of(query.name[:1_000])),
        brand=tuple(words_of(query.brand[:300])),
        gtin=gtin14(query.gtin),
        lots=tuple(lot for text in query.lots if (lot := normal_lot(text))),
        ingredients=tuple(words for text in query.ingredients[:100] if (words := tuple(words_of(text[:200])))),
        forms={},
    )


def weight_of(word: str, records: int, total: int) -> float:
    """What a word weighs that stands in `records` of `total` recalls."""
    scale = max(total, _FEWEST)
    in_scale = records * min(scale / max(total, 1), _MOST_SCALED)
    weight = min(1.0, math.log((scale + 1) / (in_scale + 1)) / math.log(scale + 1))
    return min(weight, GENERIC_WEIGHT) if word in GENERIC else weight


def score(asked: Asked, record: RecordWords, weigh: Weigh) -> Scored | None:
    """How sure it is that the recall is of what was asked about; None if nothing speaks for it."""
    same_lot = next((lot for lot in asked.lots if lot in record.lots), "")
    other_lot = bool(asked.lots and record.lots and not same_lot)
    if asked.gtin and asked.gtin in record.gtins:
        found = Scored(1.0, f"the GTIN {asked.gtin} is the recalled one", ("gtin",))
    else:
        by_name = _by_words(asked, record, weigh, same_lot)
        by_ingredient = _by_ingredient(asked, record, weigh)
        either = [found for found in (by_name, by_ingredient) if found is not None]
        if not either:
            return None
        found = max(either, key=lambda one: one.score)
    if same_lot:
        better = min(1.0, found.score + 0.05)
        return Scored(better, f"{found.reason}; lot {same_lot} is among the recalled", (*found.fields, "lot"))
    if other_lot:
        lots = ", ".join(asked.lots[:3])
        return Scored(found.score - 0.1, f"{found.reason}; lot {lots} is not among those it lists", found.fields)
    return found


def _by_words(asked: Asked, record: RecordWords, weigh: Weigh, same_lot: str) -> Scored | None:
    brand = _brand_in_common(asked, record)
    of_brand = set(brand)
    said = [
        word for word in asked.name if word not in asked.brand and not of_brand & {word, *asked.forms.get(word, ())}
    ]
    lists = [[word for word in words if word not in of_brand] for words in record.products]
    overlaps = [_overlap(said, listed, asked.forms, weigh) for listed in lists if listed]
    best = max(overlaps, key=lambda overlap: overlap.cover * (0.5 + overlap.weight), default=_NOTHING)
    if brand:
        if not overlaps and not {*asked.brand, *asked.name}.issuperset(brand):
            return None  # a name spelled nearly alike, and nothing else to go by
        return _of_brand(" ".join(brand), best, same_lot, named=bool(overlaps))
    if not best.words:
        return None
    sure = 0.68 * best.cover * min(1.0, best.weight / _TELLING)
    if asked.brand and any(_tells(words) for words in record.brands):
        sure *= 0.6  # both say who makes it, and it is not the same
    if same_lot and best.cover >= 0.5:
        sure = max(sure, 0.75)
    return Scored(sure, f"the product ({', '.join(best.words)}) agrees", ("product",))


def _of_brand(brand: str, best: _Overlap, same_lot: str, *, named: bool) -> Scored | None:
    """The score of a recall of the same brand; None if it is plainly of another of its products."""
    if not named:
        return Scored(0.6, f"the recall is of the brand {brand} and names no product", ("brand",))
    if best.cover >= 0.55 and best.weight >= 0.25:
        sure = 0.7 + 0.25 * best.cover
        return Scored(sure, f"the brand {brand} and the product ({', '.join(best.words)}) agree", ("brand", "product"))
    if same_lot and best.cover >= 0.25:
        return Scored(0.85, f"the brand {brand} and the lot agree", ("brand",))
    return None


def _brand_in_common(asked: Asked, record: RecordWords) -> tuple[str, ...]:
    """The words of a brand that both name, as the recall spells them."""
    given = (*asked.brand, *asked.name)
    forms = {form for word in given for form in (word, *asked.forms.get(word, ()))}
    named = [words for words in record.brands if _tells(words) and forms.issuperset(words)]
    if named:
        return max(named, key=len)
    if asked.brand and _tells(asked.brand):
        pool = {word for words in (*record.products, *record.brands) for word in words}
        spelt = [next((f for f in (word, *asked.forms.get(word, ())) if f in pool), "") for word in asked.brand]
        if all(spelt):
            return tuple(spelt)
    return ()


def _tells(words: Iterable[str]) -> bool:
    """Whether some word of a brand is more than a word of any kitchen."""
    return any(word not in GENERIC for word in words)


def _overlap(
    said: Sequence[str], listed: Sequence[str], forms: Mapping[str, Mapping[str, float]], weigh: Weigh
) -> _Overlap:
    """What two lists of words share, by weight, and how far that covers both (what was said counts more)."""
    pool = set(listed)
    shared = all_said = 0.0
    words = []
    for word in said:
        form, near = word, 1.0 if word in pool else 0.0
        for other, nearness in forms.get(word, {}).items():
            if other in pool and nearness > near:
                form, near = other, nearness
        weight = weigh(form if near else word)
        all_said += weight
        if near:
            shared += weight * near
            words.append(form)
    if not words or not all_said:
        return _NOTHING
    all_listed = _weigh_all(listed, weigh)
    cover = (shared / all_said) ** 0.75 * min(1.0, shared / all_listed) ** 0.35
    return _Overlap(shared, cover, tuple(words))


def _weigh_all(words: Iterable[str], weigh: Weigh) -> float:
    return sum(map(weigh, words))


def _by_ingredient(asked: Asked, record: RecordWords, weigh: Weigh) -> Scored | None:
    """The best of the ingredients: one that is named as the recalled food is, in telling words or with its brand."""
    best: Scored | None = None
    lists = [(listed, frozenset(listed)) for listed in (*record.products, *record.ingredients)]
    for words in asked.ingredients:
        for listed, pool in lists:
            if pool.isdisjoint(words):
                continue
            brand = next((b for b in record.brands if _tells(b) and set(words).issuperset(b)), ())
            rest = [word for word in words if word not in brand]
            overlap = _overlap(rest, listed, {}, weigh)
            named_so = listed in record.ingredients
            enough = overlap.weight >= (0.25 if brand or named_so else 1.0)
            if overlap.cover < 0.75 or not enough:
                continue
            sure = 0.5 + 0.03 * overlap.cover + (0.02 if brand else 0.0)
            if best is None or sure > best.score:
                best = Scored(
                    sure, f"the ingredient {' '.join(words)} is named as the recalled food is", ("ingredient",)
                )
    return best
