"""One spelling for all that readers of Arabic hold equal: ساره is سارة, ٣ is 3. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict

_LETTERS = str.maketrans(
    {
        "ى": "ي",
        "ی": "ي",
        "ې": "ي",
        "ة": "ه",
        "ۀ": "ه",
        "ک": "ك",
        "ڪ": "ك",
        "گ": "ق",
        "چ": "ج",
        "پ": "ب",
        "ڤ": "ف",
        "ٱ": "ا",
        "ء": None,
        "ـ": None,
        "'": None,
        "’": None,
        "×": " x ",
        "👍": " ok ",
        "👌": " ok ",
        "🙏": " thanks ",
        "❤": " thanks ",
        "🌹": " thanks ",
    }
)


def fold(text: str) -> str:
    """One spelling for all that readers hold equal: case, hamza and alef, ة/ه, ى/ي, marks, digits, emoji, spaces."""
    flat = unicodedata.normalize("NFKD", text).casefold().translate(_LETTERS)
    return " ".join("".join(_kept(char) for char in flat).split())


def _kept(char: str) -> str:
    kind = unicodedata.category(char)
    if kind == "Nd":
        return str(unicodedata.decimal(char))
    if kind[0] in "LN":
        return char
    return "" if kind in ("Mn", "Me", "Mc", "Cf") else " "


def _spellings() -> dict[str, str]:
    """What each plain letter or digit may be written as in Arabic; under "" what may stand between any two."""
    spellings: dict[str, str] = defaultdict(str)
    for char in map(chr, range(0x600, 0x700)):
        if unicodedata.category(char)[0] in "LMN":
            spellings[fold(char)] += char
    return {plain: f"{plain}{''.join(written)}" for plain, written in spellings.items() if len(plain) < 2}


_SPELLINGS = _spellings()


def spellings_of(words: str) -> str:
    """A regular expression (PostgreSQL's and Python's) for these words in all their spellings, for whom cannot `fold`
    every text first. Empty for marks alone, which would fit everything."""
    between = f"[{_SPELLINGS['']}]*"
    return between.join(_written(char) for char in words if char not in _SPELLINGS[""])


def _written(char: str) -> str:
    plain = fold(char)
    return f"[{_SPELLINGS[plain]}]" if plain and plain in _SPELLINGS else re.escape(char)
