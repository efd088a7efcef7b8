"""`normalize.nutrition`: whatever was submitted as nutrition → amounts per 100 g or 100 ml, and what could not be read.

A value that is not a plain finite amount is never used: it is listed with its JSON Pointer. What the label left out but
its other figures settle is worked out and marked as derived: kJ from kcal, salt from sodium, per 100 g from a serving
whose size is known.
"""

from collections.abc import Mapping
from typing import Any, Final

from claimlens.domain.nutrients import unit_name, unit_of
from claimlens.domain.nutrition import Learned, Nutrition, Per
from claimlens.domain.quantity import INFINITE, Amount, exactly, shown
from claimlens.domain.references import NutrientReferences
from claimlens.domain.unit_factors import MASS_IN_G
from claimlens.gate.normalise.amounts import read_amount
from claimlens.gate.normalise.derivation import complete, per_hundred
from claimlens.gate.normalise.nutrition_table import SHARE, Table
from claimlens.gate.normalise.plain_entries import MOST_PER_100

NO_NUTRITION: Final = Nutrition()
_NOTHING: Final[Mapping[str, Learned]] = {}

#: 100 ml of a heavy syrup weigh more than 100 g.
_HEAVIEST_ML = 1.5
#: Below this a number without unit may be grams or milligrams, and reading it wrongly could pass a "low" claim.
_CLEAR_FROM: dict[str, float] = {"sodium": 5.0, "cholesterol": 1.0}
#: A supplement may hold many times the daily reference of a vitamin.
_MOST_PERCENT = 1e5
_KCAL_PER_G = (("fat", 9), ("carbohydrate", 4), ("protein", 4))


def normalise_nutrition(
    raw: Mapping[str, Any] | list[Any] | None,
    *,
    liquid: bool | None,
    name: str,
    references: NutrientReferences,
    learned: Mapping[str, Learned] = _NOTHING,
) -> Nutrition:
    """The item's numbers, each in its nutrient's unit.

    `raw` is the item's `nutrition` as submitted: flat or nested mappings, lists of {name, amount, unit}, numbers or
    texts with units, English, German, French, Spanish or Italian keys. `liquid` settles whether an unclear basis is
    100 g or 100 ml, `name` is kept for the lookup of reference amounts. `learned` is what has been found out, by
    pointer, about what an earlier reading wanted. Never raises.
    """
    if not raw:
        return NO_NUTRITION
    table = Table(liquid, references, learned)
    table.read(raw, "/nutrition")
    if table.units:  # units stand in fields of their own: no shortcut may be taken before they are all known
        table = Table(liquid, references, learned, shortcuts=False)
        table.read(raw, "/nutrition")
    if table.bare:
        _settle_bare(table)
    if table.shares:
        _settle_shares(table)
    _settle_basis(table)
    if table.pointers:
        _drop_impossible(table)
    return _result(table, name)


def _result(table: Table, name: str) -> Nutrition:
    blocks = table.blocks
    if "100kcal" in blocks:
        table.unread.append(("/nutrition", "figures per 100 kcal are not used"))
    per, values = _per_hundred_block(table)
    serving, day, unstated = blocks.get("serving") or {}, blocks.get("day") or {}, blocks.get("") or {}
    derived: dict[str, str] = {}
    if serving:
        per, values = _with_serving(table, per, values, serving, derived)
    for amounts in (values, serving, day, unstated):
        if amounts:
            complete(amounts, derived, table.references, per_100_ml=amounts is values and per == "100 ml")
    if not per:
        per = "serving" if serving else "day" if day else ""
    size = table.serving
    return Nutrition(
        per=per,
        values=values,
        per_serving=serving,
        per_day=day,
        unstated=unstated,
        serving_g=size.grams if size.is_exact else None,
        serving_ml=size.millilitres if size.is_exact else None,
        serving_learned=size.learned.note if size.learned is not None else "",
        single_portion=table.single_portion,
        dose_form=table.dose_form,
        derived=derived,
        converted=table.converted,
        unread=tuple(table.unread),
        wanted=tuple(table.wanted),
        name=name,
    )


