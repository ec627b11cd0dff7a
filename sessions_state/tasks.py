"""The jobs of the talk. They ask the time and call a verb; the rows decide what there is to do."""

from __future__ import annotations

from django.utils import timezone
from procrastinate.contrib.django import app

from sessions_state import telling, turns


@app.task(name="take_turns")
def take_turns(conversation_id: int) -> None:
    turns.take_turns(conversation_id, timezone.now)


@app.task(name="tell_customer")
def tell_customer(order_event_id: int) -> None:
    telling.tell_customer(order_event_id, now=timezone.now())


@app.task(name="talk_again")
def talk_again(conversation_id: int) -> None:
    telling.talk_again(conversation_id, now=timezone.now())
