"""The talk: one event in, one turn out. Pure: the same state, event and menu always give the same turn."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from conversations.content import Buttons, Choice, choices_of
from conversations.spelling import fold
from orders.menu import Language, Menu
from sessions_state.dialogue import news
from sessions_state.dialogue.anywhere import MISSES_LIMIT, is_known, obey
from sessions_state.dialogue.basket import swept
from sessions_state.dialogue.choices import ACTS, GIVES_UP
from sessions_state.dialogue.events import (
    Event,
    HandedBack,
    OrderChanged,
    OrderPlaced,
    OrderRefused,
    OrdersFound,
    Said,
    SentMedia,
    SharedPlace,
    Silence,
)
from sessions_state.dialogue.fitting import name_of, person, texts, with_notes
from sessions_state.dialogue.loops import count_repeat, is_going_round, stop
from sessions_state.dialogue.ordering import dropped
from sessions_state.dialogue.path import IDLE, fresh, home, next_step, sells, serving_branch
from sessions_state.dialogue.state import Offer, State
from sessions_state.dialogue.step import Heard, Move, Question, language_of, say, to
from sessions_state.dialogue.steps import STEPS
from sessions_state.dialogue.steps.welcome import greeted
from sessions_state.dialogue.turn import Turn
from sessions_state.dialogue.vocabulary import command_in, nearly_command
from sessions_state.dialogue.words import is_in_digits, number_in, script_of

_LAST_LOOKS = ("reviewing_cart", "choosing_payment", "confirming")
"""Steps in which a cart that changed must be looked at before anything else."""
_MOST_MOVES = len(STEPS)

FromCustomer = Said | SharedPlace | SentMedia
News = OrderPlaced | OrderRefused | OrdersFound | OrderChanged | HandedBack


def take_turn(state: State, event: Event, menu: Menu) -> Turn:
    """What the talk does about the event. Never raises for any words, taps or menus."""
    if isinstance(event, Silence):
        return Turn(_silent(state, event))
    state = _without_old_cart(replace(state, language=state.language or _first_language(event, menu)), event.at, menu)
    if isinstance(event, FromCustomer):
        return _customer(state, event, menu)
    return _arrive(_told(state, event, menu), menu)


def calls_bot(text: str) -> bool:
    """Does the customer want the bot back? For whoever keeps it silent while staff answer."""
    return command_in(text) == "go:bot"


def _first_language(event: Event, menu: Menu) -> Language:
    said = event.text if isinstance(event, Said) else event.caption if isinstance(event, SentMedia) else ""
    return script_of(said) or menu.language


def _silent(state: State, event: Silence) -> State:
    """The start again; the cart is kept with the time of its last change."""
    if not state.cart:
        return replace(fresh(state), kept=state.kept, kept_at=state.kept_at)
    return replace(fresh(state), kept=state.cart, kept_at=state.cart_at or event.at)


def _told(state: State, event: News, menu: Menu) -> Move:
    match event:
        case OrderPlaced():
            return news.placed(state, event, menu)
        case OrderRefused():
            return news.refused(state, event, menu)
        case OrdersFound():
            return news.found(state, event, menu)
        case OrderChanged():
            return news.changed(state, event, menu)
        case HandedBack():
            return news.handed_back(state, event, menu)


def _customer(state: State, event: FromCustomer, menu: Menu) -> Turn:
    clean, gone = swept(state, menu)
    match event:
        case SharedPlace():
            move = _shared(clean, event, menu)
        case SentMedia(caption=caption) if not fold(caption):
            move = _unreadable(clean, event, menu)
        case SentMedia(at=at, caption=caption):
            move = _said(clean, Said(at, caption), menu, bool(gone))
        case Said():
            move = _said(clean, event, menu, bool(gone))
    return _arrive(replace(move, notes=(*gone, *move.notes)), menu)


def _without_old_cart(state: State, at: datetime, menu: Menu) -> State:
    old = state.kept_at is None or at - state.kept_at > timedelta(hours=menu.cart_hours)
    return dropped(state) if state.kept and old else state


def _shared(state: State, event: SharedPlace, menu: Menu) -> Move:
    """A place means a delivery, unless a pickup was asked for or the order is already placed."""
    if state.step == "with_staff":
        return to(home(state), state, say(state).BACK)
    if state.order_type == "pickup" or state.step in ("tracking", "rating"):
        return Move(state, (say(state).PLACE_NOT_NEEDED,))
    delivery = replace(state, order_type="delivery", place=event.place, branch_id=None, misses=0)
    if state.place is None or state.step == "sharing_location":
        return to(next_step(delivery, menu), delivery, say(state).PLACE_NOTED)
    branch = serving_branch(delivery, menu)
    told = (say(state).nearest_branch(name_of(branch.name, language_of(state))),) if branch else ()
    return Move(replace(delivery, branch_id=branch.id if branch else None), (say(state).PLACE_NOTED, *told))


def _unreadable(state: State, event: SentMedia, menu: Menu) -> Move:
    spoken = event.kind.startswith(("audio", "voice"))
    note = say(state).CANNOT_LISTEN if spoken else say(state).CANNOT_SEE
    if state.step == "with_staff":
        return to(home(state), state, note)
    if state.step == "welcome" and not state.offers:
        greeting = greeted(state, Heard(event.at), menu)
        return replace(greeting, notes=(*greeting.notes, note))
    return Move(state, (note,))


def _said(state: State, said: Said, menu: Menu, cart_changed: bool) -> Move:
    heard = _hear(state, said)
    counted = count_repeat(state, "" if heard.choice else said.text)
    if is_going_round(counted):
        return stop(counted)
    move = _meaning(counted, heard, menu, cart_changed)
    return replace(move, state=replace(move.state, misses=0)) if move else _missed(counted)


def _hear(state: State, said: Said) -> Heard:
    """A tap first, then a number or a title from the table, then the words that hold everywhere."""
    name, choice = person(said.customer_name), said.choice or ""
    if not (is_known(choice) or choice in {offer.id for offer in state.offers}):
        choice = _on_the_table(state, said.text)
    if choice:
        return Heard(said.at, choice=choice, name=name)
    return Heard(said.at, said.text, command_in(said.text), name)


def _on_the_table(state: State, text: str) -> str:
    """The offer with that number or with exactly that title."""
    numbered = _row_meant(state, text)
    if numbered:
        return numbered
    titled = [offer.id for offer in state.offers if fold(offer.title) == fold(text) != ""]
    return titled[0] if len(titled) == 1 else ""


def _row_meant(state: State, text: str) -> str:
    """The offer with that number. While a quantity is asked a number is no row; a number in words ("one only") is none
    where a row does something; and none gives the cart away unless just that was asked."""
    number = number_in(text)
    asks_quantity = state.step == "choosing_quantity" and _offers(state, "qty:")
    if number is None or not 1 <= number <= len(state.offers) or asks_quantity:
        return ""
    row = state.offers[number - 1].id
    if row in GIVES_UP and state.cart and not _offers(state, "set:"):
        return ""
    acts = any(offer.id in ACTS or offer.id.startswith("confirm:") for offer in state.offers)
    return "" if acts and not is_in_digits(text) else row


def _offers(state: State, kind: str) -> bool:
    return any(offer.id.startswith(kind) for offer in state.offers)


def _meaning(state: State, heard: Heard, menu: Menu, cart_changed: bool) -> Move | None:
    move = obey(state, heard, menu)
    if move is None and cart_changed and state.step in _LAST_LOOKS:
        return to("reviewing_cart", state)
    meant = move or STEPS[state.step].answer(state, heard, menu)
    if isinstance(meant, str):
        meant = obey(state, replace(heard, choice=meant), menu)
    if meant is not None:
        return meant
    if heard.choice:
        return Move(state, (say(state).STALE,))
    return obey(state, replace(heard, choice=nearly_command(heard.text)), menu)


def _missed(state: State) -> Move:
    """Not understood: the question again, with a hint; every third time in a row a person is offered."""
    state, words = replace(state, misses=state.misses + 1), say(state)
    if is_going_round(state):
        return stop(state)
    if state.misses % MISSES_LIMIT:
        return Move(state, (STEPS[state.step].hint(words),))
    choices = (Choice("go:staff", words.STAFF), Choice("go:menu", words.MENU))
    return Move(state, question=Question(Buttons(words.OFFER_PERSON, choices)))


def _arrive(move: Move, menu: Menu) -> Turn:
    """Let the step ask that the move leads to; one that has nothing to ask moves on."""
    for _ in range(_MOST_MOVES):
        if move.waits:
            return Turn(move.state, texts(move.notes), move.effects)
        asked = move.question or _ask(move.state, menu)
        if isinstance(asked, Question):
            return _asked(move, asked)
        move = replace(asked, notes=(*move.notes, *asked.notes), effects=(*move.effects, *asked.effects))
    return _arrive(to("welcome", move.state), menu)


def _ask(state: State, menu: Menu) -> Question | Move:
    if state.step not in IDLE and not sells(menu):
        return to("welcome", state)
    return STEPS[state.step].ask(state, menu)


def _asked(move: Move, question: Question) -> Turn:
    content = question.content
    offers = tuple(Offer(choice.id, choice.title) for choice in choices_of(content))
    ahead = (*texts(move.notes), *question.before) if question.before else ()
    replies = (*ahead, content) if ahead else with_notes(move.notes, content)
    return Turn(replace(move.state, offers=offers), replies, move.effects)
