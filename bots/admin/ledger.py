"""Keys of other systems, made and revoked here and shown once; and the audit log, which is only read."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from bots.admin.kinds import MadeOnce, ReadOnly, SenderFilter, labelled, on_the_page
from bots.admin.showing import NOTHING, without_secrets
from bots.forms import TokenForm
from bots.models import ApiToken, AuditEvent
from bots.tokens import create_token, revoke_token

_COLOURS = {"live": "success", "revoked": "danger"}


class StateFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin[ApiToken]) -> list[tuple[str, Any]]:
        return [("live", _("In use")), ("revoked", _("Revoked"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> QuerySet[ApiToken]:
        if self.value() is None:
            return queryset
        return queryset.filter(revoked_at__isnull=self.value() == "live")


@admin.register(ApiToken)
class ApiTokenAdmin(MadeOnce[ApiToken]):
    form = TokenForm
    list_display = ["name", "prefix", "owner", "scope", "state", "last_used_at", "created_by", "created_at"]
    list_select_related = ["restaurant", "created_by"]
    list_filter = [StateFilter, "scope", "restaurant"]
    search_fields = ["name", "prefix"]
    actions = ["revoke"]
    actions_detail = ["revoke_one"]
    shown = ("name", "prefix", "owner", "scope", "last_used_at", "revoked_at", "created_by", "created_at")
    readonly_fields = ["owner"]
    add_fields = ("name", "restaurant", "for_operator", "scope")

    @admin.display(description=_("for"), ordering="restaurant")
    def owner(self, token: ApiToken) -> str:
        return str(token.restaurant) if token.restaurant else gettext("operator: all restaurants")

    @labelled(_("state"), _COLOURS, ordering="revoked_at")
    def state(self, token: ApiToken) -> tuple[str, str]:
        return ("revoked", gettext("Revoked")) if token.revoked_at else ("live", gettext("In use"))

    def save_model(self, request: HttpRequest, obj: ApiToken, form: forms.ModelForm[ApiToken], change: bool) -> None:
        row, plain = create_token(obj.name, obj.restaurant, obj.scope, _who(request))
        obj.__dict__.update(row.__dict__, plain=plain)

    def response_add(self, request: HttpRequest, obj: ApiToken, post_url_continue: str | None = None) -> HttpResponse:
        """The answer to this very post is the only page that ever shows the token, and nobody keeps it."""
        context = {"title": _("Your new token"), "token": obj, "plain": obj.__dict__["plain"]}
        response = self._page(request, "shown_once", context)
        add_never_cache_headers(response)
        return response

    @admin.action(description=_("Revoke"), permissions=["revoke_one"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        at, by = timezone.now(), _who(request)
        count = sum(revoke_token(token, by=by, at=at) for token in queryset.select_related("restaurant"))
        text = ngettext("%(count)d token was revoked.", "%(count)d tokens were revoked.", count)
        self.message_user(request, text % {"count": count})

    @on_the_page(_("Revoke…"), permission="revoke_one", path="revoke")
    def revoke_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        token = self.get_object(request, object_id)
        if token is None:
            raise Http404
        if request.method != "POST":
            back = reverse("admin:bots_apitoken_change", args=[token.pk])
            return self._page(request, "revoke", {"title": _("Revoke this token?"), "token": token, "back": back})
        self.revoke(request, ApiToken.objects.filter(pk=token.pk))
        return redirect("admin:bots_apitoken_changelist")

    def has_revoke_one_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        token = self.get_object(request, object_id) if object_id else None
        return super().has_change_permission(request) and not (token and token.revoked_at)

    def _page(self, request: HttpRequest, name: str, context: dict[str, object]) -> TemplateResponse:
        context = {**self.admin_site.each_context(request), "opts": self.opts, **context}
        return TemplateResponse(request, f"admin/bots/apitoken/{name}.html", context)


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnly[AuditEvent]):
    list_display = ["at", "who", "action", "subject", "restaurant"]
    list_select_related = ["restaurant"]
    list_filter = [SenderFilter, "action", "restaurant"]
    search_fields = ["subject", "action", "actor"]
    date_hierarchy = "at"
    fields = ["at", "who", "action", "subject", "restaurant", "changed"]
    readonly_fields = ["who", "changed"]

    @admin.display(description=_("who"), ordering="actor")
    def who(self, event: AuditEvent) -> SafeString:
        """By the name of that day, also when the account is gone."""
        return format_html("<bdi>{}</bdi>", event.actor or _("a command or the house itself"))

    @admin.display(description=_("changes"))
    def changed(self, event: AuditEvent) -> SafeString | str:
        lines = ((name, *map(_told, values)) for name, values in without_secrets(event.changes).items())
        return format_html_join("", "<p>{}: {} → {}</p>", lines) or NOTHING


def _who(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def _told(value: object) -> object:
    return NOTHING if value in (None, "") else value
