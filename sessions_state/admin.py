"""The operators' page of talks: where each customer is, as the bot remembers it."""

from __future__ import annotations

from django.contrib import admin
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from bots.admin.kinds import ReadOnly
from bots.admin.showing import pretty
from sessions_state.models import BotSession


@admin.register(BotSession)
class BotSessionAdmin(ReadOnly[BotSession]):
    list_display = ["conversation", "restaurant", "step", "version", "expires_at", "updated_at"]
    list_select_related = ["conversation", "restaurant"]
    list_filter = ["step", "restaurant"]
    search_fields = ["=conversation__customer_phone", "=conversation__customer_address", "conversation__customer_name"]
    ordering = ["-id"]
    fields = [
        ("conversation", "restaurant"),
        ("step", "version"),
        ("expires_at", "created_at", "updated_at"),
        "remembered",
    ]
    readonly_fields = ["remembered"]

    @admin.display(description=_("state"))
    def remembered(self, session: BotSession) -> SafeString | str:
        return pretty(session.state)
