"""Folded text: what patterns are matched on, with a way back to the submitted characters.

Folding keeps the words and drops the dress. The result is a run of tokens, each between single spaces, with a space at
both ends:

- letters lower-cased, accents off, compatibility forms and look-alike letters of other scripts mapped to Latin;
- zero-width characters, soft hyphens and direction marks dropped, so that they split no word;
- hyphens, slashes, quotes, commas, brackets, emoji and other signs are spaces;
- ``. ! ? ; : |``, line ends, bullets and the danda become the token ``.``, a boundary that no pattern crosses
  (between two digits all but line ends stay inside the number: ``1.5``);
- ``%`` is a token of its own, ``&`` is the token ``and``, a letter after a digit starts a new token (``10kg`` → ``10
kg``);
- Devanagari keeps its vowel signs; nukta is dropped, long i/u are shortened, digits become 0-9: spellings vary there.

`fold` is the fast way, `fold_with_origins` the plain one that also says where each character came from; both give the
same text (a property test holds them together).
"""

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

BOUNDARY = "."

_LINE_ENDS = "\n\r\u2028\u2029"
_ENDERS = ".!?;:|•·…。！？；：｜¡¿।॥"
_SPACE_SIGNS = "™®©℠№℃℉"  # compatibility forms whose letters would stick to a word
_KEPT_LETTERS = {"ı": "i", "ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ß": "ss", "ſ": "s"}
_LOOKALIKES = str.maketrans(
    "аеёорсухіјѕһԁԛԝкмтвнгпбαεορτυνικχμηγβδσςωɑɡℓ",
    "aeeopcyxijshdqwkmtbhrnbaeoptuvikxmnybdsswagl",
)
_INDIC = {
    "\u0901": "\u0902",  # candrabindu → anusvara
    "\u093c": "",  # nukta
    "\u0940": "\u093f",  # long i → short i
    "\u0942": "\u0941",  # long u → short u
    "\u0937": "\u0936",  # ssa → sha
    "\u0908": "\u0907",
    "\u090a": "\u0909",
}


@lru_cache(maxsize=8192)
def _fold_char(char: str) -> str:
    """Folded form of one submitted character: letters and digits, `.`, a line end, `%`, `&`, a space, or nothing."""
    if char in _LINE_ENDS:
        return "\n"
    if char in _ENDERS:
        return BOUNDARY
    if char in _SPACE_SIGNS:
        return " "
    if char in "%&":
        return char
    if "\u0900" <= char <= "\u097f":
        plain = "".join(_INDIC.get(c, c) for c in unicodedata.normalize("NFKD", char))
        return "".join(str(unicodedata.digit(c)) if c.isdigit() else c for c in plain if c.isalnum() or _is_mark(c))
    category = unicodedata.category(char)
    if category in ("Cf", "Mn", "Me") or char in "\u115f\u1160\u3164":
        return ""
    out = []
    for c in unicodedata.normalize("NFKD", char):
        for low in c.lower():
            kept = _KEPT_LETTERS.get(low)
            if kept is not None:
                out.append(kept)
                continue
            low = low.translate(_LOOKALIKES)
            if low.isalnum():
                out.append(low if low.isalpha() or low in "0123456789" else _digit(low))
            elif unicodedata.category(low) not in ("Mn", "Cf", "Me"):
                out.append("\n" if low in _LINE_ENDS else BOUNDARY if low in _ENDERS else low if low in "%&" else " ")
    return "".join(out)


def _is_mark(char: str) -> bool:
    return unicodedata.category(char) in ("Mn", "Mc")


def _digit(char: str) -> str:
    value = unicodedata.digit(char, None)
    return " " if value is None else str(value)


