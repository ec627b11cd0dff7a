"""The traffic of a sender on the operators' pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import template
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from bots import history, words
from bots.models import AuditEvent, Bot
from conversations.models import Message
from conversations.traffic import FAILURES_READ, last_failures, traffic_of, why

EVENTS, OF_FAILURES = 10, 5

register = template.Library()


@dataclass(frozen=True, slots=True)
class Event:
    at: datetime
    words: str
    who: str
    url: str
    is_bad: bool


@register.inclusion_tag("admin/bots/bot/traffic.html", takes_context=True)
def sender_traffic(context: Any, bot: Bot) -> dict[str, Any]:
    """Seven queries, however much went through."""
    return {
        "bot": bot,
        "perms": context["perms"],
        "traffic": traffic_of(bot, timezone.now()),
        "events": _events(bot),
        "failures_read": FAILURES_READ,
    }


def _events(bot: Bot) -> list[Event]:
    changes = [_change(event) for event in history.latest(bot, EVENTS)]
    failures = [_failure(message) for message in last_failures(bot, OF_FAILURES)]
    return sorted(changes + failures, key=lambda event: event.at, reverse=True)[:EVENTS]


def _change(event: AuditEvent) -> Event:
    url = reverse("admin:bots_auditevent_change", args=[event.pk])
    return Event(
        event.at,
        history.in_words(event),
        words.person(event.user) or event.actor or _("a command or the API"),
        url,
        False,
    )


def _failure(message: Message) -> Event:
    told = {"status": message.get_status_display(), "why": why(message.error_code)}
    url = reverse("admin:conversations_message_change", args=[message.pk])
    return Event(message.created_at, _("Message %(status)s: %(why)s") % told, "", url, True)
