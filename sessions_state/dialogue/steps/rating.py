"""How the order was, from 1 to 5. The button names the order, so that an old list cannot rate a new one."""

from __future__ import annotations

from conversations.content import Choice, Listing
from orders.menu import Menu
from sessions_state.dialogue.effects import RateOrder
from sessions_state.dialogue.ordering import named
from sessions_state.dialogue.state import State
from sessions_state.dialogue.step import Heard, Move, Question, Step, say, to
from sessions_state.dialogue.words import match

_LOW = 2
_WORDS = {
    1: ("bad", "very bad", "terrible", "poor", "سيء جدا", "سيئ جدا", "زفت", "تعيس"),
    2: ("fair", "مقبول", "مو حلو"),
    3: ("good", "جيد", "عادي", "مقبول نوعا ما"),
    4: ("very good", "great", "جيد جدا", "حلو", "زين"),
    5: ("excellent", "perfect", "amazing", "ممتاز", "رائع", "يجنن", "مره حلو", "خيال"),
}


def ask(state: State, menu: Menu) -> Question | Move:
    if state.rating_order is None:
        return to("tracking", state)
    words = say(state)
    rows = tuple(Choice(_id(score, state), stars) for score, stars in enumerate(words.STARS, start=1))
    return Question(Listing(words.HOW_WAS_IT, words.SHOW_RATINGS, rows))


def _id(score: int, state: State) -> str:
    return f"rate:{score}:{state.rating_order}"


def answer(state: State, heard: Heard, menu: Menu) -> Move | None:
    choice = (
        heard.choice or match(heard.text, {_id(score, state): said for score, said in _WORDS.items()}, whole=True).one
    )
    for score in _WORDS:
        if choice == _id(score, state):
            return _rated(score, state)
    return None if heard.choice else named(state, heard, menu)


def _rated(score: int, state: State) -> Move:
    thanks = say(state).RATED_LOW if score <= _LOW else say(state).RATED
    effects = (RateOrder(state.rating_order, score),) if state.rating_order else ()
    return Move(to("tracking", state, rating_order=None).state, (thanks,), effects=effects)


STEP = Step(ask, answer, hint=lambda words: words.HINT_RATING)
