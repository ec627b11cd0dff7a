"""Who orders, and what they answer to what the bot has said. Pure but for each person's own chance.

People decide by what they see: the choices of the last message, never by what they expect to come.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from conversations.content import AskLocation, Buttons, Choice, Content, choices_of
from orders.menu import Language

Form = dict[str, str]
"""The fields of one message that say what it is, as Twilio posts them."""

_WORDS: dict[str, dict[Language, tuple[str, ...]]] = {
    "hello": {"ar": ("السلام عليكم", "مرحبا", "هلا"), "en": ("hello", "hi", "Good evening")},
    "menu": {"ar": ("القائمة", "المنيو"), "en": ("menu",)},
    "orders": {"ar": ("وين طلبي؟",), "en": ("where is my order?",)},
    "staff": {"ar": ("موظف",), "en": ("talk to staff",)},
    "bot": {"ar": ("بوت",), "en": ("bot",)},
}
_PLACED = {"go:orders", "go:order", "go:staff"}
_ARABIC_DIGITS = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
_NAMES = ("أحمد", "نورة", "Sara", "Omar", "فهد", "Layla ✨", "عبدالله", "Maryam")


@dataclass(slots=True)
class Person:
    """`address` is a number or the id of a hidden one; `dishes` is how many different ones are still wanted."""

    address: str
    name: str
    language: Language
    order_type: str
    chance: Random
    dishes: int = 1
    writes_to_both: bool = False
    leaves: bool = False
    asks_staff: bool = False
    tapped: str = field(default="", init=False)

    def greets(self) -> list[Form]:
        """The first words; some people send several messages at once."""
        first = [self._word("hello")]
        return first if self.chance.random() < 0.7 else [*first, self._word("hello"), self._word("menu")]

    def asks_for_order(self) -> list[Form]:
        return [self._word("orders")]

    def orders_again(self) -> None:
        self.dishes, self.tapped = 1, ""

    def has_ordered(self, said: Sequence[Content]) -> bool:
        """The bot offers what it offers once an order is placed."""
        return bool(said) and {choice.id for choice in choices_of(said[-1])} == _PLACED

    def answers(self, said: Sequence[Content]) -> list[Form]:
        """What this person does next: mostly one message, now and then the same one twice, as a nervous thumb does."""
        form = self._answer(said)
        return [form, form] if self.chance.random() < 0.08 else [form]

    def _answer(self, said: Sequence[Content]) -> Form:
        last = said[-1] if said else None
        if isinstance(last, AskLocation):
            return self._place()
        if last is None or not choices_of(last):
            return self._word("bot")
        if self.asks_staff and self.chance.random() < 0.3:
            self.asks_staff = False
            return self._word("staff")
        return self._take(last, self._wanted(choices_of(last)))

    def _wanted(self, choices: Sequence[Choice]) -> Choice:
        """The choice that brings this person nearer to the order."""
        by_id = {choice.id: choice for choice in choices}
        for wanted in (f"type:{self.order_type}", f"lang:{self.language}", "kept:use"):
            if wanted in by_id:
                return by_id[wanted]
        if "go:checkout" in by_id:
            return by_id[self._more_or_done()]
        for kind in ("confirm", "pay", "qty", "item", "category", "branch"):
            found = [choice for choice in choices if choice.id.startswith(f"{kind}:")]
            if found:
                return self._one_of(kind, found, by_id)
        return next((by_id[name] for name in ("go:order", "go:menu") if name in by_id), choices[0])

    def _more_or_done(self) -> str:
        """Asked again after "checkout", the restaurant wants a larger order."""
        if self.dishes > 0 or self.tapped == "go:checkout":
            return "go:menu"
        return "go:checkout"

    def _one_of(self, kind: str, found: list[Choice], by_id: dict[str, Choice]) -> Choice:
        pages = [choice for name, choice in by_id.items() if name.startswith("page:")]
        if kind == "qty":
            self.dishes -= 1
        if kind == "confirm" and self.chance.random() < 0.05:
            return by_id.get("go:cart", found[0])
        if pages and self.chance.random() < 0.3:
            return self.chance.choice(pages)
        return self.chance.choice(found)

    def _take(self, shown: Content, wanted: Choice) -> Form:
        """By tap, by number or by name; where pieces are asked, a number counts pieces."""
        self.tapped = wanted.id
        how = self.chance.random()
        if how < 0.6:
            return tap(wanted, "button" if isinstance(shown, Buttons) else "list")
        if how < 0.85:
            number = wanted.title if wanted.id.startswith("qty:") else str(choices_of(shown).index(wanted) + 1)
            return words(number.translate(_ARABIC_DIGITS) if self.language == "ar" else number)
        return words(wanted.title)

    def _word(self, meaning: str) -> Form:
        return words(self.chance.choice(_WORDS[meaning][self.language]))

    def _place(self) -> Form:
        latitude, longitude = 24.6 + self.chance.random() / 5, 46.6 + self.chance.random() / 5
        named = {"Address": "شارع العليا، الرياض", "Label": "البيت"} if self.chance.random() < 0.3 else {}
        return {"Latitude": f"{latitude:.6f}", "Longitude": f"{longitude:.6f}", "MessageType": "location", **named}


def words(text: str) -> Form:
    return {"Body": text, "MessageType": "text"}


def tap(choice: Choice, kind: str) -> Form:
    """A button or a list row, as the fixtures of captured requests have them."""
    chosen = {"button": ("ButtonPayload", "ButtonText"), "list": ("ListId", "ListTitle")}[kind]
    return {
        "Body": choice.title,
        "MessageType": "interactive",
        **dict(zip(chosen, (choice.id, choice.title), strict=True)),
    }


def crowd(count: int, chance: Random, leaving: int = 0) -> list[Person]:
    """`count` people: two languages, two kinds of order, one in ten writes to both restaurants, one in twenty hides
    the number; `leaving` of them go away in the middle for longer than a silence."""
    return [_person(n, Random(chance.random()), leaves=n < leaving) for n in range(count)]


def _person(n: int, chance: Random, *, leaves: bool) -> Person:
    hidden = n % 20 == 11
    return Person(
        address=f"SA.{4_500_000_000 + n}" if hidden else f"+96655{n:07d}",
        name=chance.choice(_NAMES),
        language=chance.choice(("ar", "en")),
        order_type=chance.choice(("delivery", "pickup")),
        chance=chance,
        dishes=chance.choice((1, 1, 1, 1, 2, 3)),
        writes_to_both=n % 10 == 3,
        leaves=leaves,
        asks_staff=n % 12 == 5,
    )
