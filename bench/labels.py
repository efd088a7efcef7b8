"""Label images with what stands on them: drawn from a seed, in five languages and six layouts.

Fonts are those of the machine (DejaVu, Liberation, Noto), else the one that Pillow brings.
"""

import io
import math
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import zxingcpp
from PIL import Image, ImageDraw, ImageFont

_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "/Library/Fonts", "C:/Windows/Fonts")
_FAMILIES = (
    "DejaVuSans", "DejaVuSansCondensed", "DejaVuSerif", "LiberationSans-Regular", "LiberationSerif-Regular",
    "LiberationSansNarrow-Regular", "NotoSans-Regular", "NotoSerif-Regular",
)  # fmt: skip

#: nutrient → (least, most, decimals) per 100 g, in grams.
_RANGES = {
    "fat": (0.1, 48, 1), "saturates": (0.1, 20, 1), "carbohydrate": (1, 80, 1), "sugars": (0.1, 45, 1),
    "fibre": (0.5, 14, 1), "protein": (0.5, 30, 1), "salt": (0.01, 2.5, 2),
}  # fmt: skip
_WORDS: dict[str, dict[str, str]] = {
    "en": {
        "title": "Nutrition information", "typical": "Typical values", "100 g": "per 100 g", "100 ml": "per 100 ml",
        "serving": "per serving ({size})", "energy": "Energy", "fat": "Fat", "saturates": "of which saturates",
        "carbohydrate": "Carbohydrate", "sugars": "of which sugars", "fibre": "Fibre", "protein": "Protein",
        "salt": "Salt", "ingredients": "Ingredients:", "contains": "Contains {a}.", "may": "May contain {a}.",
    },
    "de": {
        "title": "Nährwertangaben", "typical": "Durchschnittliche Nährwerte", "100 g": "pro 100 g",
        "100 ml": "pro 100 ml", "serving": "pro Portion ({size})", "energy": "Energie", "fat": "Fett",
        "saturates": "davon gesättigte Fettsäuren", "carbohydrate": "Kohlenhydrate", "sugars": "davon Zucker",
        "fibre": "Ballaststoffe", "protein": "Eiweiß", "salt": "Salz", "ingredients": "Zutaten:",
        "contains": "Enthält {a}.", "may": "Kann Spuren von {a} enthalten.",
    },
    "fr": {
        "title": "Valeurs nutritionnelles", "typical": "Valeurs moyennes", "100 g": "pour 100 g",
        "100 ml": "pour 100 ml", "serving": "par portion ({size})", "energy": "Énergie", "fat": "Matières grasses",
        "saturates": "dont acides gras saturés", "carbohydrate": "Glucides", "sugars": "dont sucres",
        "fibre": "Fibres alimentaires", "protein": "Protéines", "salt": "Sel", "ingredients": "Ingrédients :",
        "contains": "Contient {a}.", "may": "Peut contenir des traces de {a}.",
    },
    "es": {
        "title": "Información nutricional", "typical": "Valores medios", "100 g": "por 100 g",
        "100 ml": "por 100 ml", "serving": "por porción ({size})", "energy": "Valor energético", "fat": "Grasas",
        "saturates": "de las cuales saturadas", "carbohydrate": "Hidratos de carbono",
        "sugars": "de los cuales azúcares",
        "fibre": "Fibra alimentaria", "protein": "Proteínas", "salt": "Sal", "ingredients": "Ingredientes:",
        "contains": "Contiene {a}.", "may": "Puede contener trazas de {a}.",
    },
    "it": {
        "title": "Valori nutrizionali", "typical": "Valori medi", "100 g": "per 100 g", "100 ml": "per 100 ml",
        "serving": "per porzione ({size})", "energy": "Energia", "fat": "Grassi",
        "saturates": "di cui acidi grassi saturi",
        "carbohydrate": "Carboidrati", "sugars": "di cui zuccheri", "fibre": "Fibre", "protein": "Proteine",
        "salt": "Sale", "ingredients": "Ingredienti:", "contains": "Contiene {a}.",
        "may": "Può contenere tracce di {a}.",
    },
}  # fmt: skip
_INGREDIENTS = {
    "en": "wheat flour|sugar|sunflower oil|rolled oats (38%)|honey (4%)|skimmed milk powder|cocoa mass|raisins|"
    "emulsifier (soya lecithin)|raising agent: sodium bicarbonate|salt|natural flavouring|barley malt extract|"
    "vegetable fats (palm, shea)|tomato paste (12%)|onion|garlic|black pepper|citric acid|water",
    "de": "Weizenmehl|Zucker|Sonnenblumenöl|Haferflocken (41 %)|Honig (3 %)|Magermilchpulver|Kakaomasse|Rosinen|"
    "Emulgator (Sojalecithin)|Backtriebmittel: Natriumhydrogencarbonat|Speisesalz|natürliches Aroma|Gerstenmalzextrakt|"
    "Tomatenmark (12 %)|Zwiebeln|Knoblauch|Pfeffer|Säuerungsmittel: Citronensäure|Trinkwasser",
    "fr": "farine de blé|sucre|huile de tournesol|flocons d'avoine (36 %)|miel (5 %)|lait écrémé en poudre|"
    "pâte de cacao|"
    "raisins secs|émulsifiant (lécithine de soja)|sel|arôme naturel|extrait de malt d'orge|concentré de tomate|oignon|"
    "ail|poivre|acidifiant : acide citrique|eau",
    "es": "harina de trigo|azúcar|aceite de girasol|copos de avena (35 %)|miel (4 %)|leche desnatada en polvo|"
    "pasta de cacao|"
    "pasas|emulgente (lecitina de soja)|sal|aroma natural|extracto de malta de cebada|tomate concentrado|cebolla|ajo|"
    "pimienta|ácido cítrico|agua",
    "it": "farina di frumento|zucchero|olio di girasole|fiocchi d'avena (33 %)|miele (4 %)|latte scremato in polvere|"
    "pasta di cacao|uva passa|emulsionante (lecitina di soia)|sale|aroma naturale|estratto di malto d'orzo|"
    "concentrato di pomodoro|cipolla|aglio|pepe|acido citrico|acqua",
}
_ALLERGENS = {
    "en": ("milk, wheat", "nuts"), "de": ("Milch, Weizen", "Nüssen"), "fr": ("lait, blé", "noix"),
    "es": ("leche, trigo", "frutos secos"), "it": ("latte, frumento", "nocciole"),
}  # fmt: skip
_NAMES = {
    "en": ("Harvest Crunch", "Sunny Morning Bites", "Garden Tomato Soup", "Cocoa Hills"),
    "de": ("Knusper Ernte", "Goldener Morgen", "Bergwiesen Riegel"),
    "fr": ("Matin Doré", "Croque Moisson", "Velours de Tomate"),
    "es": ("Mañana Dorada", "Campo Crujiente", "Sol de Avena"),
    "it": ("Mattino Dorato", "Campo Croccante", "Sole d'Avena"),
}
_CLAIMS = {
    "en": ("High in fibre", "Source of protein", "No added sugar", "Rich in calcium"),
    "de": ("Reich an Ballaststoffen", "Proteinquelle", "Ohne Zuckerzusatz"),
    "fr": ("Riche en fibres", "Source de protéines", "Sans sucres ajoutés"),
    "es": ("Alto contenido de fibra", "Fuente de proteínas"),
    "it": ("Ricco di fibre", "Fonte di proteine"),
}


