"""Check items: the one way to a verdict for every entry."""

from collections.abc import Callable, Sequence
from datetime import date

from claimlens.domain.item import Item
from claimlens.domain.jurisdiction import Jurisdiction, canonical_locale, jurisdiction_of
from claimlens.domain.pack import Pack
from claimlens.domain.profile import profile_for
from claimlens.domain.question import Answer, Outside, Question
from claimlens.domain.verdict import Verdict
from claimlens.gate import Examined, Examiner, Mark, Steps, examine

#: Answers one question; None when nobody does.
Ask = Callable[[Question], Answer]


class Checker:
    """Judges items by the packs that `load_pack` gives; each is loaded once, when first asked for.

    `ask` answers the gate's questions. Without it an item is judged by its own words and numbers alone; `says_unasked`:
    what a service would have told then stands in `not_checked`.
    """

    def __init__(
        self, load_pack: Callable[[Jurisdiction], Pack], ask: Ask | None = None, *, says_unasked: bool = False
    ) -> None:
        self._load_pack = load_pack
        self._ask = ask
        self._outside = Outside.ASKED if ask else Outside.UNASKED if says_unasked else Outside.APART
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
            batch = [items[i] for i in places]
            steps = self.steps(batch, locale=name, profile=profile, on_date=on_date, outside=self._outside)
            for i, examined in zip(places, self._run(steps), strict=True):
                results[i] = examined
        return [result for result in results if result is not None]

    def steps(
        self,
        items: Sequence[Item],
        *,
        locale: str,
        profile: str | None = None,
        on_date: date,
        outside: Outside,
        without: frozenset[str] = frozenset(),
        mark: Mark | None = None,
    ) -> Steps:
        """The gate's steps over items of one locale, for a caller that asks the services itself.

        `without` are transforms that an operator switched off; `mark` is called behind each that ran. Raises
        UnknownLocaleError, and InputError for a profile that does not fit.
        """
        jurisdiction = jurisdiction_of(locale)
        chosen = profile_for(profile, jurisdiction).without(without)
        return examine(
            self.examiner(jurisdiction),
            items,
            profile=chosen,
            on=on_date,
            locale=canonical_locale(locale),
            outside=outside,
            mark=mark,
        )

    def examiner(self, jurisdiction: Jurisdiction) -> Examiner:
        """The judge of one jurisdiction."""
        examiner = self._examiners.get(jurisdiction)
        if examiner is None:
            examiner = self._examiners[jurisdiction] = Examiner(self._load_pack(jurisdiction))
        return examiner

    def _run(self, steps: Steps) -> list[Examined]:
        ask = self._ask
        try:
            questions = next(steps)
            while True:
                questions = steps.send(tuple([ask(question) for question in questions]) if ask else ())
        except StopIteration as done:
            examined: list[Examined] = done.value
            return examined
