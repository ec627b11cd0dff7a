"""How senders are, in colour and in words, worse things first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, Count, F, Max, OuterRef, Q, QuerySet, Subquery, Value, When
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bots.admin.showing import moment
from bots.comparison import kept_lines
from bots.models import Bot
from bots.needs import SENDER, lacks_of, with_needs

MANY, ONE_IN, LATELY = 5, 10, timedelta(hours=24)
_NOT_ARRIVED = ["failed", "undelivered"]

WORST_FIRST = Case(
    When(status=Bot.Status.FAILED, then=Value(0)),
    When(is_active=False, then=Value(1)),
    When(cannot_sell=True, then=Value(2)),
    When(Q(failed_lately__gte=MANY) & Q(failed_lately__gte=F("sent_lately") / Value(ONE_IN)), then=Value(3)),
    When(health=Bot.Health.DIFFERS, then=Value(4)),
    When(health=Bot.Health.UNKNOWN, then=Value(5)),
    default=Value(6),
)


@dataclass(frozen=True, slots=True)
class Trait:
    """One thing that is to be said of a sender: a short label and what stands beside it."""

    colour: str
    words: str
    more: str = ""


def with_traffic(senders: QuerySet[Bot], now: datetime) -> QuerySet[Bot]:
    """With what its restaurant needs, and `last_in_at`, `last_out_at`, `sent_lately` and `failed_lately`. Each is asked
    for the senders that are shown: joined, they would be counted once for every conversation. A reply is a
    conversation's last message that came after the customer's."""
    since = now - LATELY
    replied = Q(conversations__last_inbound_at=None) | Q(
        conversations__last_message_at__gt=F("conversations__last_inbound_at")
    )
    written = Count("messages__created_at")
    return with_needs(senders, "restaurant").annotate(
        last_in_at=_of_each(Max("conversations__last_inbound_at")),
        last_out_at=_of_each(Max("conversations__last_message_at", filter=replied)),
        sent_lately=_of_each(written, messages__direction="OUT", messages__created_at__gte=since),
        failed_lately=_of_each(written, messages__status__in=_NOT_ARRIVED, messages__created_at__gte=since),
    )


def _of_each(figure: Count | Max, **among: Any) -> Subquery:
    """This figure of one sender; nothing where there are no rows."""
    rows = Bot.objects.filter(pk=OuterRef("pk"), **among).order_by().values("pk")
    return Subquery(rows.annotate(figure=figure).values("figure"))


def shown(traits: Iterable[Trait]) -> SafeString:
    return render_to_string("admin/bots/bot/condition.html", {"traits": list(traits)})


def traits_of(bot: Bot) -> Iterator[Trait]:
    """Worse things first; what Twilio said last is always among them. Needs `with_traffic`."""
    if bot.retired_at:
        yield Trait("", _("retired"), moment(bot.retired_at))
        return
    if bot.status == Bot.Status.FAILED:
        yield Trait("danger", _("failed"), bot.error_message.partition("\n")[0])
    if not bot.is_active:
        yield Trait("warning", _("off"), _("Customers get one polite line; the bot takes no orders."))
    lacks = [str(need.lack) for need in lacks_of(bot) if need is not SENDER]
    if lacks:
        yield Trait("danger", _("cannot sell"), " ".join(lacks))
    yield from _failures(bot)
    yield health_of(bot)


def _failures(bot: Bot) -> Iterator[Trait]:
    failed, sent = getattr(bot, "failed_lately", None) or 0, getattr(bot, "sent_lately", None) or 0
    if failed >= MANY and failed >= sent // ONE_IN:
        text = ngettext(
            "of %(count)d message in the last 24 hours.", "of %(count)d messages in the last 24 hours.", sent
        )
        words = ngettext("%(count)d not delivered", "%(count)d not delivered", failed)
        yield Trait("danger", words % {"count": failed}, text % {"count": sent})


def health_of(bot: Bot) -> Trait:
    """What Twilio said when it was last asked."""
    if bot.channel == Bot.Channel.SIMULATOR:
        return Trait("", _("demo"), _("It has no account at Twilio."))
    if bot.health_at is None:
        return Trait("info", bot.get_health_display())
    if bot.health == Bot.Health.GOOD:
        return Trait("success", bot.get_health_display(), moment(bot.health_at))
    lines = kept_lines(bot)
    words = ngettext("%(count)d thing differs", "%(count)d things differ", len(lines)) % {"count": len(lines)}
    return Trait("warning", words, " · ".join([moment(bot.health_at), _(", ").join(line.name for line in lines)]))
