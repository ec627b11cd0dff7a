"""Reading what people write: digits, spellings, quantities, and names written loosely. Knows no menu and no step."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz import fuzz

from conversations.spelling import fold
from orders.menu import Language

LONGEST_NAME = 200
ALIKE = 78
"""How much two words must resemble each other (0 to 100): one letter more or less in four, one changed in five.
Lower, and كبسة would be كبدة."""
ENOUGH = 70
WHOLE = 85
"""A score that only a whole name reaches; a part of one is at most `_PART_OF_A_NAME` of 100."""
CLEARLY = 6
_PART_OF_A_NAME = 0.84

_NUMBER_WORDS: dict[int, str] = {
    1: "one single واحد واحده وحده حبه",
    2: "two couple pair اثنين اثنان ثنين اتنين ثنتين حبتين قطعتين زوج",
    3: "three ثلاثه ثلاث تلاته تلات",
    4: "four اربعه اربع",
    5: "five خمسه خمس",
    6: "six سته ست",
    7: "seven سبعه سبع",
    8: "eight ثمانيه ثمان ثماني تمانيه تمان",
    9: "nine تسعه تسع",
    10: "ten عشره عشر",
    11: "eleven احدعش حدعش",
    12: "twelve dozen اثنعش درزن دزينه",
    15: "fifteen خمستعش",
    20: "twenty عشرين",
}
_UNITS = frozenset(
    """x pc pcs piece pieces times of a number no only just
    حبه حبات قطعه قطع مرات صحون رقم بس فقط""".split()  # noqa: SIM905
)
_FILLERS = frozenset(
    """please pls plz i want wanna need to id ill would like have get give me can could order add the a an some
    ابي ابغي ابغا ابغه بغيت اريد عايز عاوز بدي حاب ودي اطلب طلب ممكن لو سمحت سمحتي فضلك من عطني اعطني هات
    ضيف اضف زود زيد لي""".split()  # noqa: SIM905
)


def _by_word(words: Mapping[int, str]) -> dict[str, int]:
    return {fold(word): number for number, said in words.items() for word in said.split()}


_NUMBERS = _by_word(_NUMBER_WORDS)


def number_in(text: str) -> int | None:
    """The number that the whole text is ("3", "٣", "۳.", "two", "٣ حبات"), or None."""
    if re.match(r"\s*[-−]\d", text):
        return None
    quantity, rest = split_quantity(text)
    return quantity if not rest else None


def is_in_digits(text: str) -> bool:
    """Is it written as a number ("3", "٣."), and not in words ("three", "واحد بس")?"""
    return fold(text).replace(" ", "").isdecimal()


def split_quantity(text: str) -> tuple[int | None, str]:
    """A quantity at the start or at the end, and the folded rest: "2 شاورما" and "شاورما ×٢" give (2, "شاورما")."""
    words = _spread(fold(text[: LONGEST_NAME * 2])).split()
    for ahead in (True, False):
        said = words if ahead else words[::-1]
        taken = _taken(said)
        if taken is not None:
            number, rest = taken
            return number, " ".join(rest if ahead else rest[::-1])
    return None, " ".join(words)


def _spread(text: str) -> str:
    """ "2x" and "x2" are a number and a sign."""
    return re.sub(r"\bx(\d+)\b", r"x \1", re.sub(r"\b(\d+)x\b", r"\1 x", text))


def _taken(words: list[str]) -> tuple[int, list[str]] | None:
    start = 0
    while start < len(words) and _leads(words[start], words[start + 1 : start + 2]):
        start += 1
    if start == len(words) or (number := _value(words[start])) is None:
        return None
    rest = words[start + 1 :]
    while rest and rest[0] in _UNITS:
        rest = rest[1:]
    return number, rest


def _leads(word: str, following: list[str]) -> bool:
    """Does the word only lead up to the quantity? حبة is one, but in "٢ حبة" it is a unit."""
    if word in _NUMBERS:
        return word in _UNITS and any(_value(other) is not None for other in following)
    return word in _UNITS or word in _FILLERS


def _value(word: str) -> int | None:
    if word.isdecimal() and len(word) <= 6:
        return int(word)
    return _NUMBERS.get(word)


def script_of(text: str) -> Language | None:
    """The language that the letters speak: Arabic letters ar, Latin ones en, none (digits, emoji) None."""
    for char in text:
        name = unicodedata.name(char, "") if unicodedata.category(char)[0] == "L" else ""
        if name.startswith("ARABIC"):
            return "ar"
        if name.startswith(("LATIN", "FULLWIDTH LATIN")):
            return "en"
    return None


@dataclass(frozen=True, slots=True)
class Match:
    """Who a loose name means: `one` when it is clear, the candidates in `several` when it is not."""

    one: str | None = None
    several: tuple[str, ...] = ()


def match(said: str, candidates: Mapping[str, Iterable[str]], whole: bool = False, exact_up_to: int = 2) -> Match:
    """Which of the candidates (id → its names) is meant. `whole` accepts no part of a name for the name; words of so
    few letters as `exact_up_to` must be written as they are."""
    if len(said) > LONGEST_NAME:
        return Match()
    queries = {fold(said), without_fillers(said)}
    scores = {
        key: max((likeness(query, _folded_name(name), exact_up_to) for name in names for query in queries), default=0.0)
        for key, names in candidates.items()
    }
    floor = 85 if whole else ENOUGH
    likely = sorted((key for key, score in scores.items() if score >= floor), key=lambda key: -scores[key])
    if not likely:
        return Match()
    best = scores[likely[0]]
    near = tuple(key for key in likely if scores[key] == best or (best - scores[key] < CLEARLY and best < 100))
    return Match(one=near[0]) if len(near) == 1 else Match(several=near)


@lru_cache(maxsize=20_000)
def _folded_name(name: str) -> str:
    """Names of a menu come again with every message; what customers write is not remembered."""
    return fold(name)


def without_fillers(said: str) -> str:
    """The folded words without "please", "I want", "لو سمحت"…; all of them when nothing else is left."""
    words = fold(said[: LONGEST_NAME * 2]).split()
    return " ".join(word for word in words if word not in _FILLERS) or " ".join(words)


def likeness(said: str, name: str, exact_up_to: int = 2) -> float:
    """How surely `said` means `name` (both folded), 0 to 100. Every word said must be one of the name's; words of so
    few letters as `exact_up_to` must be the same."""
    if not said or not name:
        return 0.0
    if said == name:
        return 100.0
    if said.replace(" ", "") == name.replace(" ", ""):
        return 98.0
    spoken, left = said.split(), name.split()
    if len(spoken) > len(left):
        return 0.0
    scores = []
    for word in spoken:
        best, score = max(
            ((other, _word_likeness(word, other, exact_up_to)) for other in left), key=lambda pair: pair[1]
        )
        if score < ALIKE:
            return 0.0
        scores.append(score)
        left.remove(best)
    return sum(scores) / len(scores) * (_PART_OF_A_NAME if left else 0.97)


def _word_likeness(one: str, other: str, exact_up_to: int) -> float:
    one, other = _bare(one), _bare(other)
    if one == other:
        return 100.0
    # Sizes and numbers ("L", "2", "7up") are never nearly right.
    if min(len(one), len(other)) <= exact_up_to or any(char.isdigit() for char in one + other):
        return 0.0
    return fuzz.ratio(one, other)


def _bare(word: str) -> str:
    return word[2:] if word.startswith("ال") and len(word) > 4 else word
