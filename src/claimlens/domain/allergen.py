"""Allergens: how sure a text is about one, and the compiled words that say so.

Ids are the fourteen of Annex II to Regulation (EU) No 1169/2011 in every jurisdiction. What stands below one of them
(the named cereal, nut, sugar) is its *member*. What is known about (item, allergen) is a pair: a level and whether
the knowledge is complete; pairs are joined over ingredients, recipes and modifiers.
"""

from enum import IntEnum

import msgspec

ALLERGENS: tuple[str, ...] = (
    "gluten",
    "crustaceans",
    "eggs",
    "fish",
    "peanuts",
    "soybeans",
    "milk",
    "nuts",
    "celery",
    "mustard",
    "sesame",
    "sulphites",
    "lupin",
    "molluscs",
)


class Level(IntEnum):
    """How much of an allergen the text speaks of; a later one outweighs an earlier one."""

    NONE = 0
    MAY_CONTAIN = 1
    CONTAINS = 2


class AllergenState(msgspec.Struct, frozen=True):
    """Level and completeness for one allergen of one item.

    `complete: false` means that something which could hold the allergen was not told: absent is then unknown.
    """

    level: Level = Level.NONE
    complete: bool = True

    def join(self, other: "AllergenState") -> "AllergenState":
        """Both together: the higher level; complete only if both are."""
        return AllergenState(max(self.level, other.level), self.complete and other.complete)

    @property
    def shown(self) -> str:
        """Contains > unknown > may_contain > not_declared: the word a reader sees."""
        if self.level is Level.CONTAINS:
            return "contains"
        if not self.complete:
            return "unknown"
        return "may_contain" if self.level is Level.MAY_CONTAIN else "not_declared"


class Strength(IntEnum):
    """What a word says by itself."""

    ASK = 0  # often hides the allergen: nothing is asserted
    PRESUMED = 1  # contains it by the usual recipe, unless a sub-list or a free-from next to it says otherwise
    NAMED = 2  # names it


class Meaning(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One allergen that a word stands for. `member` is empty where the word names the whole group."""

    allergen: str
    member: str
    strength: Strength


class WordKind(IntEnum):
    """What a compiled word does where it stands."""

    TERM = 0  # stands for its meanings, possibly none (a word that only looks like an allergen)
    ABSENT = 1  # states by itself that its meanings are absent ("eggless"); ASK: that the product does without them
    CONTAINS = 2  # what follows is there
    MAY = 3  # what follows may be there
    MAY_OPEN = 4  # with MAY_CLOSE later in the sentence: what lies between and follows may be there
    MAY_CLOSE = 5
    MAY_BACK = 6  # what stands before it in the sentence may be there
    GUARD = 7  # no absence is promised: what follows may be there
    FREE = 8  # what follows is absent
    FREE_AFTER = 9  # the word before is absent
    SUBSTITUTE = 10  # the word that follows is an imitation
    SUBSTITUTE_AFTER = 11  # the word before is an imitation
    FREE_LIST = 12  # like FREE; other things may stand first ("free from colours, gluten and milk")
    HEADING = 13  # like CONTAINS, but inside a may-contain only before a colon ("uses ingredients such as")


class AllergenWord(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One compiled word.

    `text` is folded and carries a space at each side that must be a word border. `language` is set where the word
    counts only in a text of that language. `item_start` words count only at the start of an ingredient.
    """

    text: str
    kind: WordKind
    meanings: tuple[Meaning, ...] = ()
    language: str = ""
    item_start: bool = False


class Duty(msgspec.Struct, frozen=True):
    """Whether and how an allergen must be declared.

    `members` empty: all of it; else only those ("wheat" in the US). `exempt` members need no declaration.
    """

    required: bool
    how: str = ""
    members: tuple[str, ...] = ()
    exempt: tuple[str, ...] = ()
    citation: str = ""


class AllergenTable(msgspec.Struct, frozen=True):
    """The allergen words of one jurisdiction, compiled; plain data, so that it can be cached."""

    words: tuple[AllergenWord, ...] = ()
    names: dict[str, tuple[str, ...]] = {}  # folded declared name -> allergen ids
    duties: dict[str, Duty] = {}
    language_words: dict[str, tuple[str, ...]] = {}
    joiners: frozenset[str] = frozenset()
    abbreviations: frozenset[str] = frozenset()
    animal: frozenset[str] = frozenset()
    literal: frozenset[str] = frozenset()  # named cereals, not products: "gluten-free oats" are oats
    threshold: frozenset[str] = frozenset()  # declared above a threshold only: an ask leaves a given list complete
