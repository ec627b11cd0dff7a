"""Webhooks of the restaurants: registered here, their deliveries seen and repeated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminTextInputWidget

from bots.admin.kinds import ByVerbs, ReadOnly, ReadOnlyTabular, labelled
from bots.admin.showing import left_to_right, pretty
from bots.hooks import endpoints
from bots.hooks.endpoints import HookRefused
from bots.hooks.models import HookAttempt, HookDelivery, HookEndpoint, HookEvent
from bots.models import Restaurant

STATES = {"on": "success", "trouble": "warning", "off": "danger"}
OUTCOMES = {"waiting": "info", "sending": "info", "delivered": "success", "failed": "danger"}
PROBLEMS: dict[str, str | Promise] = {
    "refused": _("The address may not be called: it is not on the public internet."),
    "name": _("The host name was not found."),
    "certificate": _("The certificate is not valid."),
    "slow": _("The answer took too long."),
    "connection": _("The connection failed."),
    "secret": _("The stored secret cannot be read."),
}


# Forms are generic to the type checker alone.
if TYPE_CHECKING:
    _Form = forms.ModelForm[HookEndpoint]
else:
    _Form = forms.ModelForm


class HookForm(_Form):
    url = forms.CharField(
        label=_("address"),
        widget=UnfoldAdminTextInputWidget(attrs={"dir": "ltr"}),
        help_text=_("https://…, on port 443 or 8443, on the public internet."),
    )
    events = forms.MultipleChoiceField(
        label=_("events"), choices=HookEvent.choices, widget=UnfoldAdminCheckboxSelectMultipleWidget
    )

    class Meta:
        model = HookEndpoint
        fields = ["restaurant", "url", "events"]

    def clean_url(self) -> str:
        try:
            return endpoints.checked_url(self.cleaned_data["url"])
        except HookRefused as error:
            raise forms.ValidationError(str(error)) from error


@admin.register(HookEndpoint)
class HookEndpointAdmin(ByVerbs[HookEndpoint]):
    refusals = (HookRefused,)
    list_display = ["address", "restaurant", "state", "last_success_at", "failing_since", "created_at"]
    list_select_related = ["restaurant"]
    list_filter = ["is_active", "restaurant"]
    search_fields = ["url", "restaurant__name"]
    autocomplete_fields = ["restaurant"]
    actions = ["turn_on", "turn_off"]

    def get_form(
        self, request: HttpRequest, obj: HookEndpoint | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        return super().get_form(request, obj, change, **({} if obj else {"form": HookForm}), **kwargs)

    def get_fields(self, request: HttpRequest, obj: HookEndpoint | None = None) -> Any:
        if obj is None:
            return ["restaurant", "url", "events"]
        return [
            *("restaurant", "address", "told", "state", "off_reason", "switched_off_at", "failing_since"),
            *("last_success_at", "public_code", "created_at"),
        ]

    def get_fieldsets(self, request: HttpRequest, obj: HookEndpoint | None = None) -> Any:
        fields = {"fields": self.get_fields(request, obj)}
        hint = {"description": _("It is turned on and off on the list: choose it there, then the action.")}
        return [(None, {**fields, **(hint if obj else {})})]

    def get_readonly_fields(self, request: HttpRequest, obj: HookEndpoint | None = None) -> Any:
        return [] if obj is None else self.get_fields(request, obj)

    @admin.display(description=_("address"), ordering="url")
    def address(self, hook: HookEndpoint) -> str:
        return left_to_right(hook.url)

    @admin.display(description=_("code"))
    def public_code(self, hook: HookEndpoint) -> str:
        return left_to_right(str(hook.code))

    @admin.display(description=_("events"))
    def told(self, hook: HookEndpoint) -> str:
        return gettext(", ").join(str(HookEvent(name).label) for name in hook.events)

    @labelled(_("state"), STATES, ordering="is_active")
    def state(self, hook: HookEndpoint) -> tuple[str, str]:
        if not hook.is_active:
            return "off", gettext("off")
        return ("trouble", gettext("failing")) if hook.failing_since else ("on", gettext("on"))

    def has_change_permission(self, request: HttpRequest, obj: HookEndpoint | None = None) -> bool:
        """Nothing but on and off, by the actions of the list."""
        return obj is None and super().has_change_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: HookEndpoint, form: Any, change: bool) -> None:
        row, secret = endpoints.register(obj.restaurant, obj.url, form.cleaned_data["events"], by=_who(request))
        obj.__dict__.update(row.__dict__)
        obj.shown_secret = secret  # type: ignore[attr-defined]

    def response_add(self, request: HttpRequest, obj: HookEndpoint, post_url_continue: str | None = None) -> Any:
        """The secret stands on this one answer and nowhere else."""
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("The webhook is registered"),
            "hook": obj,
            "secret": obj.shown_secret,  # type: ignore[attr-defined]
            "back": reverse("admin:bots_hookendpoint_changelist"),
        }
        return TemplateResponse(request, "admin/bots/hookendpoint/made.html", context)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None) -> Any:
        """The verb begins the transaction."""
        return self._delete_view(request, object_id, extra_context)  # type: ignore[attr-defined]

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Deliveries, which nobody deletes one by one, go with their address."""
        named, counts, _needed, protected = super().get_deleted_objects(objs, request)
        return named, counts, set(), protected

    def delete_model(self, request: HttpRequest, obj: HookEndpoint) -> None:
        endpoints.remove(obj, by=_who(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[HookEndpoint]) -> None:
        for hook in queryset:
            endpoints.remove(hook, by=_who(request))

    @admin.action(description=_("Turn on"), permissions=["change"])
    def turn_on(self, request: HttpRequest, queryset: QuerySet[HookEndpoint]) -> None:
        self._say(request, sum(endpoints.switch_on(hook, by=_who(request)) for hook in queryset))

    @admin.action(description=_("Turn off"), permissions=["change"])
    def turn_off(self, request: HttpRequest, queryset: QuerySet[HookEndpoint]) -> None:
        now = timezone.now()
        self._say(request, sum(endpoints.switch_off(hook, by=_who(request), at=now) for hook in queryset))

    def _say(self, request: HttpRequest, changed: int) -> None:
        text = ngettext("%(count)d webhook was switched.", "%(count)d webhooks were switched.", changed)
        self.message_user(request, text % {"count": changed})


class Attempts(ReadOnlyTabular[HookAttempt, HookDelivery]):
    model = HookAttempt
    fields = ["number", "at", "answer", "why", "milliseconds", "excerpt"]
    readonly_fields = ["why"]

    @admin.display(description=_("problem"))
    def why(self, attempt: HookAttempt) -> str:
        return str(PROBLEMS.get(attempt.problem, attempt.problem or "–"))


@admin.register(HookDelivery)
class HookDeliveryAdmin(ReadOnly[HookDelivery]):
    list_display = ["created_at", "event", "endpoint", "restaurant", "outcome", "attempts", "due_at"]
    list_select_related = ["endpoint__restaurant"]
    list_filter = ["status", "event", "endpoint__restaurant"]
    search_fields = ["code", "endpoint__url"]
    fields = ["endpoint", "event", "outcome", "attempts", "due_at", "shown_data", "public_code", "created_at"]
    readonly_fields = ["outcome", "shown_data", "public_code"]
    inlines = [Attempts]
    actions = ["deliver_again"]

    @admin.display(description=_("restaurant"))
    def restaurant(self, delivery: HookDelivery) -> Restaurant:
        return delivery.endpoint.restaurant

    @labelled(_("status"), OUTCOMES, ordering="status")
    def outcome(self, delivery: HookDelivery) -> tuple[str, str]:
        return delivery.status, str(HookDelivery.Status(delivery.status).label)

    @admin.display(description=_("data"))
    def shown_data(self, delivery: HookDelivery) -> str:
        return pretty(delivery.data)

    @admin.action(description=_("Deliver again"), permissions=["deliver_again"])
    def deliver_again(self, request: HttpRequest, queryset: QuerySet[HookDelivery]) -> None:
        begun = 0
        for delivery in queryset:
            try:
                endpoints.redeliver(delivery, by=_who(request), at=timezone.now())
            except HookRefused as error:
                self.message_user(request, f"{delivery}: {error}", messages.ERROR)
            else:
                begun += 1
        text = ngettext("%(count)d delivery is sent again.", "%(count)d deliveries are sent again.", begun)
        self.message_user(request, text % {"count": begun})

    def has_deliver_again_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("bots.change_hookendpoint")


def _who(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user
