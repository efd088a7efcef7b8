"""One nutrition table as submitted, read into amounts by basis and nutrient. `nutrition.py` makes the result of it."""

import re
from collections.abc import Mapping
from typing import Any, Final

from claimlens.domain.nutrients import WHOLE_OF, name_of, unit_name, unit_of
from claimlens.domain.nutrition import Learned, Wanted
from claimlens.domain.quantity import INFINITE, Amount
from claimlens.domain.references import NutrientReferences
from claimlens.domain.unit_factors import ENERGY_IN_KJ, VOLUME_IN_ML
from claimlens.domain.vitamin_units import FORMS as VITAMIN_FORMS
from claimlens.gate.normalise.amounts import Reading, Stated, read_amount, read_basis, read_serving_size
from claimlens.gate.normalise.measures import food_measure
from claimlens.gate.normalise.nutrient_names import Meaning, meaning_of
from claimlens.gate.normalise.plain_entries import MOST_PER_100, converter, plain_entry, tidied
from claimlens.gate.normalise.serving_size import ServingSize

#: More figures than any label carries; the rest is reported, not read.
MOST_VALUES = 300
_DEEPEST = 6

#: And this many times as much is no figure for any portion.
_HUGE = 100

_PER_100_KEYS = ("per100g", "valuePer100g")
_VALUE_KEYS = ("value", "amount", "quantity", "total", *_PER_100_KEYS)
_UNIT_KEYS = ("unit", "unitText", "unitName", "units", "unitCode", "unit_name")
_ROW_NAME_KEYS = ("name", "nutrient", "nutrientName", "label", "key", "title")
#: A percentage that is surely of the daily reference; of a nutrient in grams a bare "%" may be of the food.
SHARE: Final = "% of reference"
_NAMES_REFERENCE = re.compile(
    r"\b(?:[dg]v|dda|gda|rdi?|rda|ri|nrv|vnr|vrn|daily|reference|tages\w*|jour\w*|diari\w*)\b", re.I
)
#: Alcohol "% vol" is a volume, kept as such.
_AS_ABV: Final = -1.0


