"""The start: a greeting, a cart from last time if there is one, and the ways on."""

from __future__ import annotations

from dataclasses import replace

from conversations.content import Buttons, Choice
from orders.menu import Menu
from orders.pricing import price
from sessions_state.dialogue.basket import lines_of, with_lines
from sessions_state.dialogue.fitting import clip, name_of, tidy
from sessions_state.dialogue.ordering import named
from sessions_state.dialogue.path import sells
from sessions_state.dialogue.state import State
from sessions_state.dialogue.step import Heard, Move, Question, Step, language_of, say, to
from sessions_state.dialogue.vocabulary import is_salaam, means_no, means_yes


def greeted(state: State, heard: Heard, menu: Menu) -> Move:
    """The greeting, and the start."""
    restaurant = name_of(menu.restaurant, language_of(state), 60)
    return to("welcome", state, say(state).greeting(restaurant, heard.name, is_salaam(heard.text)))


def ask(state: State, menu: Menu) -> Question | Move:
    words = say(state)
    orders = Choice("go:orders", words.MY_ORDER)
    if not sells(menu):
        body = words.nothing_on_sale(clip(tidy(menu.support_contact), 100))
        return Question(Buttons(body, (orders, Choice("go:staff", words.STAFF))))
    kept = price(state.kept, menu)
    if kept.lines:
        use_or_drop = (Choice("kept:use", words.KEEP_CART), Choice("kept:drop", words.FRESH_CART))
        return with_lines(words.KEPT_CART, lines_of(kept, state, menu), words.GO_ON_WITH_IT, use_or_drop)
    other = "en" if language_of(state) == "ar" else "ar"
    choices = (Choice("go:order", words.ORDER_NOW), orders, Choice(f"lang:{other}", words.OTHER_LANGUAGE))
    return Question(Buttons(words.HOW_CAN_I_HELP, choices))


def answer(state: State, heard: Heard, menu: Menu) -> Move | str | None:
    if not state.offers:
        return _first_words(state, heard, menu)
    offers_cart = "kept:use" in {offer.id for offer in state.offers}
    if means_yes(heard.text):
        return "kept:use" if offers_cart else "go:order"
    if means_no(heard.text) and offers_cart:
        return "kept:drop"
    return named(state, heard, menu)


def _first_words(state: State, heard: Heard, menu: Menu) -> Move:
    """A greeting, and what was asked for when the first words name it; a cart from before comes first."""
    greeting = greeted(state, heard, menu)
    wanted = None if price(state.kept, menu).lines else named(state, heard, menu)
    return replace(wanted, notes=(*greeting.notes, *wanted.notes)) if wanted else greeting


STEP = Step(ask, answer, hint=lambda words: words.HINT)