def _per_hundred_block(table: Table) -> tuple[Per, dict[str, Amount]]:
    by_volume, by_weight = table.blocks.get("100ml"), table.blocks.get("100g")
    if by_volume and (table.liquid or not by_weight):
        return "100 ml", by_volume
    return ("100 g", by_weight) if by_weight else ("", {})


def _with_serving(
    table: Table, per: Per, values: dict[str, Amount], serving: dict[str, Amount], derived: dict[str, str]
) -> tuple[Per, dict[str, Amount]]:
    """Fill the amounts per 100 from those per serving, where the serving's size is known."""
    stated = table.serving
    if not per and (not stated.is_known or (table.liquid is False and stated.grams is None)):
        table.learn_serving("ml" if table.liquid else "g")
    by_volume = per == "100 ml" or (
        not per and stated.millilitres is not None and (table.liquid is True or stated.grams is None)
    )
    size, unit = (stated.millilitres, "ml") if by_volume else (stated.grams, "g")
    if size is None or (not per and by_volume and table.liquid is False):
        return per, values
    scaled, source = per_hundred(serving, size), f"from a serving of {shown(size)} {unit}"
    if stated.learned is not None:
        scaled = {n: amount if n == "abv" else stated.widened(amount) for n, amount in scaled.items()}
        source = f"from a serving of {stated.learned.note}"
    most = 1.05 * (_HEAVIEST_ML if by_volume else 1.0)
    if any(amount.low > most * MOST_PER_100[unit_of(nutrient)] for nutrient, amount in scaled.items()):
        table.unread.append(("/nutrition", f"a serving of {shown(size)} {unit} cannot hold these amounts"))
        return per, values
    for nutrient, amount in scaled.items():
        if nutrient not in values:
            values[nutrient] = amount
            derived[nutrient] = source
    return per or ("100 ml" if by_volume else "100 g"), values


# --- the basis ----------------------------------------------------------------------------------------------------


def _settle_basis(table: Table) -> None:
    """Move the amounts without a basis of their own to the table's basis; bring odd bases to 100 or a serving."""
    own = table.blocks.pop(None)
    if table.default is not None:
        kind = table.block(table.default) or ""
    elif table.schema_org or (table.serving.is_stated and not table.crowd):
        kind = "serving"
    else:
        kind = ""
    repeated = kind == "" and any(table.blocks.values())  # Open Food Facts gives its figures again without basis
    if own and not repeated:
        _move(table, own, None, kind, 1.0)
    for odd in [kind for kind in table.blocks if kind is not None and ":" in kind]:
        unit, _, size_text = odd.partition(":")
        size, amounts = float(size_text), table.blocks.pop(odd)
        if size < 1000 and not table.serving.is_known and "serving" not in table.blocks:
            table.serving.take(*((size, None) if unit == "g" else (None, size)))
            _move(table, amounts, odd, "serving", 1.0)
        else:
            _move(table, amounts, odd, "100g" if unit == "g" else "100ml", 100.0 / size)


def _move(table: Table, amounts: dict[str, Amount], source: str | None, target: str, factor: float) -> None:
    if target not in table.blocks and factor == 1.0:
        table.blocks[target] = amounts
    else:
        block = table.blocks.setdefault(target, {})
        for nutrient, amount in amounts.items():
            block.setdefault(nutrient, amount if factor == 1.0 else amount.scaled(factor))
    if table.pointers:
        for nutrient in amounts:
            if (source, nutrient) in table.pointers:
                table.pointers[target, nutrient] = table.pointers.pop((source, nutrient))


