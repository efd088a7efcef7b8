"""`normalize.nutrition`: whatever was submitted as nutrition → amounts per 100 g or 100 ml, and what could not be read.

A value that is not a plain finite amount is never used: it is listed with its JSON Pointer. What the label left out but
its other figures settle is worked out and marked as derived: kJ from kcal, salt from sodium, per 100 g from a serving
whose size is known.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from claimlens.domain.nutrients import name_of, unit_name, unit_of
from claimlens.domain.nutrition import Nutrition, Per
from claimlens.domain.quantity import INFINITE, Amount, shown
from claimlens.domain.references import NutrientReferences
from claimlens.domain.unit_factors import ENERGY_IN_KJ, MASS_IN_G
from claimlens.gate.normalise.amounts import Reading, Stated, read_amount, read_basis, read_serving_size
from claimlens.gate.normalise.derivation import complete, per_hundred
from claimlens.gate.normalise.nutrient_names import Meaning, meaning_of

#: More figures than any label carries; the rest is reported, not read.
MOST_VALUES = 300
_DEEPEST = 6

NO_NUTRITION: Final = Nutrition()

#: More than this in 100 g is impossible (pure fat has 900 kcal); in 100 ml a heavy syrup may hold more.
_MOST_PER_100: dict[str, float] = {"g": 100.0, "mg": 1e5, "ug": 1e8, "kcal": 930.0, "kj": 3900.0, "%": 100.0}
_HEAVIEST_ML = 1.5
_HUGE: dict[str, float] = {unit: 100 * most for unit, most in _MOST_PER_100.items()}

#: Where a number without unit may be grams or milligrams, and reading it wrongly could pass a "low" claim.
_BARE_AT_LEAST: dict[str, float] = {"sodium": 5.0, "cholesterol": 1.0}


def normalise_nutrition(
    raw: Mapping[str, Any] | list[Any] | None, *, liquid: bool | None, name: str, references: NutrientReferences
) -> Nutrition:
    """The item's numbers, each in its nutrient's unit.

    `raw` is the item's `nutrition` as submitted: flat or nested mappings, lists of {name, amount, unit}, numbers or
    texts with units, English, German, French, Spanish or Italian keys. `liquid` settles whether an unclear basis is
    100 g or 100 ml, `name` is kept for the lookup of reference amounts. Never raises.
    """
    if not raw:
        return NO_NUTRITION
    table = _Table(liquid, references)
    table.read(raw, "/nutrition", None, 0)
    if table.units:  # units stand in fields of their own: no shortcut may be taken before they are all known
        table = _Table(liquid, references, shortcuts=False)
        table.read(raw, "/nutrition", None, 0)
    return table.result(name)


@lru_cache(maxsize=32768)
def _plain(key: str, value: str | float) -> tuple[str, str | None, Amount] | None:
    """(nutrient, block, amount) of an everyday entry such as "fat": "8 g" or "fat_100g": 8.0; None for all others.

    Everyday: the key names a nutrient, the unit is clear, nothing but the two is needed to read it.
    """
    meaning = meaning_of(key)
    nutrient = meaning.nutrient
    if meaning.role != "nutrient" or meaning.part or meaning.schema_org:
        return None
    into = unit_of(nutrient)
    if isinstance(value, str):
        reading = read_amount(value)
        if reading.state != "amount" or reading.also is not None or reading.basis is not None:
            return None
        unit, low, high, below = reading.unit or meaning.unit, reading.low, reading.high, reading.below
    else:
        unit = meaning.unit or (into if into in ("g", "kcal", "kj") and nutrient != "energy" else "")
        low = high = float(value)
        below = False
    if unit in ("kcal", "kj") and nutrient in ("energy", "energy_kcal", "energy_kj"):
        nutrient, into = f"energy_{unit}", unit
    if unit != into:
        factor = _converter(unit, into) if unit not in ENERGY_IN_KJ else None
        if factor is None:
            return None
        low, high = _clean(low * factor), _clean(high * factor)
    if high > _MOST_PER_100[into]:
        return None
    basis = meaning.basis
    if basis is None:
        block = None
    elif basis.kind in ("100g", "100ml") and (basis.grams or basis.millilitres) == 100.0:
        block = basis.kind
    else:
        return None
    return nutrient, block, Amount(low, high, below)


@lru_cache(maxsize=512)
def _converter(unit: str, into: str) -> float | None:
    """How many `into` one `unit` is; None if they measure different things."""
    for factors in (MASS_IN_G, ENERGY_IN_KJ):
        if unit in factors and into in factors:
            return factors[unit] / factors[into]
    return None


def _clean(value: float) -> float:
    return float(f"{value:.12g}") if value != INFINITE else value


class _Table:
    """One nutrition table being read: amounts by basis, then by nutrient."""

    __slots__ = (
        "bare", "blocks", "count", "crowd", "default", "dose_form", "grams", "liquid", "millilitres", "pointers",
        "references", "schema_org", "shortcuts", "single_portion", "unread", "units",
    )  # fmt: skip

    def __init__(self, liquid: bool | None, references: NutrientReferences, *, shortcuts: bool = True) -> None:
        self.shortcuts = shortcuts
        self.liquid = liquid
        self.references = references
        #: Basis kind → nutrient → amount; the basis None is the table's own, once that is known.
        self.blocks: dict[str | None, dict[str, Amount]] = {None: {}}
        self.default: Stated | None = None
        self.grams: float | None = None
        self.millilitres: float | None = None
        self.single_portion = False
        self.dose_form = False
        self.schema_org = False
        self.crowd = False
        self.bare: list[tuple[str, str | None, float, str, bool]] = []
        self.units: dict[str, str] = {}
        self.pointers: dict[tuple[str | None, str], str] = {}
        self.unread: list[tuple[str, str]] = []
        self.count = 0

    # --- reading ------------------------------------------------------------------------------------------------

    def read(self, raw: Any, pointer: str, basis: str | None, depth: int) -> None:
        if depth > _DEEPEST:
            self.unread.append((pointer, "nested too deeply"))
        elif isinstance(raw, Mapping):
            if depth and _row_name(raw) is not None:
                self._row(raw, pointer, basis)
                return
            own = self.blocks[None]
            shortcuts = self.shortcuts and basis is None and len(raw) <= MOST_VALUES
            for key, value in raw.items():
                if value is None:
                    continue
                kind = type(value)
                if shortcuts and type(key) is str and (kind is str or ((kind is float or kind is int) and 0 <= value < 1e6)):
                    plain = _plain(key, value)
                    if plain is not None:
                        nutrient, block, amount = plain
                        amounts = own if block is None else self.blocks.setdefault(block, {})
                        if amounts.setdefault(nutrient, amount) == amount:
                            continue
                self._entry(key, value, pointer, basis, depth)
        elif isinstance(raw, list | tuple):
            for place, row in enumerate(raw):
                if isinstance(row, Mapping):
                    self.read(row, f"{pointer}/{place}", basis, depth + 1)
                elif row is not None:
                    self.unread.append((f"{pointer}/{place}", f"{_quoted(row)} is no row of a nutrition table"))
        else:
            self.unread.append((pointer, f"{_quoted(raw)} is no nutrition table"))

    def _entry(self, key: Any, value: Any, pointer: str, basis: str | None, depth: int) -> None:
        self.count += 1
        if self.count > MOST_VALUES:
            if self.count == MOST_VALUES + 1:
                self.unread.append((pointer, f"more than {MOST_VALUES} values: the rest was not read"))
            return
        meaning = meaning_of(key if type(key) is str else str(key)[:100])
        role = meaning.role
        if role == "nutrient":
            if meaning.part != "unit":
                stated = meaning.basis
                self._value(meaning, value, pointer, key, basis if stated is None else self._block(stated), depth)
            elif isinstance(value, str):
                self.units[meaning.nutrient] = value
            if meaning.schema_org:
                self.schema_org = True
        elif role == "unknown":
            self._unknown(meaning, value, pointer, key, basis, depth)
        elif role == "basis":
            self._basis(value, _at(pointer, key), depth)
        elif role == "serving_size":
            self._serving_size(meaning, value, _at(pointer, key), basis, depth)
        elif role == "servings":
            self.single_portion = value == 1 or (isinstance(value, str) and value.strip() == "1")
        elif role == "block" and meaning.basis is not None:
            if isinstance(value, Mapping | list | tuple):
                self.read(value, _at(pointer, key), self._block(meaning.basis), depth + 1)
            elif value is True:
                self._basis(str(key), _at(pointer, key), depth)
        elif role == "list":
            self.read(value, _at(pointer, key), basis, depth + 1)

    def _value(self, meaning: Meaning, value: Any, pointer: str, key: Any, basis: str | None, depth: int) -> None:
        kind = type(value)
        if kind is str:
            reading = read_amount(value)
            if reading.state == "amount" and (reading.unit or meaning.unit):
                self._store(meaning.nutrient, reading, reading.unit or meaning.unit, pointer, key, basis)
            else:
                self._unusual(meaning, reading, value, pointer, key, basis)
        elif (kind is float or kind is int) and 0 <= value < 1e9:
            if meaning.unit:
                self._put(meaning.nutrient, Amount(float(value), float(value)), meaning.unit, pointer, key, basis)
            else:
                self._bare(meaning, float(value), pointer, key, basis)
        elif isinstance(value, Mapping):
            self._nested(meaning, value, _at(pointer, key), basis, depth)
        elif isinstance(value, list | tuple) and len(value) <= 4:
            for place, inner in enumerate(value):
                if isinstance(inner, str | int | float):
                    self._value(meaning, inner, _at(pointer, key), place, basis, depth)
                else:
                    self.unread.append((f"{_at(pointer, key)}/{place}", f"{_quoted(inner)} is no amount"))
        else:
            self.unread.append((_at(pointer, key), f"{_quoted(value)} is no amount"))

    def _unusual(self, meaning: Meaning, reading: Reading, text: str, pointer: str, key: Any, basis: str | None) -> None:
        """A text without unit, a trace, or one that cannot be read."""
        if reading.state == "absent":
            return
        if reading.state == "trace":
            most = self._trace(meaning.nutrient)
            if most is not None:
                self._keep(meaning.nutrient, Amount(0.0, most, most > 0), pointer, key, basis)
                return
        elif reading.state == "amount":
            if reading.low == reading.high:
                if reading.basis is not None and basis is None:
                    basis = self._block(reading.basis)
                self._bare(meaning, reading.low, pointer, key, basis)
                return
            unit = unit_of(meaning.nutrient)
            if meaning.nutrient != "energy" and meaning.nutrient not in _BARE_AT_LEAST:
                self._store(meaning.nutrient, reading, unit, pointer, key, basis)
                return
        self.unread.append((_at(pointer, key), f"{_quoted(text)}: {reading.problem or 'no unit'}"))

    def _trace(self, nutrient: str) -> float | None:
        trace = self.references.trace
        if nutrient in trace:
            return trace[nutrient]
        return trace.get("*") if unit_of(nutrient) == "g" else None

    def _bare(self, meaning: Meaning, value: float, pointer: str, key: Any, basis: str | None) -> None:
        """A number without unit: kept until the whole table was seen, for its unit may stand beside it."""
        if meaning.crowd:
            self.crowd = True
        self.bare.append((meaning.nutrient, basis, value, _at(pointer, key), meaning.part == "value"))

    def _store(self, nutrient: str, reading: Reading, unit: str, pointer: str, key: Any, basis: str | None) -> None:
        if reading.basis is not None and basis is None:
            basis = self._block(reading.basis)
        self._put(nutrient, Amount(reading.low, reading.high, reading.below), unit, pointer, key, basis)
        if reading.also is not None:
            also = reading.also
            self._put(nutrient, Amount(also.low, also.high, also.below), also.unit, pointer, key, basis)

    def _put(self, nutrient: str, amount: Amount, unit: str, pointer: str, key: Any, basis: str | None) -> None:
        """Into the nutrient's own unit, then into the table."""
        if unit in ENERGY_IN_KJ:
            if nutrient == "energy" or nutrient.startswith("energy_"):
                nutrient = "energy_kj" if unit in ("kj", "j", "mj") else "energy_kcal"
        into = unit_of(nutrient)
        if unit != into:
            factor = self._factor(nutrient, unit, into)
            if factor is None:
                why = f"{name_of(nutrient)} is not counted in {unit_name(unit)}"
                self.unread.append((_at(pointer, key), f"{amount.text()} {unit_name(unit)}: {why}"))
                return
            if factor is _AS_ABV:
                nutrient, factor = "abv", 1.0
            amount = Amount(_clean(amount.low * factor), _clean(amount.high * factor), amount.below)
        self._keep(nutrient, amount, pointer, key, basis)

    def _factor(self, nutrient: str, unit: str, into: str) -> float | None:
        if unit == "%":
            if nutrient == "alcohol":
                return _AS_ABV
            reference = self.references.daily.get(nutrient)
            return reference.low / 100 if reference is not None and reference.low == reference.high else None
        if unit == "iu":
            return self.references.iu.get(nutrient)
        return _converter(unit, into)

    def _keep(self, nutrient: str, amount: Amount, pointer: str, key: Any, basis: str | None) -> None:
        unit = unit_of(nutrient)
        largest = amount.low if amount.high == INFINITE else amount.high
        if largest > _MOST_PER_100[unit]:
            if largest > _HUGE[unit]:
                self.unread.append((_at(pointer, key), f"{amount.text()} {unit_name(unit)} is more than any food holds"))
                return
            self.pointers[basis, nutrient] = _at(pointer, key)
        block = self.blocks.setdefault(basis, {})
        before = block.setdefault(nutrient, amount)
        if before is not amount and before != amount:
            given = f"{before.text()} {unit_name(unit)}"
            self.unread.append((_at(pointer, key), f"{amount.text()} {unit_name(unit)}: {given} was given already"))

    # --- unusual shapes -----------------------------------------------------------------------------------------

    def _row(self, row: Mapping[str, Any], pointer: str, basis: str | None) -> None:
        """One row of a list: {name, amount, unit}, {nutrientName, value, unitName}."""
        meaning = meaning_of(str(_row_name(row))[:100])
        if meaning.role not in ("nutrient", "unknown") or not meaning.nutrient:
            return
        self._nested(meaning, row, pointer, basis, 1)

    def _nested(self, meaning: Meaning, value: Mapping[str, Any], pointer: str, basis: str | None, depth: int) -> None:
        """{value, unit}, schema.org's QuantitativeValue, or {per_100g: …, per_serving: …} for one nutrient."""
        unit_text = next((value[key] for key in _UNIT_KEYS if isinstance(value.get(key), str)), "")
        unit_reading = read_amount(f"1 {unit_text}") if unit_text and len(unit_text) < 40 else None
        unit = unit_reading.unit if unit_reading is not None and unit_reading.state == "amount" else ""
        for key in ("per", "basis"):
            stated = value.get(key)
            if isinstance(stated, str) and read_basis(stated).kind:
                basis = self._block(read_basis(stated))
        meant = Meaning("nutrient", meaning.nutrient, unit or meaning.unit, None, meaning.part, meaning.schema_org, meaning.crowd)
        found = False
        for key, inner in value.items():
            if inner is None or isinstance(inner, Mapping | list | tuple):
                continue
            if key in _VALUE_KEYS:
                found = True
                self._value(meant, inner, pointer, key, basis, depth + 1)
                break
        for key, inner in value.items():
            if inner is None or key in _VALUE_KEYS or key in _UNIT_KEYS or isinstance(inner, Mapping | list | tuple):
                continue
            inside = meaning_of(str(key)[:100])
            if inside.role == "block" and inside.basis is not None:
                found = True
                self._value(meant, inner, pointer, key, self._block(inside.basis), depth + 1)
        if not found:
            self.unread.append((pointer, "no amount in it"))

    def _unknown(self, meaning: Meaning, value: Any, pointer: str, key: Any, basis: str | None, depth: int) -> None:
        """A key that no list knows: any substance may be declared, if its unit is clear."""
        if isinstance(value, Mapping):
            if any(k in value for k in _VALUE_KEYS):
                self._nested(meaning, value, _at(pointer, key), basis, depth)
            else:
                self.read(value, _at(pointer, key), basis, depth + 1)
            return
        if isinstance(value, list | tuple):
            if any(isinstance(row, Mapping) for row in value):
                self.read(value, _at(pointer, key), basis, depth + 1)
            return
        if meaning.basis is not None:
            basis = self._block(meaning.basis)
        if isinstance(value, str):
            reading = read_amount(value)
            unit = reading.unit or meaning.unit
            if reading.state == "amount" and meaning.nutrient and _converter(unit, "g") is not None:
                self._store(meaning.nutrient, reading, unit, pointer, key, basis)
            elif reading.state == "amount":
                self.unread.append((_at(pointer, key), f"{_quoted(value)}: nutrient or unit not known"))
        elif type(value) in (int, float):
            if meaning.nutrient and meaning.unit and 0 <= value < 1e9 and _converter(meaning.unit, "g") is not None:
                self._put(meaning.nutrient, Amount(float(value), float(value)), meaning.unit, pointer, key, basis)
            else:
                self.unread.append((_at(pointer, key), f"{_quoted(value)}: nutrient or unit not known"))

    def _basis(self, value: Any, pointer: str, depth: int) -> None:
        stated = read_basis(value if isinstance(value, str) else f"{value} g" if type(value) in (int, float) else "")
        if isinstance(value, Mapping | list):
            self.read(value, pointer, None, depth + 1)
        elif stated.kind:
            self.default = stated
        elif value != "":
            self.unread.append((pointer, f"{_quoted(value)} does not say per what"))

    def _serving_size(self, meaning: Meaning, value: Any, pointer: str, basis: str | None, depth: int) -> None:
        if isinstance(value, Mapping):
            if any(meaning_of(str(key)[:100]).role == "nutrient" for key in value):
                self.read(value, pointer, "serving", depth + 1)
                return
            amount, unit = value.get("value", value.get("amount")), value.get("unit", value.get("unitText", "g"))
            value = f"{amount} {unit}"
        if type(value) in (int, float) and 0 < value < 1e5:
            millilitres = meaning.unit == "ml" or (meaning.unit != "g" and self.liquid is True)
            self.grams, self.millilitres = (None, float(value)) if millilitres else (float(value), None)
            return
        if not isinstance(value, str):
            self.unread.append((pointer, f"{_quoted(value)} is no serving size"))
            return
        try:
            bare = float(value)
        except ValueError:
            self.grams, self.millilitres = read_serving_size(value)
            if self.grams is None and self.millilitres is None and any(char.isdigit() for char in value):
                self.unread.append((pointer, f"{_quoted(value)} gives no weight or volume, or two that differ"))
        else:
            self._serving_size(meaning, bare if bare == bare else None, pointer, basis, depth)

    def _block(self, stated: Stated) -> str | None:
        """The block a stated basis belongs to; a size in it is the size of the serving."""
        kind = stated.kind
        if kind == "serving":
            self.dose_form = self.dose_form or stated.dose_form
            if stated.grams is not None or stated.millilitres is not None:
                self.grams, self.millilitres = stated.grams, stated.millilitres
            return "serving"
        if kind == "100g" and stated.grams == 100.0:
            return "100g"
        if kind == "100ml" and stated.millilitres == 100.0:
            return "100ml"
        if kind in ("100g", "100ml"):
            return f"{'g' if kind == '100g' else 'ml'}:{stated.grams or stated.millilitres!r}"
        return kind or None

    # --- the result ---------------------------------------------------------------------------------------------

    def result(self, name: str) -> Nutrition:
        if self.bare:
            self._settle_bare()
        self._name_default()
        blocks = self.blocks
        self._rescale()
        if self.pointers:
            self._drop_impossible()
        for nutrients in blocks.values():
            if nutrients:
                self._drop_empty(nutrients)
        if blocks.get("100kcal"):
            self.unread.append(("/nutrition", "figures per 100 kcal are not used"))
        derived: dict[str, str] = {}
        per: Per = ""
        values: dict[str, Amount] = {}
        serving = blocks.get("serving") or {}
        order = ("100ml", "100g") if self.liquid else ("100g", "100ml")
        for kind in order:
            if blocks.get(kind):
                per, values = ("100 g" if kind == "100g" else "100 ml"), blocks[kind]
                break
        if serving:
            per, values = self._from_serving(per, values, serving, derived)
        day = blocks.get("day") or {}
        unstated = blocks.get("") or {}
        for amounts in (values, serving, day, unstated):
            if amounts:
                complete(amounts, derived, self.references, per_100_ml=amounts is values and per == "100 ml")
        if not per:
            per = "serving" if serving else "day" if day else ""
        return Nutrition(
            per=per,
            values=values,
            per_serving=serving,
            per_day=day,
            unstated=unstated,
            serving_g=self.grams,
            serving_ml=self.millilitres,
            single_portion=self.single_portion,
            dose_form=self.dose_form,
            derived=derived,
            unread=tuple(self.unread),
            name=name,
        )

    def _name_default(self) -> None:
        """Move the amounts without a basis of their own to the table's basis."""
        own = self.blocks.pop(None)
        if self.default is not None:
            kind = self._block(self.default) or ""
        elif self.schema_org or ((self.grams or self.millilitres) and not self.crowd):
            kind = "serving"
        else:
            kind = ""
        if kind == "" and any(self.blocks.values()):
            return  # Open Food Facts repeats its figures without basis
        if not own:
            return
        block = self.blocks.setdefault(kind, {})
        for nutrient, amount in own.items():
            block.setdefault(nutrient, amount)
            if (None, nutrient) in self.pointers:
                self.pointers[kind, nutrient] = self.pointers.pop((None, nutrient))

    def _rescale(self) -> None:
        """"per 30 g" without a word such as serving: that much is a serving; "per 1 kg" is just another way to say 100 g."""
        for kind in [kind for kind in self.blocks if kind is not None and ":" in kind]:
            unit, _, size_text = kind.partition(":")
            size = float(size_text)
            amounts = self.blocks.pop(kind)
            if size <= 0:
                continue
            if size < 1000 and self.grams is None and self.millilitres is None and "serving" not in self.blocks:
                self.grams, self.millilitres = (size, None) if unit == "g" else (None, size)
                target, factor = "serving", 1.0
            else:
                target, factor = ("100g" if unit == "g" else "100ml"), 100.0 / size
            block = self.blocks.setdefault(target, {})
            for nutrient, amount in amounts.items():
                block.setdefault(nutrient, amount.scaled(factor))
                if (kind, nutrient) in self.pointers:
                    self.pointers[target, nutrient] = self.pointers.pop((kind, nutrient))

    def _from_serving(
        self, per: Per, values: dict[str, Amount], serving: dict[str, Amount], derived: dict[str, str]
    ) -> tuple[Per, dict[str, Amount]]:
        """Fill the amounts per 100 from those per serving, where the serving's size is known."""
        by_volume = per == "100 ml" or (not per and self.millilitres is not None and (self.liquid or self.grams is None))
        size = self.millilitres if by_volume else self.grams
        if size is None or (not per and by_volume and self.liquid is False):
            return per, values
        scaled = per_hundred(serving, size)
        heavy = _HEAVIEST_ML if by_volume else 1.0
        if any(amount.low > 1.05 * heavy * _MOST_PER_100[unit_of(nutrient)] for nutrient, amount in scaled.items()):
            self.unread.append(("/nutrition", f"a serving of {shown(size)} {'ml' if by_volume else 'g'} cannot hold these amounts"))
            return per, values
        for nutrient, amount in scaled.items():
            if nutrient not in values:
                values = values if per else dict(values)
                values[nutrient] = amount
                derived[nutrient] = f"from a serving of {shown(size)} {'ml' if by_volume else 'g'}"
        return per or ("100 ml" if by_volume else "100 g"), values

    def _settle_bare(self) -> None:
        """Give each number without unit the unit that stands beside it, or its nutrient's, or refuse it."""
        crowd = self.crowd
        energies: list[tuple[str | None, float, str]] = []
        for nutrient, basis, value, pointer, is_value in self.bare:
            if crowd and (is_value or basis is None):
                continue
            unit_text = self.units.get(nutrient, "")
            unit = "" if crowd or not unit_text else read_amount(f"1 {unit_text}").unit
            path, _, key = pointer.rpartition("/")
            amount = Amount(value, value)
            if unit:
                self._put(nutrient, amount, unit, path, _Escaped(key), basis)
            elif nutrient == "energy":
                energies.append((basis, value, pointer))
            elif crowd and unit_of(nutrient) in MASS_IN_G:
                self._put(nutrient, amount, "g", path, _Escaped(key), basis)
            elif 0 < value < _BARE_AT_LEAST.get(nutrient, 0.0):
                self.unread.append((pointer, f"{shown(value)} without unit: g or mg?"))
            elif nutrient == "alcohol":
                self._keep("abv", amount, path, _Escaped(key), basis)
            else:
                self._keep(nutrient, amount, path, _Escaped(key), basis)
        for basis, value, pointer in energies:
            self._settle_energy(basis, value, pointer)

    def _settle_energy(self, basis: str | None, value: float, pointer: str) -> None:
        """An energy without unit is kcal or kJ by what the macronutrients add up to; else it is not used."""
        block = self.blocks.get(basis, {})
        if "energy_kcal" in block or "energy_kj" in block:
            return
        path, _, key = pointer.rpartition("/")
        if value == 0 or self.crowd:
            self._keep("energy_kj", Amount(value, value), path, _Escaped(key), basis)
            return
        parts = [(block.get(nutrient), factor) for nutrient, factor in (("fat", 9), ("carbohydrate", 4), ("protein", 4))]
        kcal = sum(amount.high * factor for amount, factor in parts if amount is not None)
        if all(amount is not None for amount, _ in parts) and kcal > 0:
            for nutrient, expected in (("energy_kcal", kcal), ("energy_kj", kcal * self.references.kj_per_kcal)):
                if 0.7 < value / expected < 1.4:
                    self._keep(nutrient, Amount(value, value), path, _Escaped(key), basis)
                    return
        self.unread.append((pointer, f"{shown(value)} without unit: kcal or kJ?"))

    def _drop_impossible(self) -> None:
        """More than 100 g in 100 g is a misprint: not used."""
        for (basis, nutrient), pointer in self.pointers.items():
            if basis not in ("100g", "100ml") or nutrient not in self.blocks.get(basis, {}):
                continue
            unit = unit_of(nutrient)
            amount = self.blocks[basis][nutrient]
            most = _MOST_PER_100[unit] * (_HEAVIEST_ML if basis == "100ml" else 1.0)
            if (amount.low if amount.high == INFINITE else amount.high) > most:
                del self.blocks[basis][nutrient]
                basis_text = "100 g" if basis == "100g" else "100 ml"
                self.unread.append((pointer, f"{amount.text()} {unit_name(unit)} in {basis_text} is impossible"))

    def _drop_empty(self, amounts: dict[str, Amount]) -> None:
        amounts.pop("energy", None)


