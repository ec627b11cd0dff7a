from __future__ import annotations

import inspect
import re
from pathlib import Path
from types import FunctionType, ModuleType
from typing import get_args

import pytest

from conversations.content import BUTTON_TITLE_LIMIT, ROW_TITLE_LIMIT
from sessions_state.dialogue import phrases
from sessions_state.dialogue.events import OrderRefused, OrderStatus
from sessions_state.dialogue.phrases import ar, en
from sessions_state.dialogue.words import script_of

DIALOGUE = Path(phrases.__file__).parents[1]
BUTTONS = (
    "ORDER_NOW", "ORDER_AGAIN", "MY_ORDER", "STAFF", "MENU", "CHECKOUT", "ADD_MORE", "START_OVER", "DELIVERY", "PICKUP",
    "CASH", "ONLINE", "CONFIRM", "CHANGE", "CANCEL", "KEEP_CART", "FRESH_CART", "SHOW_CATEGORIES", "SHOW_ITEMS",
    "SHOW_BRANCHES", "SHOW_RATINGS", "OTHER_LANGUAGE",
)  # fmt: skip
ROWS = ("BACK_TO_MENU", "MORE", "PREVIOUS")
BOTH = pytest.mark.parametrize("module", [ar, en], ids=["ar", "en"])


def names(module: ModuleType) -> dict[str, object]:
    return {
        name: value
        for name, value in vars(module).items()
        if not name.startswith("_") and name not in ("annotations", "RLM")
    }


def test_both_languages_have_the_same_names_of_the_same_shape() -> None:
    arabic, english = names(ar), names(en)
    assert arabic.keys() == english.keys()
    for name, value in arabic.items():
        other = english[name]
        assert type(value) is type(other), name
        if isinstance(value, FunctionType) and isinstance(other, FunctionType):
            assert inspect.signature(value) == inspect.signature(other), name
        if isinstance(value, dict) and isinstance(other, dict):
            assert value.keys() == other.keys(), name


def test_nothing_is_said_that_nobody_says() -> None:
    sources = [path for path in DIALOGUE.rglob("*.py") if path.parent.name != "phrases"]
    code = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    assert [name for name in names(en) if not re.search(rf"\.{name}\b", code)] == []


def test_no_sentence_stands_in_a_step() -> None:
    for path in (DIALOGUE / "steps").glob("*.py"):
        code = path.read_text(encoding="utf-8")
        assert not re.search(r"(Text|Buttons|Listing|AskLocation)\(\s*f?\"[^{\"]", code), path.name


@BOTH
def test_titles_fit_their_buttons(module: ModuleType) -> None:
    for name in BUTTONS:
        assert len(getattr(module, name)) <= BUTTON_TITLE_LIMIT, name
    for name in ROWS:
        assert len(getattr(module, name)) <= ROW_TITLE_LIMIT, name
    for title in (*module.CARD.values(), *module.STARS, module.cart_row(99 * 30)):
        assert len(title) <= BUTTON_TITLE_LIMIT
    assert len(module.STARS) == 5


@BOTH
def test_no_two_buttons_of_a_message_have_the_same_title(module: ModuleType) -> None:
    titles = [getattr(module, name) for name in BUTTONS]
    assert len(set(titles)) == len(titles) - (module.FRESH_CART == module.ORDER_AGAIN)


@BOTH
def test_every_status_and_refusal_has_words(module: ModuleType) -> None:
    for status in get_args(OrderStatus):
        assert "12" in module.order_status(12, status, "delivery")
        assert module.order_status(12, status, "pickup")
    reasons = get_args(inspect.get_annotations(OrderRefused, eval_str=True)["reason"])
    assert set(module.REFUSED) == set(reasons)


def test_each_language_speaks_its_own_script() -> None:
    for name, value in names(ar).items():
        if isinstance(value, str) and name != "OTHER_LANGUAGE":
            assert script_of(value) == "ar", name
            assert script_of(str(names(en)[name])) == "en", name


def test_arabic_counts_as_arabic_does() -> None:
    assert [ar.pieces(n) for n in (1, 2, 3, 10, 11, 100, 103)] == [
        "صنف واحد", "صنفين", "3 أصناف", "10 أصناف", "11 صنف", "100 صنف", "103 أصناف",
    ]  # fmt: skip
    assert [en.pieces(n) for n in (1, 2)] == ["1 item", "2 items"]
