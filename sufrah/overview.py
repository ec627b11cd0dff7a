"""The operators' start page: what is wrong, what waits, who works. Figures are counted by index, up to a bound."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import localize
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from procrastinate.contrib.django.models import ProcrastinateWorker

from bots.models import Bot, HookEndpoint, Restaurant
from bots.needs import lacks_of, with_needs
from conversations.delivery import oldest_unsent_at
from conversations.models import Conversation, Message
from sessions_state.sweep import unhandled
from sufrah.health import WORKER_SILENT_AFTER

COUNTED, NAMED = 1000, 5
LATELY, LONG = timedelta(hours=24), timedelta(seconds=30)
_FAILED = """
SELECT count(*) FROM (
  SELECT 1 FROM bots_bot AS sender CROSS JOIN LATERAL (
    SELECT 1 FROM conversations_message AS message
    WHERE message.bot_id = sender.id AND message.status IN ('failed', 'undelivered') AND message.created_at >= %s
    LIMIT %s) AS failed
  LIMIT %s) AS bounded
"""


@dataclass(frozen=True, slots=True)
class Fact:
    """One line: a figure and what it is of. It `is_bad` when somebody should look."""

    figure: str
    words: str
    url: str
    permission: str
    is_bad: bool = False
    more: str = ""


def overview(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What the theme calls for its start page. Whoever may not open a list is told nothing of it."""
    now = timezone.now()
    parts = ((_("What is wrong"), _wrong(now)), (_("What waits"), _waiting(now)), (_("Who works"), _working(now)))
    may = request.user.has_perm
    return {
        **context,
        "title": _("Overview"),
        "parts": [(title, [fact for fact in facts if may(fact.permission)]) for title, facts in parts],
    }


def _wrong(now: datetime) -> Iterator[Fact]:
    senders = Bot.objects.filter(retired_at__isnull=True)
    yield _of(
        senders.filter(status=Bot.Status.FAILED), _("senders that failed their verification"), "status__exact=FAILED"
    )
    unverified = senders.filter(channel=Bot.Channel.TWILIO, verified_at__isnull=True).exclude(status=Bot.Status.FAILED)
    yield _of(unverified, _("senders that were never verified"), "channel__exact=twilio&verified_at__isempty=1")
    yield _unsellable()
    failed = _failed_since(now - LATELY)
    address = f"{_list(Message)}?status__exact=failed"
    words = _("messages that did not arrive in the last 24 hours")
    yield Fact(_figure(failed), words, address, "conversations.view_message", failed > 0)
    off = HookEndpoint.objects.filter(is_active=False, off_reason=HookEndpoint.Off.FAILING)
    yield _of(off, _("webhooks that were switched off because they failed"), "is_active__exact=0")


def _unsellable() -> Fact:
    rows = with_needs(Restaurant.objects.filter(is_active=True)).filter(Q(cannot_sell=True)).order_by("pk")
    found = list(rows[:COUNTED])
    named = _(", ").join(str(row) for row in found[:NAMED] if lacks_of(row))
    words = _("restaurants from which customers cannot order")
    address = f"{_list(Restaurant)}?sells=no"
    return Fact(_figure(len(found)), words, address, "bots.view_restaurant", bool(found), named)


def _waiting(now: datetime) -> Iterator[Fact]:
    heard = unhandled().order_by("received_at").values_list("received_at", flat=True).first()
    yield _age(heard, now, _("since the oldest message that nobody has answered"))
    yield _age(oldest_unsent_at(), now, _("since the oldest reply that was not sent yet"))
    people = Conversation.objects.filter(needs_attention=True)
    yield _of(people, _("conversations that need a person"), "needs_attention__exact=1")


def _working(now: datetime) -> Iterator[Fact]:
    alive = ProcrastinateWorker.objects.filter(last_heartbeat__gte=now - WORKER_SILENT_AFTER).count()
    address, permission = _list_of("procrastinate_procrastinatejob"), "procrastinate.view_procrastinatejob"
    words = ngettext("worker is alive", "workers are alive", alive)
    more = "" if alive else _("Nothing is answered until one is started: manage.py worker.")
    yield Fact(localize(alive), words, address, permission, alive == 0, more)
    senders = Bot.objects.filter(retired_at__isnull=True, is_active=True)
    yield _of(senders, _("senders that are on"), "is_active__exact=1", is_bad=False)


def _of(rows: QuerySet[Any], words: str, query: str, *, is_bad: bool | None = None) -> Fact:
    count = rows.order_by()[: COUNTED + 1].count()
    meta = rows.model._meta
    permission = f"{meta.app_label}.view_{meta.model_name}"
    return Fact(
        _figure(count), words, f"{_list(rows.model)}?{query}", permission, count > 0 if is_bad is None else is_bad
    )


def _age(since: datetime | None, now: datetime, words: str) -> Fact:
    address, permission = _list(Message), "conversations.view_message"
    if since is None:
        return Fact("–", words, address, permission)
    seconds = max(int((now - since).total_seconds()), 0)
    figure = _("%(count)s s") if seconds < 120 else _("%(count)s min")
    shown = seconds if seconds < 120 else seconds // 60
    return Fact(figure % {"count": localize(shown)}, words, address, permission, now - since > LONG)


def _failed_since(since: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_FAILED, [since, COUNTED + 1, COUNTED + 1])
        return int(cursor.fetchone()[0])


def _figure(count: int) -> str:
    return _("over %(count)s") % {"count": localize(COUNTED)} if count > COUNTED else localize(count)


def _list(model: type[Model]) -> str:
    return _list_of(f"{model._meta.app_label}_{model._meta.model_name}")


def _list_of(name: str) -> str:
    return reverse(f"admin:{name}_changelist")
