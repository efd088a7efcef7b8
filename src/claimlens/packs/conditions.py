"""Read a condition as a pack writes it: `solid: fat <= 3 g/100g; liquid: fat <= 1.5 g/100ml`.

condition   = "solid:" expression ";" "liquid:" expression | expression        (either state alone is allowed)
expression  = term { "or" term } ;  term = factor { "and" factor } ;  factor = "(" expression ")" | test
test        = nutrient { "+" nutrient } op number unit "/" basis
            | ("energy_from_" | "fat_from_") nutrient { "+" nutrient } op number "%"
            | nutrient ">=" level                                               vitamin_c >= source_of
            | ("racc" | "serving") op number ("g" | "ml")
op          = "<=" | "<" | ">=" | ">"
unit        = g mg ug kcal kj iu %nrv %dv %rda ; basis = 100g 100ml 100 100kcal serving portion racc 50g day
"""

import re
from typing import Literal, NoReturn, get_args

from claimlens.domain.condition import All, Basis, ByState, Condition, Level, Limit, Share, Size, Some
from claimlens.domain.errors import ConditionError
from claimlens.domain.nutrients import canonical_nutrient, energy_source, unit_of
from claimlens.domain.quantity import Operator
from claimlens.domain.references import NutrientReferences
from claimlens.domain.unit_factors import MASS_IN_G

_TOKEN = re.compile(r"\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<word>[a-z_][a-z0-9_]*)|(?P<sign><=|>=|[<>()+/%:;]))")
_BASES: dict[str, Basis] = {
    **{basis: basis for basis in get_args(Basis)},
    "portion": "serving",
    "100g_or_100ml": "100",
    "dose": "day",
}
_SHARE_OF_DAY = frozenset(("nrv", "dv", "rda"))
_ENERGY_UNITS = frozenset(("kcal", "kj"))


def parse_condition(text: str) -> Condition:
    """The tree of a condition. Raises ConditionError, which says what was expected and at which character."""
    return _Reader(text).condition()


def without_reference(condition: Condition, references: NutrientReferences) -> tuple[str, ...]:
    """What a condition needs from the pack's nutrients.yaml that is not there; empty if it can be judged."""
    match condition:
        case Limit(unit="%"):
            return tuple(n for n in condition.nutrients if n not in references.daily)
        case Level():
            reference = references.daily.get(condition.nutrient)
            if reference is None or not reference.carries_levels:
                return (condition.nutrient,)
            return () if condition.level in references.levels else (condition.level,)
        case Share(whole="energy"):
            return tuple(n for n in condition.nutrients if energy_source(n) not in references.kcal_per_g)
        case All() | Some():
            return tuple(name for part in condition.parts for name in without_reference(part, references))
        case ByState():
            sides = (condition.solid, condition.liquid)
            return tuple(name for side in sides if side for name in without_reference(side, references))
    return ()