class _Escaped(str):
    """A pointer segment that is escaped already."""

    __slots__ = ()


_AS_ABV: Final = -1.0
_VALUE_KEYS = ("value", "amount", "quantity", "per100g", "valuePer100g")
_UNIT_KEYS = ("unit", "unitText", "unitName", "units", "unitCode", "unit_name")
_ROW_NAME_KEYS = ("name", "nutrient", "nutrientName", "label", "key", "title")


def _row_name(row: Mapping[str, Any]) -> str | None:
    """The nutrient a row is about, if it is a row."""
    for key in _ROW_NAME_KEYS:
        name = row.get(key)
        if isinstance(name, str) and name:
            return name
        if isinstance(name, Mapping) and isinstance(name.get("name"), str):
            return str(name["name"])
    return None


def _at(pointer: str, key: Any) -> str:
    segment = key if type(key) is _Escaped else str(key)[:100].replace("~", "~0").replace("/", "~1")
    return f"{pointer}/{segment}"


def _quoted(value: Any) -> str:
    if isinstance(value, Mapping | list | tuple):
        return "a list" if not isinstance(value, Mapping) else "a mapping"
    try:
        text = str(value)
    except ValueError:  # an integer too long to print
        return "a huge number"
    return text if len(text) <= 40 else f"{text[:37]}..."
