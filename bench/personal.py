"""Labelled texts with personal data, made from a seed: menu and shop copy with numbers that are personal and others.

The sentences are written for this bench, apart from the evaluation set and from the tests; names, numbers and addresses
are made up, with right check digits where a kind has them. A span says exactly which characters are personal.
"""

import random
from collections.abc import Callable, Iterator
from typing import NamedTuple


class Labelled(NamedTuple):
    """A text as published in a market, and (kind, start, end) of what is personal in it."""

    text: str
    market: str
    spans: tuple[tuple[str, int, int], ...]


_FIRST = "asha marta owen lucia ravi greta tomas nina farid clara jonas meera".split()
_LAST = "okafor lindqvist banerjee castellan murray dvorak herrmann pinto sandhu whitlock".split()
_SHOP = "bluepan riverbowl oldmill saffronyard tincup harvestlane copperpot thirdoven".split()

#: `{kind}` stands for a value of that kind; the braces of nothing else are used.
_PERSONAL = {
    "IN": (
        "Tiffin service in your lane, ring {phone} before nine",
        "Bulk orders of laddoo: write to {email} two days ahead",
        "Send the amount to {upi} and show the screen at the counter",
        "Aadhaar of the owner {aadhaar} shown on request",
        "PAN {pan} for invoices above fifty thousand rupees",
        "Menu card at {url} with all the thalis of the week",
        "Home chef {email}, evenings {phone}",
    ),
    "GB": (
        "Book the back room on {phone} or leave a note with the bar",
        "Allergies? Drop the kitchen a line: {email}",
        "The full list of beers lives at {url} and changes on Fridays",
        "Collect your hamper near {postcode} from noon",
        "Left a scarf behind? {phone} or {email}",
        "Deposit for the supper club, card {card}, taken at booking",
    ),
    "US": (
        "Catering for twenty and up, call {phone} by Wednesday",
        "Ask for Dee at {email} about the smoker rental",
        "Pies by mail, see {url} for the cut-off dates",
        "Text {phone} and we will bring it to the truck window",
        "Gift baskets billed to {card} unless you say otherwise",
        "Owner's line {phone}, office {email}",
    ),
    "EU": (
        "Table for the tasting under {phone}, closed on Mondays",
        "Cellar visits by appointment: {email}",
        "Suppliers and origins are listed on {url} in four languages",
        "Questions on traces go to {email} or {phone}",
    ),
}
_NOTHING = {
    "IN": (
        "FSSAI {licence}, net weight {grams} g, MRP Rs {price}",
        "GSTIN {gstin}, batch {batch}",
        "Thali {price} rupees, serves {few}",
    ),
    "GB": (
        "{grams} g of beef, {kcal} kcal, £{price}.50",
        "Lot {batch}, best before 12/08/2027",
        "EAN {gtin}, store below 5 °C",
    ),
    "US": (
        "{kcal} calories, {few} servings, ${price}.99",
        "UPC {gtin}, lot {batch}",
        "Order {order} ready in {few} minutes",
    ),
    "EU": ("{grams} g, {kcal} kcal / {kcal} kJ, {price},90 €", "Los {batch}, GTIN {gtin}", "Art. {order}, {few} Stück"),
}  # fmt: skip
_FILLING = (
    "Slow roast, warm bread, and a pot of pickles on the side",
    "Our soup of the day is whatever the garden gave this morning",
    "Thick slices, salted butter, nothing else",
    "Baked before dawn and gone by lunch",
)


def labelled(count: int, seed: int = 23) -> Iterator[Labelled]:
    """`count` texts, about half of them with personal data; the same for the same seed."""
    chance = random.Random(seed)
    for number in range(count):
        market = ("IN", "GB", "US", "EU")[number % 4]
        personal = number // 4 % 2 == 0
        sentence = chance.choice((_PERSONAL if personal else _NOTHING)[market])
        before = chance.choice(_FILLING) + ". " if chance.random() < 0.7 else ""
        after = ". " + chance.choice(_FILLING) + "." if chance.random() < 0.5 else ""
        yield _filled(before, sentence, after, market, chance)


def _filled(before: str, sentence: str, after: str, market: str, chance: random.Random) -> Labelled:
    text, spans, rest = before, [], sentence
    while rest:
        plain, _, rest = rest.partition("{")
        text += plain
        if rest:
            kind, _, rest = rest.partition("}")
            value = _VALUES[kind](market, chance)
            if kind in _KINDS:
                spans.append((kind, len(text), len(text) + len(value)))
            text += value
    return Labelled(text + after, market, tuple(spans))


def _digits(count: int, chance: random.Random) -> str:
    return "".join(chance.choices("0123456789", k=count))


