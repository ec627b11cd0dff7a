"""What happened with a sender, from the audit log, in words."""

from __future__ import annotations

from django.core.exceptions import FieldDoesNotExist
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bots.models import AuditEvent, Bot

_WORDS: dict[str, Promise] = {
    "sender.registered": gettext_lazy("Registered"),
    "sender.taken_live": gettext_lazy("Demo sender taken live"),
    "sender.moved": gettext_lazy("Moved to another restaurant"),
    "sender.retired": gettext_lazy("Retired"),
    "sender.webhooks_set": gettext_lazy("Webhooks set at Twilio"),
}


def latest(bot: Bot, count: int) -> list[AuditEvent]:
    """The newest first, with who did it; one query."""
    events = AuditEvent.objects.filter(bot=bot).select_related("user")
    return list(events.order_by("-at", "-id")[:count])


def in_words(event: AuditEvent) -> str:
    """In the reader's language; an action without words by its name in the log."""
    if event.action == "sender.changed":
        return _("Changed: %(fields)s") % {"fields": _(", ").join(_named(field) for field in event.changes)}
    if event.action == "sender.verified":
        agreed = event.changes.get("verified_at", ["", ""])[1]
        return _("Verified with Twilio: all agrees") if agreed else _("Verified with Twilio: something does not agree")
    return str(_WORDS.get(event.action, event.action))


def _named(field: str) -> str:
    if field == "restaurant_name":
        return _("name of the restaurant")
    try:
        return str(getattr(Bot._meta.get_field(field), "verbose_name", field))
    except FieldDoesNotExist:
        return field