def _drop_impossible(table: Table) -> None:
    """More than 100 g in 100 g is a misprint: not used."""
    for (basis, nutrient), pointer in table.pointers.items():
        if basis not in ("100g", "100ml") or nutrient not in table.blocks.get(basis, {}):
            continue
        unit = unit_of(nutrient)
        amount = table.blocks[basis][nutrient]
        most = MOST_PER_100[unit] * (_HEAVIEST_ML if basis == "100ml" else 1.0)
        if (amount.low if amount.high == INFINITE else amount.high) > most:
            del table.blocks[basis][nutrient]
            food = "100 g" if basis == "100g" else "100 ml"
            table.unread.append((pointer, f"{amount.text()} {unit_name(unit)} in {food} is impossible"))


def _settle_shares(table: Table) -> None:
    """A percentage of the daily reference counts where the amount itself is not given."""
    given = {nutrient for amounts in table.blocks.values() for nutrient in amounts}
    for nutrient, basis, value, pointer in table.shares:
        if nutrient in given:
            continue
        reading = read_amount(value if isinstance(value, str) else f"{value} %")
        if reading.state != "amount" or reading.unit not in ("", "%") or reading.high > _MOST_PERCENT:
            continue
        table.put(nutrient, Amount(reading.low, reading.high, reading.below), SHARE, pointer, basis)
        if any(nutrient in amounts for amounts in table.blocks.values()) and nutrient not in table.converted:
            table.converted[nutrient] = f"{shown(reading.high)} % of the {table.references.daily_name}"


# --- numbers without unit -----------------------------------------------------------------------------------------


def _settle_bare(table: Table) -> None:
    """Give each number without unit the unit that stands beside it, or its nutrient's, or refuse it.

    Open Food Facts counts every mass per 100 g in grams and energy in kJ, and repeats each figure as it was typed in.
    """
    crowd = table.crowd
    energies: list[tuple[str | None, float, str]] = []
    for nutrient, basis, value, pointer, is_repeat in table.bare:
        if crowd and (is_repeat or basis is None):
            continue
        unit_text = "" if crowd else table.units.get(nutrient, "")
        unit = read_amount(f"1 {unit_text}").unit if unit_text else ""
        if unit:
            table.put(nutrient, exactly(value), unit, pointer, basis)
        elif nutrient == "energy":
            energies.append((basis, value, pointer))
        elif crowd and unit_of(nutrient) in MASS_IN_G:
            table.put(nutrient, exactly(value), "g", pointer, basis)
        elif 0 < value < _CLEAR_FROM.get(nutrient, 0.0):
            table.unread.append((pointer, f"{shown(value)} without unit: g or mg?"))
        else:
            table.keep("abv" if nutrient == "alcohol" else nutrient, exactly(value), pointer, basis)
    for basis, value, pointer in energies:
        _settle_energy(table, basis, value, pointer)


def _settle_energy(table: Table, basis: str | None, value: float, pointer: str) -> None:
    """An energy without unit is kcal or kJ by what the macronutrients add up to; else it is not used."""
    block = table.blocks.get(basis, {})
    reckoned = _reckoned_kcal(block)
    in_kj = reckoned * table.references.kj_per_kcal
    fits_kj = 0.7 * in_kj < value < 1.4 * in_kj
    if "energy_kj" in block:
        return
    if "energy_kcal" in block:
        if table.crowd and fits_kj and block["energy_kcal"] == exactly(value):
            del block["energy_kcal"]  # some records carry the kJ in both fields
            table.keep("energy_kj", exactly(value), pointer, basis)
            table.unread.append(
                (pointer, f"{shown(value)} is given both as kcal and as kJ; the label's figures fit kJ")
            )
        return
    if value == 0 or table.crowd or fits_kj:
        table.keep("energy_kj", exactly(value), pointer, basis)
    elif 0.7 * reckoned < value < 1.4 * reckoned:
        table.keep("energy_kcal", exactly(value), pointer, basis)
    else:
        table.unread.append((pointer, f"{shown(value)} without unit: kcal or kJ?"))


def _reckoned_kcal(block: dict[str, Amount]) -> float:
    """What the three main nutrients make; 0 if one is missing."""
    if all(nutrient in block for nutrient, _ in _KCAL_PER_G):
        return sum(block[nutrient].high * factor for nutrient, factor in _KCAL_PER_G)
    return 0.0