_ASCII_TABLE = {i: _fold_char(chr(i)) or " " for i in range(128)}
_ASCII = "".join(_ASCII_TABLE[i] for i in range(128))
assert len(_ASCII) == 128  # one to one, so that translate stays on its fast path
_ASCII_FOLD = str.maketrans({chr(i): _ASCII[i] for i in range(128)})
_ASCII_BYTES = bytes(ord(_ASCII[min(i, 127)]) for i in range(256))
_ASCII_KINDS = b"".join(b"1" if chr(i).isdigit() else b"a" if chr(i).isalpha() else b" " for i in range(128)).ljust(256)
_NON_ASCII = re.compile(r"[^\x00-\x7f]")
_LONE_BOUNDARY = re.compile(r"\.(?:(?<![0-9]\.)|(?![0-9]))")
#: A full stop that ends a shortened word, not a sentence: "No. 1", "Dr. Rao", "Vit. C", "Rs. 99".
_SHORTENED = re.compile(
    r"(?<![^\W_])(?:(?:no|nr|rs)\.(?= ?[0-9])|(?:dr|mr|mrs|vit)\.(?= ?[^\W\d_]))", re.IGNORECASE | re.ASCII
)
_SHORTENED_WORDS = ("no", "nr", "rs", "dr", "mr", "vit")
_SHORTENED_END = re.compile(r"(?<![^\W_])(?:no|nr|rs|dr|mr|mrs|vit)\Z")
_LONGEST_SHORTENED = 3
_ASCII_TOKEN = re.compile(r"[A-Za-z]*[0-9]+(?:[.!?;:|][0-9]+)*|[A-Za-z]+|[.!?;:|\n\r%&]")
_DOTTED = re.compile(r"\.[^\W\d_]")
_LETTER_AFTER_DIGIT = re.compile(r"([0-9])([^\W\d_])")


class _FoldTable(dict[int, str]):
    """A translate table that learns each character once."""

    def __missing__(self, code: int) -> str:
        folded = _fold_char(chr(code))
        if len(self) < 8192:
            self[code] = folded
        return folded


_FOLD_TABLE = _FoldTable()
_FEW = 8


def has_digit(text: str) -> bool:
    """Whether one of 0-9 stands in the text; ten looks in C, quicker than one expression."""
    return (
        "0" in text or "1" in text or "2" in text or "3" in text or "4" in text
        or "5" in text or "6" in text or "7" in text or "8" in text or "9" in text
    )  # fmt: skip


def has_dotted(text: str) -> bool:
    """Whether a letter follows a full stop at once, as in a web address or in letters set apart by stops."""
    return "." in text and _DOTTED.search(text) is not None


def fold(text: str) -> str:
    """Folded form of `text` (see the module's promise); about 5 µs for 350 ASCII characters."""
    text = _open_shortened(text)
    if text.isascii():
        plain = _fold_ascii(text)
    else:
        strange = set(_NON_ASCII.findall(text))
        if len(strange) <= _FEW:
            for char in strange:
                text = text.replace(char, _fold_char(char))
            plain = _fold_ascii(text) if text.isascii() else text.translate(_FOLD_TABLE)
        else:
            plain = text.translate(_FOLD_TABLE)
    if has_digit(plain):
        plain = _ends_between_numbers(plain)
    elif "\n" in plain or "." in plain:
        plain = plain.replace("\n", ".").replace(".", " . ")
    if "%" in plain:
        plain = plain.replace("%", " % ")
    if "&" in plain:
        plain = plain.replace("&", " and ")
    return f" {' '.join(plain.split())} "


def _fold_ascii(text: str) -> str:
    """Sign for sign; through bytes, which is twice as quick."""
    return text.encode("ascii").translate(_ASCII_BYTES).decode("ascii")


def _ends_between_numbers(plain: str) -> str:
    """The text with its boundaries set apart, save those inside a number, and letters from the digits before them."""
    plain = (plain.replace("\n", " . ") + " ").replace(". ", " . ")
    if plain.count(".") != plain.count(" . "):
        plain = _LONE_BOUNDARY.sub(" . ", plain)
    if plain.isascii() and b"1a" not in plain.encode("ascii").translate(_ASCII_KINDS):
        return plain
    return _LETTER_AFTER_DIGIT.sub(r"\1 \2", plain)


def _open_shortened(text: str) -> str:
    """The text with a space for each full stop that ends a shortened word; as long as before."""
    for before in text.lower().split(".")[:-1]:
        if before.endswith(_SHORTENED_WORDS) and _SHORTENED_END.search(before[-_LONGEST_SHORTENED - 1 :]):
            return _SHORTENED.sub(_without_stop, text)
    return text


