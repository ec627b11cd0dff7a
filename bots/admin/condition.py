"""How senders are, in colour and in words, worse things first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, Count, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.template.loader import render_to_string
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bots.comparison import kept_lines
from bots.models import Bot

MANY, ONE_IN, LATELY = 5, 10, timedelta(hours=24)
_NOT_ARRIVED = ["failed", "undelivered"]

WORST_FIRST = Case(
    When(status=Bot.Status.FAILED, then=Value(0)),
    When(is_active=False, then=Value(1)),
    When(Q(failed_lately__gte=MANY) & Q(failed_lately__gte=F("sent_lately") / Value(ONE_IN)), then=Value(2)),
    When(health=Bot.Health.DIFFERS, then=Value(3)),
    When(health=Bot.Health.UNKNOWN, then=Value(4)),
    default=Value(5),
)


@dataclass(frozen=True, slots=True)
class Trait:
    """One thing that is to be said of a sender: a short label and what stands beside it."""

    colour: str
    words: str
    more: str = ""


def with_traffic(senders: QuerySet[Bot], now: datetime) -> QuerySet[Bot]:
    """With `sent_lately` and `failed_lately`, of each sender that is shown, from indexes alone."""
    since = now - LATELY
    return senders.annotate(
        sent_lately=_counted(messages__direction="OUT", messages__created_at__gte=since),
        failed_lately=_counted(messages__status__in=_NOT_ARRIVED, messages__created_at__gte=since),
    )


def _counted(**of: Any) -> Coalesce:
    rows = Bot.objects.filter(pk=OuterRef("pk"), **of).order_by().values("pk").annotate(n=Count("messages__created_at"))
    return Coalesce(Subquery(rows.values("n")), 0)


def shown(bot: Bot) -> SafeString:
    return render_to_string("admin/bots/bot/condition.html", {"traits": list(traits_of(bot))})


def traits_of(bot: Bot) -> Iterator[Trait]:
    """Worse things first; what Twilio said last is always among them. Needs `with_traffic`."""
    if bot.retired_at:
        yield Trait("", _("retired"), _moment(bot.retired_at))
        return
    if bot.status == Bot.Status.FAILED:
        yield Trait("danger", _("failed"), bot.error_message.partition("\n")[0])
    if not bot.is_active:
        yield Trait("warning", _("off"), _("Customers get one polite line; the bot takes no orders."))
    yield from _failures(bot)
    yield _health(bot)


def _failures(bot: Bot) -> Iterator[Trait]:
    failed, sent = getattr(bot, "failed_lately", 0), getattr(bot, "sent_lately", 0)
    if failed >= MANY and failed >= sent // ONE_IN:
        text = ngettext(
            "of %(count)d message in the last 24 hours.", "of %(count)d messages in the last 24 hours.", sent
        )
        words = ngettext("%(count)d not delivered", "%(count)d not delivered", failed)
        yield Trait("danger", words % {"count": failed}, text % {"count": sent})


def _health(bot: Bot) -> Trait:
    if bot.channel == Bot.Channel.SIMULATOR:
        return Trait("", _("demo"), _("It has no account at Twilio."))
    if bot.health_at is None:
        return Trait("info", bot.get_health_display())
    if bot.health == Bot.Health.GOOD:
        return Trait("success", bot.get_health_display(), _moment(bot.health_at))
    lines = kept_lines(bot)
    words = ngettext("%(count)d thing differs", "%(count)d things differ", len(lines)) % {"count": len(lines)}
    return Trait("warning", words, " · ".join([", ".join(line.name for line in lines), _moment(bot.health_at)]))


def _moment(at: datetime) -> str:
    return date_format(localtime(at), "SHORT_DATETIME_FORMAT")
