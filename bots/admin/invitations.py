"""Invitations: operators invite people to any restaurant. A link is shown once, to be passed on."""

from __future__ import annotations

from django import forms
from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext, ngettext, pgettext
from django.utils.translation import gettext_lazy as _

from bots.access import key_of, open_invitations
from bots.admin.at_twilio import who
from bots.admin.kinds import MadeOnce, labelled
from bots.forms import InvitationForm
from bots.models import Invitation
from bots.staffing import StaffingRefused, invite, withdraw

_COLOURS = {"open": "info", "joined": "success", "withdrawn": "danger", "over": "warning"}


@admin.register(Invitation)
class InvitationAdmin(MadeOnce[Invitation]):
    form = InvitationForm
    refusals = (StaffingRefused,)
    list_display = ["email", "restaurant", "role", "state", "created_by", "created_at", "expires_at"]
    list_select_related = ["restaurant", "created_by"]
    list_filter = ["role", "restaurant"]
    search_fields = ["email", "restaurant__name", "restaurant__name_ar"]
    actions = ["withdraw_chosen"]
    shown = ("email", "restaurant", "role", "created_by", "created_at", "expires_at", "accepted_at", "revoked_at")
    add_fields = ("restaurant", "email", "role")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Invitation]:
        opens = open_invitations(timezone.now()).filter(pk=OuterRef("pk"))
        return super().get_queryset(request).annotate(opens=Exists(opens))

    @labelled(_("state"), _COLOURS, ordering="expires_at")
    def state(self, invitation: Invitation) -> tuple[str, str]:
        if invitation.accepted_at:
            return "joined", gettext("Joined")
        if invitation.revoked_at:
            return "withdrawn", gettext("Withdrawn")
        if getattr(invitation, "opens", False):
            return "open", pgettext("an invitation", "Open")
        return "over", pgettext("an invitation", "Over")

    def save_model(
        self, request: HttpRequest, obj: Invitation, form: forms.ModelForm[Invitation], change: bool
    ) -> None:
        made = invite(obj.restaurant, obj.email, obj.role, by=who(request), at=timezone.now())
        obj.__dict__.update(made.__dict__)

    def response_add(self, request: HttpRequest, obj: Invitation, post_url_continue: str | None = None) -> HttpResponse:
        """The answer to this very post is the only page that shows the link."""
        context = {
            **self.admin_site.each_context(request),
            **{"opts": self.opts, "title": _("The invitation is made"), "invitation": obj},
            "link": request.build_absolute_uri(resolve_url("join", key_of(obj))),
        }
        response = TemplateResponse(request, "admin/bots/invitation/shown_once.html", context)
        add_never_cache_headers(response)
        return response

    @admin.action(description=_("Withdraw"), permissions=["change"])
    def withdraw_chosen(self, request: HttpRequest, queryset: QuerySet[Invitation]) -> None:
        at, by = timezone.now(), who(request)
        count = sum(withdraw(invitation, by=by, at=at) for invitation in queryset.select_related("restaurant"))
        text = ngettext("%(count)d invitation was withdrawn.", "%(count)d invitations were withdrawn.", count)
        self.message_user(request, text % {"count": count})
