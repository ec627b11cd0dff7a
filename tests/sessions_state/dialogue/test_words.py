from __future__ import annotations

import pytest

from conversations.spelling import fold
from sessions_state.dialogue.vocabulary import command_in, is_salaam, means_no, means_yes, nearly_command
from sessions_state.dialogue.words import Match, likeness, match, number_in, script_of, split_quantity

ITEMS = {
    "chicken": ("شاورما دجاج", "Chicken shawarma"),
    "beef": ("شاورما لحم", "Beef shawarma"),
    "kabsa": ("كبسة", "Kabsa"),
    "large": ("بيتزا كبير", "Pizza L"),
    "7up": ("سفن اب", "7up"),
    "pepsi": ("بيبسي", "Pepsi"),
    "diet": ("بيبسي دايت", "Diet Pepsi"),
    "cheeseburger": ("تشيز برجر", "Cheeseburger"),
}


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("أحمد", "احمد"),
        ("إلى آخره", "الي اخره"),
        ("مؤمن وشيء", "مومن وشي"),
        ("شاورمــــا", "شاورما"),
        ("شَاوِرْمَا", "شاورما"),
        ("كنافة", "كنافه"),
        ("موسى", "موسي"),
        ("کباب", "كباب"),
        ("ﺷﺎورﻣﺎ ﻻ", "شاورما لا"),
        ("\u200fمنيو\u200e\u200b", "منيو"),
        ("  CaFÉ\n Latte ", "cafe latte"),
        ("٣ و۴ و5", "3 و4 و5"),
        ("🍽 اطلب الآن!", "اطلب الان"),
        ("I'd", "id"),
        ("🍕", ""),
        ("", ""),
    ],
)
def test_fold_gives_one_spelling(written: str, folded: str) -> None:
    assert fold(written) == folded


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("3", 3),
        ("٣", 3),
        ("۳", 3),
        (" ٣. ", 3),
        ("3️⃣", 3),
        ("#4", 4),
        ("رقم ٢", 2),
        ("two", 2),
        ("اثنين", 2),
        ("حبتين", 2),
        ("٣ حبات", 3),
        ("حبه", 1),
        ("2 حبه", 2),
        ("x2", 2),
        ("a dozen", 12),
        ("٢ بس", 2),
        ("0", 0),
        ("-2", None),
        ("2 شاورما", None),
        ("1.5", None),
        ("12345678", None),
        ("واحد اثنين", None),
        ("", None),
        ("☺", None),
    ],
)
def test_number_in_is_the_whole_text_or_nothing(text: str, number: int | None) -> None:
    assert number_in(text) == number


@pytest.mark.parametrize(
    ("text", "quantity", "rest"),
    [
        ("2 شاورما دجاج", 2, "شاورما دجاج"),
        ("شاورما دجاج ٢", 2, "شاورما دجاج"),
        ("شاورما دجاج ×٢", 2, "شاورما دجاج"),
        ("٣ حبات شاورما", 3, "شاورما"),
        ("شاورما 2 حبه", 2, "شاورما"),
        ("ابغى اثنين بيبسي لو سمحت", 2, "بيبسي لو سمحت"),
        ("2x pepsi", 2, "pepsi"),
        ("pepsi x10", 10, "pepsi"),
        ("three of the pepsi", 3, "the pepsi"),
        ("I would like two pepsi", 2, "pepsi"),
        ("pepsi", None, "pepsi"),
        ("7up", None, "7up"),
    ],
)
def test_split_quantity_at_either_end(text: str, quantity: int | None, rest: str) -> None:
    assert split_quantity(text) == (quantity, rest)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("شاورما دجاج", "chicken"),
        ("شاورمه دجاج", "chicken"),
        ("دجاج شاورما", "chicken"),
        ("الدجاج", "chicken"),
        ("chiken shawrma", "chicken"),
        ("I want chicken shawarma please", "chicken"),
        ("ببسي", "pepsi"),
        ("pepsi", "pepsi"),
        ("diet", "diet"),
        ("7 up", "7up"),
        ("cheese burger", "cheeseburger"),
        ("pizza l", "large"),
    ],
)
def test_match_finds_loosely_spelled_names(said: str, meant: str) -> None:
    assert match(said, ITEMS) == Match(one=meant)


@pytest.mark.parametrize("said", ["pizza s", "كبده", "chicken shawarma without garlic", "tea", "", "🍕", "x" * 5000])
def test_match_never_takes_the_wrong_thing(said: str) -> None:
    assert match(said, ITEMS) == Match()


def test_match_names_all_that_are_equally_near() -> None:
    assert set(match("شاورما", ITEMS).several) == {"chicken", "beef"}
    assert match("شاورما", ITEMS).one is None


def test_the_very_name_wins_over_a_near_one_and_twins_are_asked_about() -> None:
    assert match("cheese burger", {"a": ["Cheese burger"], "b": ["Cheeseburger"]}) == Match(one="a")
    assert match("diet pepsi", {"a": ["Diet Pepsi"], "b": ["Pepsi diet"]}) == Match(one="a")
    assert match("pepsi", {"a": ["Pepsi"], "b": ["PEPSI!"]}) == Match(several=("a", "b"))


def test_whole_accepts_no_part_of_a_name() -> None:
    assert match("chicken", ITEMS, whole=True) == Match()
    assert match("chiken shawarma", ITEMS, whole=True) == Match(one="chicken")


def test_likeness_is_whole_only_for_the_same_name() -> None:
    assert likeness("pepsi", "pepsi") == 100
    assert likeness("pepsi", "diet pepsi") < likeness("pepsi diet", "diet pepsi") < 100
    assert likeness("", "pepsi") == likeness("pepsi", "") == 0


@pytest.mark.parametrize(
    ("text", "language"),
    [("السلام", "ar"), ("Hi", "en"), ("٣ pepsi", "en"), ("123 🍕", None), ("ﺷﺎورﻣﺎ", "ar"), ("你好", None)],
)
def test_script_of_looks_at_the_first_letter(text: str, language: str | None) -> None:
    assert script_of(text) == language


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("المنيو", "go:menu"),
        ("ابغى المنيو لو سمحت", "go:menu"),
        ("القائمة", "go:menu"),
        ("MENU", "go:menu"),
        ("السلة", "go:cart"),
        ("ابدأ من جديد", "go:start_over"),
        ("إلغاء", "go:cancel"),
        ("كنسل", "go:cancel"),
        ("أحد يكلمني", "go:staff"),
        ("ابي موظف", "go:staff"),
        ("وين طلبي؟", "go:orders"),
        ("Where's my order?", "go:orders"),
        ("English", "lang:en"),
        ("عربى", "lang:ar"),
        ("السلام عليكم ورحمة الله", "go:hello"),
        ("بوت", "go:bot"),
        ("2 شاورما", ""),
        ("", ""),
    ],
)
def test_command_in_both_languages(text: str, command: str) -> None:
    assert command_in(text) == command


def test_a_slip_of_the_finger_is_nearly_a_command() -> None:
    assert command_in("منيوو") == ""
    assert nearly_command("المنيوو") == "go:menu"
    assert nearly_command("checkot") == "go:checkout"
    assert nearly_command("the weather") == ""


def test_yes_no_and_salaam() -> None:
    assert means_yes("نعم") and means_yes("OK!") and means_yes("👍") and not means_yes("نعم بس بدون بصل")
    assert means_no("لا") and means_no("No.") and not means_no("لا بأس")
    assert is_salaam("السلام عليكم") and not is_salaam("هلا")