class Truth(NamedTuple):
    """What a label says: (basis, nutrient) → (value, unit, whether "less than"), the list of ingredients, the GTIN."""

    numbers: dict[tuple[str, str], tuple[float, str, bool]]
    ingredients: str
    gtin: str


class Drawn(NamedTuple):
    """An image and its truth. `how` says what was drawn and what was done to it."""

    image: bytes
    truth: Truth
    how: str


def fonts() -> list[Path | None]:
    """The fonts that are there; [None] stands for Pillow's own."""
    found: dict[str, Path] = {}
    for folder in _FOLDERS:
        for path in sorted(Path(folder).rglob("*.ttf")) if Path(folder).is_dir() else ():
            found.setdefault(path.stem, path)
    return [found[name] for name in _FAMILIES if name in found] or [None]


def draw(seed: int, number: int, *, photo: bool) -> Drawn:
    """Label `number` of a seed; as a scan, or distorted like a photograph."""
    chance = random.Random(f"{seed}/{number}/{photo}")
    label = _Label(chance, number)
    page = label.drawn()
    if photo:
        pixels, how = _photographed(np.asarray(page), chance)
    else:
        pixels, how = _scanned(np.asarray(page), chance, number)
    form = ".jpg" if photo or number % 3 == 0 else ".png"
    quality = [cv2.IMWRITE_JPEG_QUALITY, chance.randint(70, 92)] if form == ".jpg" else []
    _, data = cv2.imencode(form, pixels[:, :, ::-1], quality)
    return Drawn(data.tobytes(), label.truth, f"{label.how}, {how}")