class Table:
    """Amounts by basis, then by nutrient, while a submitted table is read.

    `blocks[None]` are the amounts whose basis is the table's own (`default`, once known). `bare` are numbers whose unit
    may stand in another field (`units`). `pointers` remember amounts that would be impossible in 100 g. `shares` are
    percentages of a daily reference that stand beside the amounts. `learned` is what was found out about figures of an
    earlier reading's `wanted`.
    """

    __slots__ = (
        "bare", "blocks", "converted", "count", "crowd", "default", "dose_form", "learned", "liquid", "pointers",
        "references", "schema_org", "serving", "shares", "shortcuts", "single_portion", "units", "unread", "wanted",
    )  # fmt: skip

    def __init__(
        self,
        liquid: bool | None,
        references: NutrientReferences,
        learned: Mapping[str, Learned],
        *,
        shortcuts: bool = True,
    ) -> None:
        self.liquid = liquid
        self.references = references
        self.learned = learned
        self.shortcuts = shortcuts
        self.blocks: dict[str | None, dict[str, Amount]] = {None: {}}
        self.default: Stated | None = None
        self.serving = ServingSize()
        self.single_portion = False
        self.dose_form = False
        self.schema_org = False
        self.crowd = False
        self.bare: list[tuple[str, str | None, float, str, bool]] = []
        self.units: dict[str, str] = {}
        self.pointers: dict[tuple[str | None, str], str] = {}
        self.unread: list[tuple[str, str]] = []
        self.wanted: list[Wanted] = []
        self.converted: dict[str, str] = {}
        self.shares: list[tuple[str, str | None, Any, str]] = []
        self.count = 0

    def read(self, raw: Any, pointer: str, basis: str | None = None, depth: int = 0) -> None:
        """Read a mapping or a list of rows; `basis` is the block that its amounts belong to."""
        if depth > _DEEPEST:
            self.unread.append((pointer, "nested too deeply"))
        elif type(raw) is dict or isinstance(raw, Mapping):
            if depth and _row_name(raw):
                self._row(raw, pointer, basis)
            else:
                self._mapping(raw, pointer, basis, depth)
        elif isinstance(raw, list | tuple):
            for place, row in enumerate(raw):
                self.count += 1
                if self.count > MOST_VALUES:
                    self._too_many(pointer)
                    return
                if isinstance(row, Mapping):
                    self.read(row, f"{pointer}/{place}", basis, depth + 1)
                elif row is not None:
                    self.unread.append((f"{pointer}/{place}", f"{_quoted(row)} is no row of a nutrition table"))
        else:
            self.unread.append((pointer, f"{_quoted(raw)} is no nutrition table"))

    def put(self, nutrient: str, amount: Amount, unit: str, pointer: str, basis: str | None) -> None:
        """Keep an amount, brought into the nutrient's own unit."""
        if unit in ENERGY_IN_KJ and nutrient.startswith("energy"):
            nutrient = "energy_kcal" if unit == "kcal" else "energy_kj"
        into = unit_of(nutrient)
        if unit != into or nutrient == "energy":
            factor = self._factor(nutrient, unit, into)
            if factor is None and nutrient != "energy":
                found = self._learned_amount(nutrient, amount, unit, into, pointer)
                if found is not None:
                    self.keep(nutrient, found, pointer, basis)
                    return
            if factor is None or nutrient == "energy":
                why = f"{name_of(nutrient)} is not counted in {unit_name(unit)}"
                self.unread.append((pointer, f"{amount.text()} {unit_name(unit)}: {why}"))
                return
            if factor is _AS_ABV:
                nutrient, factor = "abv", 1.0
            amount = Amount(tidied(amount.low * factor), tidied(amount.high * factor), amount.below)
        self.keep(nutrient, amount, pointer, basis)

    def keep(self, nutrient: str, amount: Amount, pointer: str, basis: str | None) -> None:
        """Keep an amount that is in the nutrient's own unit; the first figure given for a nutrient stands."""
        unit = unit_of(nutrient)
        largest = amount.low if amount.high == INFINITE else amount.high
        if largest > MOST_PER_100[unit]:
            if largest > _HUGE * MOST_PER_100[unit]:
                self.unread.append((pointer, f"{amount.text()} {unit_name(unit)} is more than any food holds"))
                return
            self.pointers[basis, nutrient] = pointer
        before = self.blocks.setdefault(basis, {}).setdefault(nutrient, amount)
        if before is not amount and before != amount:
            given = f"{before.text()} {unit_name(unit)}"
            self.unread.append((pointer, f"{amount.text()} {unit_name(unit)}: {given} was given already"))

    def _learned_amount(self, nutrient: str, amount: Amount, unit: str, into: str, pointer: str) -> Amount | None:
        """The amount by what is known of one `unit` of it; wanted, if nothing is."""
        known = self.learned.get(pointer)
        if known is None or known.unit != into:
            if _may_be_converted(nutrient, unit, self.references):
                self.wanted.append(Wanted(pointer, "%" if unit == SHARE else unit, into, nutrient))
            return None
        self.converted[nutrient] = f"{amount.text()} {unit_name(unit)}, {known.note}"
        return Amount(tidied(amount.low * known.low), tidied(amount.high * known.high), amount.below)

    def learn_serving(self, unit: str) -> None:
        """Take what is known of the stated size of the serving; wanted in `unit`, if nothing is and it can be known."""
        if self.serving.said is None:
            return
        pointer, said = self.serving.said
        known = self.learned.get(pointer)
        if known is not None and known.unit in ("g", "ml"):
            self.serving.learn(known)
            self.unread = [(place, why) for place, why in self.unread if place != pointer]
        elif measure := food_measure(said):
            self.wanted.append(Wanted(pointer, measure, unit))
            if all(place != pointer for place, _ in self.unread):
                self.unread.append((pointer, f"{_quoted(said)}: its weight is not known"))

    def block(self, stated: Stated) -> str | None:
        """The block that a stated basis belongs to; a size stated with a serving is the serving's size."""
        kind = stated.kind
        if kind == "serving":
            self.dose_form = self.dose_form or stated.dose_form
            if stated.grams is not None or stated.millilitres is not None:
                self.serving.take(stated.grams, stated.millilitres)
            return "serving"
        if kind == "100g" and stated.millilitres == 100.0:  # "per 100 g or 100 ml"
            return "100ml" if self.liquid else "100g"
        if kind == "100g" and stated.grams != 100.0:
            return f"g:{stated.grams!r}"
        if kind == "100ml" and stated.millilitres != 100.0:
            return f"ml:{stated.millilitres!r}"
        return kind or None

    # --- entries ------------------------------------------------------------------------------------------------

    def _mapping(self, raw: Mapping[Any, Any], pointer: str, basis: str | None, depth: int) -> None:
        own = self.blocks[None]
        shortcuts = self.shortcuts and basis is None and len(raw) <= MOST_VALUES
        for key, value in raw.items():
            if value is None:
                continue
            kind = type(value)
            if shortcuts and type(key) is str and (kind is str or (kind in (float, int) and 0 <= value < 1e6)):
                plain = plain_entry(key, value)
                if plain is not None:
                    nutrient, block, amount = plain
                    amounts = own if block is None else self.blocks.setdefault(block, {})
                    if amounts.setdefault(nutrient, amount) == amount:
                        continue
            self.count += 1
            if self.count > MOST_VALUES:
                self._too_many(pointer)
                return
            self._entry(key, value, pointer, basis, depth)
        if self.bare and not self.crowd:
            self.crowd = any(type(key) is str and meaning_of(key).crowd for key in raw)

    def _entry(self, key: Any, value: Any, parent: str, basis: str | None, depth: int) -> None:
        meaning = meaning_of(key if type(key) is str else str(key)[:100])
        pointer = f"{parent}/{str(key)[:100].replace('~', '~0').replace('/', '~1')}"
        match meaning.role:
            case "nutrient":
                self.schema_org = self.schema_org or meaning.schema_org
                if meaning.part == "share":
                    self.shares.append((meaning.nutrient, basis, value, pointer))
                elif meaning.part != "unit":
                    block = basis if meaning.basis is None else self.block(meaning.basis)
                    self._value(meaning, value, pointer, block, depth)
                elif isinstance(value, str):
                    self.units[meaning.nutrient] = value
            case "unknown":
                self._unknown(meaning, value, pointer, basis, depth)
            case "basis":
                self._basis(value, pointer, depth)
            case "serving_size":
                self._serving_size(meaning, value, pointer, depth)
            case "servings":
                self.single_portion = value == 1 or (isinstance(value, str) and value.strip() == "1")
            case "block" if isinstance(value, Mapping | list | tuple) and meaning.basis is not None:
                self.serving.state(pointer, str(key).replace("_", " "), meaning.basis)
                self.read(value, pointer, self.block(meaning.basis), depth + 1)
            case "block" if value is True:
                self._basis(str(key), pointer, depth)
            case "list":
                self.read(value, pointer, basis, depth + 1)

    def _value(self, meaning: Meaning, value: Any, pointer: str, basis: str | None, depth: int) -> None:
        kind = type(value)
        if kind is str:
            reading = read_amount(value)
            unit = reading.unit or meaning.unit
            if unit == "%" and _NAMES_REFERENCE.search(value):
                unit = SHARE
            if reading.state == "amount" and unit:
                self._store(meaning.nutrient, reading, unit, pointer, basis)
            else:
                self._without_unit(meaning, reading, value, pointer, basis)
        elif kind in (float, int) and 0 <= value < 1e9:
            if meaning.unit:
                self.put(meaning.nutrient, Amount(float(value), float(value)), meaning.unit, pointer, basis)
            else:
                self._bare(meaning, float(value), pointer, basis)
        elif isinstance(value, Mapping):
            self._nested(meaning, value, pointer, basis, depth)
        elif isinstance(value, list | tuple) and len(value) <= 4:
            for place, inner in enumerate(value):
                if isinstance(inner, str | int | float):
                    self._value(meaning, inner, f"{pointer}/{place}", basis, depth)
                elif inner is not None:
                    self.unread.append((f"{pointer}/{place}", f"{_quoted(inner)} is no amount"))
        else:
            self.unread.append((pointer, f"{_quoted(value)} is no amount"))

    def _without_unit(self, meaning: Meaning, reading: Reading, text: str, pointer: str, basis: str | None) -> None:
        """A text without unit, a trace, or one that cannot be read."""
        nutrient = meaning.nutrient
        if reading.state == "absent":
            return
        if reading.state == "trace":
            trace = self.references.trace
            most = trace.get(nutrient, trace.get("*") if unit_of(nutrient) == "g" else None)
            if most is not None:
                self.keep(nutrient, Amount(0.0, most, most > 0), pointer, basis)
                return
        elif reading.state == "amount" and reading.low == reading.high:
            own = reading.basis is not None and basis is None
            self._bare(meaning, reading.low, pointer, self.block(reading.basis) if own and reading.basis else basis)
            return
        elif reading.state == "amount" and unit_of(nutrient) in ("g", "kcal", "kj") and nutrient != "energy":
            self._store(nutrient, reading, unit_of(nutrient), pointer, basis)
            return
        self.unread.append((pointer, f"{_quoted(text)}: {reading.problem or 'no unit'}"))

    def _bare(self, meaning: Meaning, value: float, pointer: str, basis: str | None) -> None:
        """A number without unit: kept until the whole table was seen, for its unit may stand beside it."""
        self.crowd = self.crowd or meaning.crowd
        self.bare.append((meaning.nutrient, basis, value, pointer, meaning.part == "value"))

    def _store(self, nutrient: str, reading: Reading, unit: str, pointer: str, basis: str | None) -> None:
        if reading.basis is not None and basis is None:
            basis = self.block(reading.basis)
        self.put(nutrient, Amount(reading.low, reading.high, reading.below), unit, pointer, basis)
        if reading.also is not None:
            self.put(nutrient, Amount(reading.also.low, reading.also.high), reading.also.unit, pointer, basis)

    def _factor(self, nutrient: str, unit: str, into: str) -> float | None:
        if unit == "%" and nutrient == "alcohol":
            return _AS_ABV
        if unit == SHARE or (unit == "%" and into != "g"):  # 3.5 % fat is no share of a reference
            reference = self.references.daily.get(nutrient)
            return reference.low / 100 if reference is not None and reference.low == reference.high else None
        if unit == "iu":
            return self.references.iu.get(nutrient)
        return converter(unit, into)

    # --- unusual shapes -----------------------------------------------------------------------------------------

    def _row(self, row: Mapping[Any, Any], pointer: str, basis: str | None) -> None:
        """One row of a list: {name, amount, unit}, {nutrientName, value, unitName}."""
        meaning = meaning_of(_row_name(row)[:100])
        if meaning.nutrient and meaning.role in ("nutrient", "unknown"):
            self._nested(meaning, row, pointer, basis, 1)

    def _nested(self, meaning: Meaning, value: Mapping[Any, Any], pointer: str, basis: str | None, depth: int) -> None:
        """One nutrient: {value, unit}, schema.org's QuantitativeValue, {per_100g: …}, {kj: …, kcal: …}, {total: …}."""
        unit = meaning.unit
        for key in _UNIT_KEYS:
            text = value.get(key)
            if isinstance(text, str) and len(text) < 40:
                unit = read_amount(f"1 {text}").unit or unit
        for key in ("per", "basis"):
            stated = value.get(key)
            if isinstance(stated, str) and (given := read_basis(stated, self.references.label_measures)).kind:
                basis = self.block(given)
        meant = Meaning("nutrient", meaning.nutrient, unit, None, meaning.part, meaning.schema_org, meaning.crowd)
        found = False
        for key, inner in value.items():
            if inner is None or key in _UNIT_KEYS or isinstance(inner, Mapping | list | tuple):
                continue
            what, block = meant, basis
            if key not in _VALUE_KEYS:
                inside = meaning_of(str(key)[:100])
                if inside.role == "block" and inside.basis is not None:
                    block = self.block(inside.basis)
                elif _belongs(inside, meaning.nutrient):
                    what = inside
                else:
                    continue
            elif key in _PER_100_KEYS:
                block = "100g"
            found = True
            self._value(what, inner, f"{pointer}/{str(key)[:100]}", block, depth + 1)
        if not found:
            self.unread.append((pointer, "no amount in it"))

    def _unknown(self, meaning: Meaning, value: Any, pointer: str, basis: str | None, depth: int) -> None:
        """A key that no list knows: any substance may be declared, if its unit is clear."""
        if isinstance(value, Mapping):
            if meaning.nutrient and any(key in value for key in _VALUE_KEYS):
                self._nested(meaning, value, pointer, basis, depth)
            else:
                self.read(value, pointer, basis, depth + 1)
            return
        if isinstance(value, list | tuple):
            if any(isinstance(row, Mapping | list | tuple) for row in value):
                self.read(value, pointer, basis, depth + 1)
            return
        reading = read_amount(value) if isinstance(value, str) else None
        if reading is not None and reading.state != "amount" and not value.strip()[:1].isdigit():
            return  # a remark, not a figure
        unit = (reading.unit if reading is not None else "") or meaning.unit
        bad = reading is not None and reading.state == "bad"
        if meaning.nutrient and not bad and converter(unit, "g") is not None:
            block = basis if meaning.basis is None else self.block(meaning.basis)
            known = Meaning("nutrient", meaning.nutrient, unit)
            self._value(known, value, pointer, block, depth)
        elif value is not False and value is not True:
            self.unread.append((pointer, f"{_quoted(value)}: nutrient or unit not known"))

    def _basis(self, value: Any, pointer: str, depth: int) -> None:
        if isinstance(value, Mapping | list):
            self.read(value, pointer, None, depth + 1)
            return
        if type(value) in (int, float) and 0 < value < 1e5:
            value = f"{value:g} g"
        stated = read_basis(value, self.references.label_measures) if isinstance(value, str) else Stated("")
        if stated.kind:
            self.default = stated
            self.serving.state(pointer, str(value), stated)
        elif isinstance(value, str) and food_measure(value):
            self.default = Stated("serving")
            self.serving.state(pointer, value, self.default)
        elif value != "":
            self.unread.append((pointer, f"{_quoted(value)} does not say per what"))

    def _serving_size(self, meaning: Meaning, value: Any, pointer: str, depth: int) -> None:
        if isinstance(value, Mapping):
            if any(meaning_of(str(key)[:100]).role == "nutrient" for key in value):
                self.read(value, pointer, "serving", depth + 1)
                return
            value = f"{value.get('value', value.get('amount'))} {value.get('unit', value.get('unitText', 'g'))}"[:60]
        if isinstance(value, str) and value.strip().replace(".", "", 1).isdecimal() and len(value) < 20:
            value = float(value)
        if type(value) in (int, float) and 0 < value < 1e5:
            by_volume = meaning.unit == "ml" or (meaning.unit != "g" and self.liquid is True)
            self.serving.take(*((None, float(value)) if by_volume else (float(value), None)))
        elif not isinstance(value, str):
            self.unread.append((pointer, f"{_quoted(value)} is no serving size"))
        else:
            self.serving.said = pointer, value
            measures = self.references.label_measures
            by_cups = self.liquid is True and any(unit == "cup" for unit, _ in measures)
            self.serving.take(*read_serving_size(value, by_cups, measures))
            if not self.serving.is_known and any(char.isdigit() for char in value):
                self.unread.append((pointer, f"{_quoted(value)} gives no weight or volume, or two that differ"))

    def _too_many(self, pointer: str) -> None:
        if self.count == MOST_VALUES + 1:
            self.unread.append((pointer, f"more than {MOST_VALUES} values: the rest was not read"))