def _phone(market: str, chance: random.Random) -> str:
    d = _digits(12, chance)
    if market == "IN":
        own = chance.choice("789") + d[:9]
        return chance.choice((own, f"+91 {own[:5]} {own[5:]}", f"0{own}", f"+91-{own}"))
    if market == "GB":
        return chance.choice((f"07700 900{d[:3]}", f"020 7946 0{d[:3]}", f"+44 7700 900{d[:3]}", f"0117 496 0{d[:3]}"))
    if market == "US":
        area, middle = chance.choice(("212", "415", "617", "303")), f"{chance.choice('2345678')}{d[:2]}"
        return chance.choice(
            (f"({area}) {middle}-{d[2:6]}", f"{area}-{middle}-{d[2:6]}", f"+1 {area} {middle} {d[2:6]}")
        )
    return chance.choice((f"+49 30 {d[:4]} {d[4:7]}0", f"+353 1 6{d[:2]} {d[2:6]}", f"+34 912 {d[:3]} {d[3:6]}"))


def _mail(market: str, chance: random.Random) -> str:
    end = {"IN": "in", "GB": "co.uk", "US": "com", "EU": "eu"}[market]
    name = chance.choice((chance.choice(_FIRST), f"{chance.choice(_FIRST)}.{chance.choice(_LAST)}", "orders"))
    return f"{name}@{chance.choice(_SHOP)}.{end}"


def _url(market: str, chance: random.Random) -> str:
    end = {"IN": "in", "GB": "co.uk", "US": "com", "EU": "eu"}[market]
    return (
        chance.choice(("www.", "https://", "https://www."))
        + f"{chance.choice(_SHOP)}.{end}"
        + chance.choice(("", "/menu"))
    )


def _pan(_: str, chance: random.Random) -> str:
    letters = "".join(chance.choices("ABCDEFGHJKLMNPRSTW", k=3))
    return f"{letters}P{chance.choice('ABGKMRS')}{_digits(4, chance)}{chance.choice('ABCDEFGHJK')}"


def _aadhaar(_: str, chance: random.Random) -> str:
    body = chance.choice("23456789") + _digits(10, chance)
    number = body + next(d for d in "0123456789" if _verhoeff(body + d) == 0)
    return f"{number[:4]} {number[4:8]} {number[8:]}"


def _verhoeff(number: str) -> int:
    """J. Verhoeff, Error Detecting Decimal Codes, 1969: 0 for a number whose last digit is right."""
    check = 0
    for place, digit in enumerate(reversed(number)):
        value = int(digit)
        for _ in range(place % 8):
            value = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)[value]
        check = _dihedral(check, value)
    return check


def _dihedral(one: int, other: int) -> int:
    """The product in the dihedral group of ten."""
    if one < 5:
        return (one + other) % 5 if other < 5 else 5 + (one + other) % 5
    return 5 + (one - other) % 5 if other < 5 else (one - other) % 5


def _card(_: str, chance: random.Random) -> str:
    body = "4" + _digits(14, chance)
    total = sum(sum(divmod(int(d) * (2 - place % 2), 10)) for place, d in enumerate(body))
    number = body + str(-total % 10)
    return " ".join(number[place : place + 4] for place in range(0, 16, 4))


def _postcode(_: str, chance: random.Random) -> str:
    area = chance.choice(("LS", "BS", "M", "EH", "CF", "NE"))
    letters = "".join(chance.choices("ABDEFGHJLNPQRSTUWXYZ", k=2))
    return f"{area}{chance.randrange(1, 20)} {chance.randrange(1, 10)}{letters}"


def _gtin(_: str, chance: random.Random) -> str:
    body = "50" + _digits(10, chance)
    total = sum(int(d) * (3 if place % 2 else 1) for place, d in enumerate(body))
    return body + str(-total % 10)


_VALUES: dict[str, Callable[[str, random.Random], str]] = {
    "phone": _phone,
    "email": _mail,
    "url": _url,
    "upi": lambda _, chance: (
        f"{chance.choice(_FIRST)}{chance.randrange(10, 99)}@{chance.choice(('okicici', 'ybl', 'paytm'))}"
    ),
    "pan": _pan,
    "aadhaar": _aadhaar,
    "card": _card,
    "postcode": _postcode,
    "licence": lambda _, chance: f"1{_digits(13, chance)}",
    "gstin": lambda market, chance: f"{chance.randrange(10, 37)}{_pan(market, chance)}1Z{chance.randrange(1, 9)}",
    "gtin": _gtin,
    "batch": lambda _, chance: f"{chance.choice('ABKL')}{_digits(6, chance)}",
    "order": lambda _, chance: f"#{_digits(7, chance)}",
    "grams": lambda _, chance: str(chance.randrange(80, 900)),
    "kcal": lambda _, chance: str(chance.randrange(90, 1400)),
    "price": lambda _, chance: str(chance.randrange(3, 60)),
    "few": lambda _, chance: str(chance.randrange(2, 9)),
}
_KINDS = frozenset({"phone", "email", "url", "upi", "pan", "aadhaar", "card", "postcode"})
