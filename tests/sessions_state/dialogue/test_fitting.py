from __future__ import annotations

from decimal import Decimal

import pytest

from conversations.content import Buttons, Choice, Listing, Text
from orders.menu import Words
from sessions_state.dialogue.amounts import shown
from sessions_state.dialogue.fitting import clip, name_of, person, row, texts, tidy, with_notes


@pytest.mark.parametrize(
    ("name", "shown_as"),
    [
        ("سارة", "سارة"),
        ("  John\nSmith\t", "John Smith"),
        ("\u202egnitset", "gnitset"),
        ("a" * 50, "a" * 30),
        ("*bold* _x_ ~y~ `z`", "bold x y z"),
        ("\u200b\u2066\u200d", ""),
        ("\x00\x07", ""),
        ("", ""),
        ("Ali 🌙", "Ali 🌙"),
    ],
)
def test_a_customers_name_can_do_no_harm(name: str, shown_as: str) -> None:
    assert person(name) == shown_as


def test_a_short_name_keeps_its_price_and_description() -> None:
    assert row("item:1", "Pepsi", "SAR 4.00", "Cold") == Choice("item:1", "Pepsi", "SAR 4.00 · Cold")
    assert row("item:1", "Pepsi") == Choice("item:1", "Pepsi", "")
    about = row("item:1", "Pepsi", "SAR 4.00", "Cold " * 40).description
    assert about.startswith("SAR 4.00 · Cold") and about.endswith("…") and len(about) <= 72


def test_a_name_longer_than_a_title_is_whole_in_the_description() -> None:
    name = "Arabic shawarma plate with French fries"
    assert row("x", name, "SAR 27.00") == Choice("x", "Arabic shawarma plate w…", f"{name} · SAR 27.00")


def test_a_name_longer_than_both_goes_on_in_the_description() -> None:
    name = "Charcoal grilled half chicken with saffron rice and salad"
    assert len(name) == 57
    made = row("x", name, "SAR 12,345,678.00")
    assert made.description.endswith(" · SAR 12,345,678.00")
    assert made.title.rstrip("…") + made.description.split(" · ")[0].lstrip("…") == name


def test_a_name_longer_than_everything_shows_that_it_goes_on() -> None:
    made = row("x", "n" * 300, "SAR 1.00")
    assert len(made.title) <= 24 and len(made.description) <= 72
    assert made.description.endswith("… · SAR 1.00")


def test_clip_shows_what_it_took() -> None:
    assert clip("abc", 3) == "abc"
    assert clip("abcd", 3) == "ab…"
    assert clip("ab cd", 4) == "ab…"


def test_names_fall_back_and_are_never_empty() -> None:
    assert name_of(Words(ar="بيبسي"), "en") == "بيبسي"
    assert name_of(Words(), "en") == "—"
    assert name_of(Words(en="\u200d \x00"), "en") == "—"
    assert tidy("one\ntwo\u202e") == "one two"


def test_long_lines_go_into_several_texts_unbroken() -> None:
    lines = [f"{number} " + "x" * 120 for number in range(30)]
    made = texts(lines)
    assert len(made) == 3
    assert "\n".join(text.body for text in made).split("\n") == lines
    assert texts(["", " "]) == ()
    assert texts(["y" * 2000])[0].body.endswith("…")


def test_notes_share_the_message_when_they_fit() -> None:
    choices = (Choice("go:menu", "Menu"),)
    assert with_notes(("a", "", "b"), Buttons("c", choices)) == (Buttons("a\n\nb\n\nc", choices),)
    assert with_notes((), Text("c")) == (Text("c"),)
    long = "n" * 600
    assert with_notes((long,), Listing("c", "Show", choices)) == (Text(long), Listing("c", "Show", choices))


@pytest.mark.parametrize(
    ("amount", "currency", "language", "text"),
    [
        ("28", "SAR", "en", "SAR\u00a028.00"),
        ("1234.5", "SAR", "ar", "\u200f1,234.50\u00a0ر.س.\u200f"),
        ("1.5", "KWD", "en", "KWD\u00a01.500"),
        ("1.5", "KWD", "ar", "\u200f1.500\u00a0د.ك.\u200f"),
        ("100", "JPY", "en", "JPY\u00a0100"),
    ],
)
def test_money_in_both_languages(amount: str, currency: str, language: str, text: str) -> None:
    assert shown(Decimal(amount), currency, "ar" if language == "ar" else "en") == text
