"""What the world tells: orders placed, refused, found, moved on; and the talk given back by staff."""

from __future__ import annotations

from dataclasses import replace

from conversations.content import Buttons, Choice
from orders.menu import Menu
from sessions_state.dialogue.amounts import shown
from sessions_state.dialogue.basket import swept
from sessions_state.dialogue.events import HandedBack, OrderChanged, OrderPlaced, OrderRefused, OrderSeen, OrdersFound
from sessions_state.dialogue.fitting import clip, tidy
from sessions_state.dialogue.path import fresh, home, is_idle
from sessions_state.dialogue.state import State
from sessions_state.dialogue.step import Move, Question, language_of, say, to

_ORDERS_SHOWN = 10
_CLOSED = ("delivered", "picked_up", "cancelled")
_RECEIVED = ("delivered", "picked_up")


def placed(state: State, event: OrderPlaced, menu: Menu) -> Move:
    """The state after it hangs on no number and no total: a talk that is played again ends alike."""
    order, words = event.order, say(state)
    note = words.placed(order.number, shown(order.total, order.currency, language_of(state)), order.order_type)
    pays = state.payment == "online" and menu.payment_link
    return to("tracking", fresh(state), note, *((words.pay_here(menu.payment_link),) if pays else ()))


def refused(state: State, event: OrderRefused, menu: Menu) -> Move:
    clean, gone = swept(state, menu)
    note = say(state).REFUSED[event.reason]
    branch = None if event.reason == "branch" else clean.branch_id
    return to("reviewing_cart", replace(clean, branch_id=branch), note, *gone)


def found(state: State, event: OrdersFound, menu: Menu) -> Move:
    """The open orders, else the last closed one; then the question that was on the table."""
    open_ones = [order for order in event.orders if order.status not in _CLOSED]
    told = open_ones or list(event.orders[:1])
    if not told:
        return Move(state, (say(state).NO_ORDERS,))
    lines = [_status(order, state) for order in told[:_ORDERS_SHOWN]]
    if len(told) > _ORDERS_SHOWN:
        lines.append(say(state).more_orders(len(told) - _ORDERS_SHOWN))
    return Move(state, ("\n".join(lines),))


def changed(state: State, event: OrderChanged, menu: Menu) -> Move:
    """One line. An order in the making is not disturbed: its question stays on the table."""
    order, line = event.order, _status(event.order, state)
    if order.status == "cancelled" and menu.support_contact:
        line += "\n" + say(state).reach_us(clip(tidy(menu.support_contact), 100))
    if order.status in _RECEIVED and is_idle(state) and state.step != "with_staff":
        return to("rating", state, line, rating_order=order.code)
    return Move(state, (line,), waits=True)


def _status(order: OrderSeen, state: State) -> str:
    return say(state).order_status(order.number, order.status, order.order_type)


def handed_back(state: State, event: HandedBack, menu: Menu) -> Move:
    (clean, gone), words = swept(state, menu), say(state)
    note = words.NOBODY_WAS_FREE if event.unanswered else words.BACK
    back = to(home(clean), clean, note, *gone, misses=0)
    if not event.unanswered or clean.cart or clean.kept:
        return back
    choices = (Choice("go:menu", words.MENU), Choice("go:staff", words.STAFF))
    return replace(back, question=Question(Buttons(words.HOW_CAN_I_HELP, choices)))
