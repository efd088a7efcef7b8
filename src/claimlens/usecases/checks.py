"""Check items: the one way to a verdict for every entry."""

from collections.abc import Callable, Sequence
from datetime import date

from claimlens.domain.item import Item
from claimlens.domain.jurisdiction import Jurisdiction, canonical_locale, jurisdiction_of
from claimlens.domain.pack import Pack
from claimlens.domain.profile import Profile, profile_for
from claimlens.domain.verdict import Verdict
from claimlens.gate import Examined, Examiner, examine


class Checker:
    """Judges items by the packs that `load_pack` gives; each is loaded once, when first asked for."""

    def __init__(self, load_pack: Callable[[Jurisdiction], Pack]) -> None:
        self._load_pack = load_pack
        self._examiners: dict[Jurisdiction, Examiner] = {}

    def check(self, items: Sequence[Item], *, locale: str, profile: str | None = None, on_date: date) -> list[Verdict]:
        """A verdict for each item, in order; an item's own locale goes before `locale`.

        Raises UnknownLocaleError (also when neither gives one) and InputError for a profile that does not fit.
        """
        return [one.verdict for one in self.examine(items, locale=locale, profile=profile, on_date=on_date)]

    def examine(
        self, items: Sequence[Item], *, locale: str, profile: str | None = None, on_date: date
    ) -> list[Examined]:
        """As `check`, with what the context excused beside each verdict."""
        by_locale: dict[str, list[int]] = {}
        for i, item in enumerate(items):
            by_locale.setdefault(item.locale or locale, []).append(i)
        results: list[Examined | None] = [None] * len(items)
        for name, places in by_locale.items():
            jurisdiction = jurisdiction_of(name)
            chosen = profile_for(profile, jurisdiction)
            batch = [items[i] for i in places]
            language = canonical_locale(name).partition("-")[0]
            for i, examined in zip(places, self._run(jurisdiction, batch, chosen, on_date, language), strict=True):
                results[i] = examined
        return [result for result in results if result is not None]

    def examiner(self, jurisdiction: Jurisdiction) -> Examiner:
        """The judge of one jurisdiction."""
        examiner = self._examiners.get(jurisdiction)
        if examiner is None:
            examiner = self._examiners[jurisdiction] = Examiner(self._load_pack(jurisdiction))
        return examiner

    def _run(
        self, jurisdiction: Jurisdiction, items: list[Item], profile: Profile, on: date, language: str
    ) -> list[Examined]:
        steps = examine(self.examiner(jurisdiction), items, profile=profile, on=on, language=language)
        try:
            next(steps)
            while True:
                steps.send(None)  # no services yet: every question goes unanswered, and the verdict says so
        except StopIteration as done:
            examined: list[Examined] = done.value
            return examined