def _may_be_converted(nutrient: str, unit: str, references: NutrientReferences) -> bool:
    """Whether there is anything to know of one `unit` of a nutrient: IU, a share of a reference, a spoon of sugar."""
    if unit == "iu":
        return nutrient in VITAMIN_FORMS
    if unit in ("%", SHARE):
        return nutrient in references.daily and (unit == SHARE or unit_of(nutrient) != "g")
    return unit in VOLUME_IN_ML and nutrient in ("sugars", "added_sugars", "salt")


def _belongs(inside: Meaning, nutrient: str) -> bool:
    """Whether a key inside a nutrient's mapping is one of its own: kJ and kcal of the energy, saturates of the fat."""
    if inside.role != "nutrient" or inside.part == "share":
        return False
    if nutrient == "energy":
        return inside.nutrient in ("energy_kj", "energy_kcal")
    return WHOLE_OF.get(inside.nutrient) == nutrient


def _row_name(row: Mapping[Any, Any]) -> str:
    """The nutrient a row is about; "" if it is no row."""
    for key in _ROW_NAME_KEYS:
        name = row.get(key)
        if isinstance(name, Mapping):
            name = name.get("name")
        if isinstance(name, str) and name:
            return name
    return ""


def _quoted(value: Any) -> str:
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    try:
        text = str(value)
    except ValueError:  # an integer too long to print
        return "a huge number"
    return text if len(text) <= 40 else f"{text[:37]}..."
