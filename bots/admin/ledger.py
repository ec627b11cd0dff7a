"""What is only read: tokens of other systems, and the audit log."""

from __future__ import annotations

from django.contrib import admin
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from bots.admin.kinds import ReadOnly
from bots.admin.showing import NOTHING, without_secrets
from bots.models import ApiToken, AuditEvent


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnly[ApiToken]):
    list_display = ["name", "prefix", "restaurant", "scope", "last_used_at", "revoked_at", "created_at"]
    list_select_related = ["restaurant"]
    list_filter = ["scope", "restaurant"]
    search_fields = ["name", "prefix"]
    fields = [
        "name",
        "prefix",
        "restaurant",
        "scope",
        "last_used_at",
        "revoked_at",
        "created_by",
        "created_at",
    ]


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnly[AuditEvent]):
    list_display = ["at", "user", "action", "subject", "restaurant"]
    list_select_related = ["user", "restaurant"]
    list_filter = ["action", "restaurant"]
    search_fields = ["subject", "action", "user__username"]
    date_hierarchy = "at"
    fields = ["at", "user", "action", "subject", "restaurant", "changed"]
    readonly_fields = ["changed"]

    @admin.display(description=_("changes"))
    def changed(self, event: AuditEvent) -> SafeString | str:
        lines = ((name, *map(_told, values)) for name, values in without_secrets(event.changes).items())
        return format_html_join("", "<p>{}: {} → {}</p>", lines) or NOTHING


def _told(value: object) -> object:
    return NOTHING if value in (None, "") else value