class _Reader:
    """Recursive descent over the tokens of one condition."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[tuple[str, int]] = []
        place = 0
        end = len(text.rstrip())
        while place < end:
            match = _TOKEN.match(text, place)
            if match is None:
                raise ConditionError(self._message(f"cannot read {text[place : place + 12].strip()!r}", place))
            self.tokens.append((match[0].strip(), match.end() - len(match[0].strip())))
            place = match.end()
        self.at = 0

    def condition(self) -> Condition:
        if not self.tokens:
            self._fail("the condition is empty")
        read = self._by_state() if self._peek(1) == ":" else self._expression(0)
        if self.at < len(self.tokens):
            self._fail("expected 'and', 'or' or the end")
        return read

    def _by_state(self) -> ByState:
        sides: dict[str, Condition] = {}
        while True:
            state = self._take("'solid' or 'liquid'")
            if state not in ("solid", "liquid") or state in sides:
                self._fail("expected 'solid' or 'liquid', each once", back=1)
            self._expect(":")
            sides[state] = self._expression(0)
            if self._peek() != ";":
                return ByState(solid=sides.get("solid"), liquid=sides.get("liquid"))
            self.at += 1
            if self.at == len(self.tokens):
                return ByState(solid=sides.get("solid"), liquid=sides.get("liquid"))

    def _expression(self, depth: int) -> Condition:
        return self._joined("or", depth)

    def _joined(self, word: Literal["or", "and"], depth: int) -> Condition:
        parts = [self._joined("and", depth) if word == "or" else self._factor(depth)]
        while self._peek() == word:
            self.at += 1
            parts.append(self._joined("and", depth) if word == "or" else self._factor(depth))
        if len(parts) == 1:
            return parts[0]
        return Some(tuple(parts)) if word == "or" else All(tuple(parts))

    def _factor(self, depth: int) -> Condition:
        if self._peek() != "(":
            return self._test()
        if depth >= 20:
            self._fail("brackets are nested too deeply")
        self.at += 1
        inner = self._expression(depth + 1)
        self._expect(")")
        return inner

    def _test(self) -> Condition:
        names = [self._name()]
        while self._peek() == "+":
            self.at += 1
            names.append(self._name())
        operator = self._operator()
        if self._peek()[:1].isalpha():
            return self._level(names, operator)
        value = self._number()
        if names[0] in ("racc", "serving"):
            unit = self._take("'g' or 'ml'")
            if unit not in ("g", "ml") or len(names) > 1:
                self._fail("a size is given in g or ml", back=1)
            return Size("racc" if names[0] == "racc" else "serving", operator, value)
        for whole in ("energy", "fat"):
            if names[0].startswith(f"{whole}_from_"):
                self._expect("%")
                first = names[0].removeprefix(f"{whole}_from_")
                parts = tuple(map(canonical_nutrient, (first, *names[1:])))
                return Share("energy" if whole == "energy" else "fat", parts, operator, value)
        return self._limit(names, operator, value)

    def _limit(self, names: list[str], operator: Operator, value: float) -> Limit:
        unit = self._take("a unit")
        if unit == "%":
            if self._take("nrv, dv or rda") not in _SHARE_OF_DAY:
                self._fail("expected %nrv, %dv or %rda", back=1)
        elif unit not in MASS_IN_G and unit not in _ENERGY_UNITS and unit != "iu":
            self._fail(f"{unit!r} is not a unit", back=1)
        self._expect("/")
        basis = _BASES.get(self._basis())
        if basis is None:
            self._fail(f"the basis is one of {', '.join(_BASES)}", back=1)
        energy = f"energy_{unit}" if unit in _ENERGY_UNITS else "energy_kcal"
        nutrients = tuple(energy if name == "energy" else canonical_nutrient(name) for name in names)
        for nutrient in nutrients:
            if (unit_of(nutrient) in _ENERGY_UNITS) != (unit in _ENERGY_UNITS) and unit != "%":
                self._fail(f"{nutrient} is not counted in {unit}", back=1)
        return Limit(nutrients, operator, value, unit, basis)

    def _level(self, names: list[str], operator: Operator) -> Level:
        if operator != ">=" or len(names) > 1:
            self._fail("a level is written 'nutrient >= level'")
        return Level(canonical_nutrient(names[0]), self._take("a level"))

    def _basis(self) -> str:
        """`100g`, `100ml` and `50g` are a number and a word to the tokenizer."""
        basis = self._take("a basis")
        if basis.isdigit() and self.at < len(self.tokens):
            word, place = self.tokens[self.at]
            before, start = self.tokens[self.at - 1]
            if place == start + len(before) and word[:1].isalpha():
                self.at += 1
                return basis + word
        return basis

    def _name(self) -> str:
        name = self._take("a nutrient")
        if not name[0].isalpha() or name in ("and", "or"):
            self._fail("expected a nutrient", back=1)
        return name

    def _operator(self) -> Operator:
        sign = self._take("an operator")
        for operator in get_args(Operator):
            if sign == operator:
                return operator  # type: ignore[no-any-return]
        self._fail("expected <=, <, >= or >", back=1)

    def _number(self) -> float:
        number = self._take("a number")
        if not number[0].isdigit():
            self._fail("expected a number", back=1)
        return float(number)

    def _peek(self, ahead: int = 0) -> str:
        place = self.at + ahead
        return self.tokens[place][0] if place < len(self.tokens) else ""

    def _take(self, wanted: str) -> str:
        if self.at >= len(self.tokens):
            self._fail(f"expected {wanted}")
        self.at += 1
        return self.tokens[self.at - 1][0]

    def _expect(self, sign: str) -> None:
        if self._peek() != sign:
            self._fail(f"expected {sign!r}")
        self.at += 1

    def _fail(self, problem: str, back: int = 0) -> NoReturn:
        place = self.at - back
        raise ConditionError(
            self._message(problem, self.tokens[place][1] if place < len(self.tokens) else len(self.text))
        )

    def _message(self, problem: str, place: int) -> str:
        return f"condition {self.text!r}, character {place + 1}: {problem}"
