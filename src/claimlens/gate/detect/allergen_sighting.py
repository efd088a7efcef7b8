"""What was seen of allergens in an item: mentions, and what follows from all of them together."""

import msgspec

from claimlens.domain.allergen import ALLERGENS, AllergenState, AllergenTable, Level


class Mention(msgspec.Struct, frozen=True, gc=False):
    """One allergen in one place: the submitted words, their JSON Pointer and span in code points.

    `member` is the named cereal, nut or sugar below the allergen, empty for the whole group. `presumed`: the word names
    a product that is made with it by the usual recipe.
    """

    allergen: str
    member: str
    words: str
    pointer: str
    span: tuple[int, int]
    presumed: bool = False


class Contradiction(msgspec.Struct, frozen=True):
    """An absence that the same item denies."""

    absent: Mention
    present: Mention
    level: Level


class AllergenSighting(msgspec.Struct, frozen=True, gc=False):
    """What was seen in all texts of an item, in order of appearance.

    `asks` are words that often hide an allergen and leave it open; `open_asks` the allergens that an ingredient leaves
    open. `table` is the one it was seen by.
    """

    table: AllergenTable
    contains: tuple[Mention, ...] = ()
    may_contain: tuple[Mention, ...] = ()
    free_from: tuple[Mention, ...] = ()
    asks: tuple[Mention, ...] = ()
    open_asks: frozenset[str] = frozenset()
    ingredients_given: bool = True

    @property
    def complete(self) -> bool:
        """Whether an allergen that is not listed may be called not declared."""
        if not self.open_asks or not self.ingredients_given:
            return self.ingredients_given
        return self.open_asks <= {mention.allergen for mention in self.contains}

    def states(self) -> dict[str, AllergenState]:
        """Level and completeness of each of the fourteen."""
        contained = {mention.allergen for mention in self.contains}
        possible = {mention.allergen for mention in self.may_contain}
        found = {}
        for allergen in ALLERGENS:
            level = (
                Level.CONTAINS if allergen in contained
                else Level.MAY_CONTAIN if allergen in possible
                else Level.NONE
            )  # fmt: skip
            settled = allergen in contained or allergen not in self.open_asks
            found[allergen] = AllergenState(level, self.ingredients_given and settled)
        return found

    def words_for(self, allergen: str, *, include_may_contain: bool = True) -> tuple[str, ...]:
        """The submitted words that deny "free from `allergen`", each once.

        What is only presumed of a product by its name counts where it is an ingredient. Oats do not deny gluten-free:
        the law lets gluten-free oats be sold as such.
        """
        found: dict[str, None] = {}
        for mentions in (self.contains, self.may_contain) if include_may_contain else (self.contains,):
            for mention in mentions:
                if mention.allergen == allergen and _counts(mention):
                    found[mention.words] = None
        return tuple(found)

    def contradictions(self) -> tuple[Contradiction, ...]:
        """Absences that another place of the item denies: "nut-free" beside "may contain traces of almonds".

        A statement about one member denies only that member: "lactose-free" is no contradiction to milk.
        """
        found = []
        for absent in self.free_from:
            for level, mentions in ((Level.CONTAINS, self.contains), (Level.MAY_CONTAIN, self.may_contain)):
                present = next((mention for mention in mentions if _denies(absent, mention)), None)
                if present is not None:
                    found.append(Contradiction(absent, present, level))
                    break
        return tuple(found)


def _counts(present: Mention) -> bool:
    if present.allergen == "gluten" and present.member == "oats":
        return False
    return not present.presumed or present.pointer.startswith("/ingredients")


def _denies(absent: Mention, present: Mention) -> bool:
    if absent.allergen != present.allergen or not _counts(present):
        return False
    return not absent.member or absent.member == present.member