class _Label:
    """The content of one label, and the pen that draws it."""

    def __init__(self, chance: random.Random, number: int) -> None:
        self.chance = chance
        self.language = ("en", "de", "fr", "es", "it")[number % 5] if number % 2 else "en"
        self.words = _WORDS[self.language]
        self.layout = ("stacked", "two columns", "boxed", "merged", "run-in", "units in names")[number % 6]
        self.size = chance.choice((12, 14, 16, 18, 22))
        self.path = chance.choice(fonts())
        self.columns = 1 if self.layout in ("merged", "run-in", "units in names") else chance.choice((1, 2, 2))
        self.liquid = chance.random() < 0.2
        self.comma = self.language != "en"
        self.serving = chance.choice((30, 40, 45, 200))
        self.bases = ["100 ml" if self.liquid else "100 g", "serving"][: self.columns]
        self.amounts = self._amounts()
        items = _INGREDIENTS[self.language].split("|")
        chance.shuffle(items)
        self.ingredients = ", ".join(items[: chance.randint(6, 12)])
        stem = "".join(str(chance.randint(0, 9)) for _ in range(12))
        total = sum(int(digit) * (3 if i % 2 else 1) for i, digit in enumerate(stem))
        self.gtin = stem + str(-total % 10)
        self.has_bars = number % 2 == 0
        self.truth = Truth(self._numbers(), self.ingredients, f"0{self.gtin}" if self.has_bars else "")
        family = self.path.stem if self.path else "Pillow's font"
        self.how = f"{self.language} {self.layout} {self.size} px {family} {self.columns} col"

    def _amounts(self) -> dict[str, list[tuple[float, bool]]]:
        """Each nutrient's value per column, and whether it is printed as "less than"."""
        chance = self.chance
        per_100: dict[str, float] = {}
        for nutrient, (least, most, decimals) in _RANGES.items():
            top = {"saturates": per_100.get("fat"), "sugars": per_100.get("carbohydrate")}.get(nutrient) or most
            per_100[nutrient] = round(chance.uniform(least, max(least, min(top, most))), decimals)
        kcal = round(9 * per_100["fat"] + 4 * per_100["carbohydrate"] + 4 * per_100["protein"])
        table: dict[str, list[tuple[float, bool]]] = {"energy_kj": [], "energy_kcal": []}
        for basis in self.bases:
            share = 1.0 if basis != "serving" else self.serving / 100
            table["energy_kj"].append((round(kcal * 4.184 * share), False))
            table["energy_kcal"].append((round(kcal * share), False))
            for nutrient, value in per_100.items():
                decimals = _RANGES[nutrient][2]
                shown = round(value * share, decimals)
                low = 10**-decimals * (5 if decimals == 1 else 1)
                below = shown < low
                table.setdefault(nutrient, []).append((low if below else shown, below))
        return table

    def _numbers(self) -> dict[tuple[str, str], tuple[float, str, bool]]:
        found = {}
        for nutrient, values in self.amounts.items():
            unit = {"energy_kj": "kJ", "energy_kcal": "kcal"}.get(nutrient, "g")
            for basis, (value, below) in zip(self.bases, values, strict=True):
                found[basis, nutrient] = (value, unit, below)
        return found

    def drawn(self) -> Image.Image:
        self.width = max(640, self.size * (58 if self.layout == "two columns" else 46))
        self.page = Image.new("RGB", (self.width, self.size * 75), self._paper())
        self.pen = ImageDraw.Draw(self.page)
        self.margin = self.size * 2
        y = self._text(self.margin, self.margin, self.chance.choice(_NAMES[self.language]), 2.0)
        claims = self.chance.sample(_CLAIMS[self.language], 2)
        y = self._text(self.margin, y + self.size // 2, "  ·  ".join(claims), 1.15) + self.size
        right = self.width - self.margin
        if self.layout == "two columns":
            middle = int(self.width * 0.42)
            below = self._words(self.margin, middle - self.size, y)
            y = max(below, self._table(middle + self.size, right, y))
        elif self.layout == "run-in":
            y = self._words(self.margin, right, self._run_in(y) + self.size)
        elif self.chance.random() < 0.5:
            y = self._words(self.margin, right, self._table(self.margin, right, y) + self.size)
        else:
            y = self._table(self.margin, right, self._words(self.margin, right, y) + self.size)
        if self.has_bars:
            y = self._bars(y + self.size)
        return self.page.crop((0, 0, self.width, y + self.margin))

    def _paper(self) -> tuple[int, int, int]:
        self.ink = (20, 20, 20)
        kind = self.chance.random()
        if kind < 0.2:  # pale print
            self.ink = (150, 148, 145)
            return 205, 203, 198
        if kind < 0.35:  # light on dark
            self.ink = (245, 240, 230)
            return 40, 60, 50
        return (255, 255, 255) if kind < 0.7 else (250, 244, 225)

    def _font(self, scale: float) -> ImageFont.FreeTypeFont:
        size = round(self.size * scale)
        if self.path is None:
            default = ImageFont.load_default(size)
            assert isinstance(default, ImageFont.FreeTypeFont)
            return default
        return ImageFont.truetype(str(self.path), size)

    def _text(self, x: int, y: int, text: str, scale: float = 1.0) -> int:
        self.pen.text((x, y), text, font=self._font(scale), fill=self.ink)
        return y + round(self.size * scale * 1.4)

    def _wrapped(self, x: int, right: int, y: int, text: str) -> int:
        font, line = self._font(1.0), ""
        for word in text.split(" "):
            if line and self.pen.textlength(f"{line} {word}", font) > right - x:
                y = self._text(x, y, line)
                line = word
            else:
                line = f"{line} {word}".strip()
        return self._text(x, y, line)

    def _words(self, x: int, right: int, y: int) -> int:
        named, maybe = _ALLERGENS[self.language]
        y = self._wrapped(x, right, y, f"{self.words['ingredients']} {self.ingredients}.")
        y = self._text(x, y + self.size // 3, self.words["contains"].format(a=named))
        return self._text(x, y, self.words["may"].format(a=maybe)) + self.size

    def _number(self, value: float, decimals: int, below: bool) -> str:
        text = f"{value:.{decimals}f}"
        if decimals == 1 and text.endswith(".0") and self.chance.random() < 0.5:
            text = text[:-2]
        return ("<" if below else "") + (text.replace(".", ",") if self.comma else text)

    def _cell(self, nutrient: str, column: int, *, unit: bool = True) -> str:
        value, below = self.amounts[nutrient][column]
        return self._number(value, _RANGES[nutrient][2], below) + (" g" if unit else "")

    def _energy(self, column: int, between: str = " / ") -> str:
        kj, kcal = self.amounts["energy_kj"][column][0], self.amounts["energy_kcal"][column][0]
        return f"{kj:g} kJ{between}{kcal:g} kcal"

    def _heads(self) -> list[str]:
        size = f"{self.serving} {'ml' if self.liquid else 'g'}"
        return [self.words[basis].format(size=size) for basis in self.bases]

    def _table(self, x: int, right: int, y: int) -> int:
        y = self._text(x, y, self.words["title"], 1.1)
        font = self._font(1.0)
        widths = [self.pen.textlength(text, font) for text in [*self._heads(), self._energy(0)]]
        step = round(max(widths)) + self.size
        places = [right - step * (len(self.bases) - i) for i in range(len(self.bases))]
        names_end = max(self.pen.textlength(self.words[nutrient], font) for nutrient in _RANGES)
        if places[0] < x + names_end + self.size:  # too narrow: energy in two rows, columns nearer
            step = round((right - x - names_end - self.size) / len(self.bases))
            places = [round(x + names_end + self.size + step * i) for i in range(len(self.bases))]
        narrow = max(widths) > step
        top = y
        unit_in_name = self.layout == "units in names"
        if self.layout == "merged":
            y = self._text(x, y, " ".join([self.words["typical"], self._heads()[0]]))
        else:
            self._text(x, y, self.words["typical"]) if not narrow else None
            y = self._row(places, y, self._heads(), step)
        for nutrient in ["energy", *_RANGES]:
            name = self.words[nutrient]
            if self.layout == "merged":
                values = self._energy(0) if nutrient == "energy" else self._cell(nutrient, 0)
                y = self._text(x, y, f"{name} {values}")
            elif nutrient == "energy" and (narrow or unit_in_name):
                for unit in ("kj", "kcal"):
                    shown = {"kj": "kJ", "kcal": "kcal"}[unit]
                    label = f"{name} ({shown})" if unit_in_name else (name if unit == "kj" else "")
                    self._text(x, y, label)
                    amounts = self.amounts[f"energy_{unit}"]
                    y = self._row(
                        places, y, [f"{v:g}" + ("" if unit_in_name else f" {shown}") for v, _ in amounts], step
                    )
            else:
                self._text(x, y, f"{name} (g)" if unit_in_name else name)
                cells = [
                    self._energy(i) if nutrient == "energy" else self._cell(nutrient, i, unit=not unit_in_name)
                    for i in range(len(self.bases))
                ]
                y = self._row(places, y, cells, step)
            if self.layout == "boxed":
                self.pen.line((x, y - self.size // 5, right, y - self.size // 5), fill=self.ink, width=1)
        if self.layout == "boxed":
            self.pen.rectangle((x - 6, top - 6, right + 6, y), outline=self.ink, width=2)
        return y + self.size

    def _row(self, places: Sequence[int], y: int, cells: Sequence[str], step: int) -> int:
        below = y
        for x, cell in zip(places, cells, strict=True):
            if self.pen.textlength(cell, self._font(1.0)) > step and " (" in cell:  # a head of two lines
                first, second = cell.split(" (", 1)
                self._text(x, y, first)
                below = max(below, self._text(x, y + round(self.size * 1.4), f"({second}"))
            else:
                below = max(below, self._text(x, y, cell))
        return below

    def _run_in(self, y: int) -> int:
        parts = [f"{self.words['energy'].lower()} {self._energy(0, '/')}"]
        parts += [f"{self.words[nutrient].lower()} {self._cell(nutrient, 0)}" for nutrient in _RANGES]
        text = f"{self.words['title']} {self._heads()[0]}: {', '.join(parts)}."
        return self._wrapped(self.margin, self.width - self.margin, y, text)

    def _bars(self, y: int) -> int:
        code = zxingcpp.create_barcode(self.gtin, zxingcpp.BarcodeFormat.EAN13)
        bars = Image.fromarray(np.asarray(code.to_image(scale=2)))
        self.page.paste(bars.convert("RGB"), (self.margin, y))
        return self._text(self.margin, y + bars.height, f"{self.gtin[0]} {self.gtin[1:7]} {self.gtin[7:]}")


_Pixels = np.ndarray


def _turned(pixels: _Pixels, degrees: float) -> _Pixels:
    """Turned about its middle, on a larger sheet of the colour of its corner."""
    height, width = pixels.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    cos, sin = abs(math.cos(math.radians(degrees))), abs(math.sin(math.radians(degrees)))
    new = round(height * sin + width * cos), round(height * cos + width * sin)
    matrix[:, 2] += (new[0] / 2 - width / 2, new[1] / 2 - height / 2)
    ground = tuple(int(part) for part in pixels[1, 1])
    return cv2.warpAffine(pixels, matrix, new, flags=cv2.INTER_CUBIC, borderValue=ground)


def _noisy(pixels: _Pixels, chance: random.Random, most: float) -> _Pixels:
    sigma = chance.uniform(0, most)
    noise = np.random.default_rng(chance.randrange(2**32)).normal(0, sigma, pixels.shape)
    return np.clip(pixels + noise, 0, 255).astype(np.uint8)


def _scanned(pixels: _Pixels, chance: random.Random, number: int) -> tuple[_Pixels, str]:
    """A quarter each: level, turned by quarters, askew by up to 15 degrees, both."""
    degrees = (0.0, 90.0 * chance.randint(1, 3), chance.uniform(-15, 15), 0.0)[number % 4]
    pixels = pixels if not degrees else _turned(pixels, degrees)
    return _noisy(pixels, chance, 14), f"turned {degrees:.0f}"


def _photographed(pixels: _Pixels, chance: random.Random) -> tuple[_Pixels, str]:
    """Seen from one side, on a table, in uneven light, slightly out of focus, as a JPEG."""
    scale = 1.5
    pixels = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    height, width = pixels.shape[:2]
    lean = 0.07

    def near(x: float, y: float) -> tuple[float, float]:
        return x + chance.uniform(-lean, lean) * width, y + chance.uniform(-lean, lean) * height

    edge = 0.12
    corners = [(0, 0), (width, 0), (width, height), (0, height)]
    seen = [near(x * (1 - 2 * edge) + width * edge, y * (1 - 2 * edge) + height * edge) for x, y in corners]
    matrix = cv2.getPerspectiveTransform(np.array(corners, np.float32), np.array(seen, np.float32))
    table = np.full((height, width, 3), chance.randint(90, 150), np.uint8)
    cover = cv2.warpPerspective(np.full((height, width), 255, np.uint8), matrix, (width, height))
    warped = cv2.warpPerspective(pixels, matrix, (width, height), flags=cv2.INTER_CUBIC)
    pixels = np.where(cover[:, :, None] > 127, warped, table)
    angle = chance.uniform(-8, 8)
    pixels = _turned(pixels, angle)
    height, width = pixels.shape[:2]
    across, down = np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))
    light = 1.0 - 0.35 * (chance.uniform(-1, 1) * across + chance.uniform(-1, 1) * down) / 2
    pixels = np.clip(pixels * light[:, :, None], 0, 255).astype(np.uint8)
    blur = chance.uniform(0.6, 1.1)
    pixels = cv2.GaussianBlur(pixels, (0, 0), blur)
    return _noisy(pixels, chance, 10), f"photo, turned {angle:.0f}, blur {blur:.1f}"


def png(draw_on: Callable[[ImageDraw.ImageDraw], object], size: tuple[int, int] = (800, 600)) -> bytes:
    """A picture that `draw_on` made on white."""
    page = Image.new("RGB", size, "white")
    draw_on(ImageDraw.Draw(page))
    data = io.BytesIO()
    page.save(data, "PNG")
    return data.getvalue()