def _without_stop(match: re.Match[str]) -> str:
    return match[0].replace(".", " ")


def fold_with_origins(text: str, replaced: Mapping[int, str] | None = None) -> tuple[str, list[int]]:
    """Folded text and, for each of its characters, the index of the submitted character it stands for.

    `replaced` maps submitted indices to what shall be read there instead ("" reads over the character): this is how
    disguised spellings are tried. A space belongs to the character before which it stands.
    """
    chars: list[tuple[str, int]] = []
    for i, char in enumerate(_open_shortened(text)):
        if replaced is not None and i in replaced:
            chars += [(c, i) for new in replaced[i] for c in _fold_char(new)]
        else:
            chars += [(c, i) for c in _fold_char(char)]
    tokens: list[tuple[str, list[int]]] = []
    word: list[str] = []
    places: list[int] = []

    def close() -> None:
        if word:
            tokens.append(("".join(word), places.copy()))
            word.clear()
            places.clear()

    for k, (c, i) in enumerate(chars):
        if c == "\n" or (
            c == BOUNDARY
            and not (0 < k < len(chars) - 1 and chars[k - 1][0] in "0123456789" and chars[k + 1][0] in "0123456789")
        ):
            close()
            tokens.append((BOUNDARY, [i]))
        elif c == "%":
            close()
            tokens.append(("%", [i]))
        elif c == "&":
            close()
            tokens.append(("and", [i, i, i]))
        elif c.isspace():
            close()
        else:
            if word and word[-1] in "0123456789" and c.isalpha():
                close()
            word.append(c)
            places.append(i)
    close()
    out, origins = [" "], [0]
    for token, where in tokens:
        out += [token, " "]
        origins += where
        origins.append(where[-1])
    if not tokens:
        out.append(" ")
        origins.append(0)
    return "".join(out), origins


class FoldedText:
    """A submitted text and its folded form; spans of the folded form map back on demand."""

    __slots__ = ("_lower", "_origins", "_tokens", "folded", "text")

    def __init__(self, text: str, folded: str | None = None, origins: list[int] | None = None) -> None:
        self.text = text
        self.folded = fold(text) if folded is None else folded
        self._origins = origins
        self._tokens: list[tuple[int, int]] | None = None
        self._lower = ""

    def submitted_span(self, start: int, end: int) -> tuple[int, int]:
        """The submitted code points behind the folded token run [start, end); every one of them, never fewer.

        `start` and `end` are token borders of the folded text. Dropped characters inside the run (zero-width, soft
        hyphens) are covered; those outside are not.
        """
        if self._origins is None and self.text.isascii():
            quick = self._plain_span(start, end)
            if quick is not None:
                return quick
            if self._tokens is None:
                self._tokens = [m.span() for m in _ASCII_TOKEN.finditer(_open_shortened(self.text))]
            first = self.folded.count(" ", 0, start) - 1
            last = self.folded.count(" ", 0, end) - 1
            return self._tokens[first][0], self._tokens[last][1]
        if self._origins is None:
            self._origins = fold_with_origins(self.text)[1]
        origins = self._origins[start:end]
        last_index = max(origins) + 1
        while last_index < len(self.text) and unicodedata.category(self.text[last_index]) in ("Mn", "Mc", "Me"):
            last_index += 1
        return min(origins), last_index

    def _plain_span(self, start: int, end: int) -> tuple[int, int] | None:
        """The span in ASCII text when its first and last token are plain words.

        Folding keeps every run of letters, so the n-th place of a word is the n-th place in both texts; "&" alone
        makes letters.
        """
        if "&" in self.text:
            return None
        if not self._lower:
            self._lower = self.text.lower()
        first = self._plain_place(start)
        last_token = self.folded.rfind(" ", 0, end) + 1
        last = first if last_token == start else self._plain_place(last_token)
        return None if first < 0 or last < 0 else (first, last + end - last_token)

    def _plain_place(self, at: int) -> int:
        word = self.folded[at : self.folded.find(" ", at)]
        if not word.isalpha():
            return -1
        place = self._lower.find(word)
        for _ in range(self.folded.count(word, 0, at)):
            place = self._lower.find(word, place + len(word))
        return place
