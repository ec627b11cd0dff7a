"""Senders: registered, changed, switched and retired by their verbs."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from bots.admin.at_twilio import who
from bots.admin.condition import WORST_FIRST, health_of, shown, traits_of, with_traffic
from bots.admin.kinds import labelled, on_the_page
from bots.admin.moving import Moves
from bots.admin.next_steps import steps_of
from bots.admin.showing import NOTHING, left_to_right, moment
from bots.comparison import addresses, kept_lines
from bots.forms import SenderForm
from bots.known import known_senders
from bots.models import Bot
from bots.numbers import InvalidNumber, canonical, for_people
from bots.registration import SenderFields, SenderRefused, change, register, retire

_COLOURS = {"UNVERIFIED": "warning", "PENDING": "info", "VERIFYING": "warning", "ACTIVE": "success", "FAILED": "danger"}

_COMMON: list[tuple[Any, Any]] = [
    (_("Account"), {"fields": ["account_sid", "auth_token", "subaccount_sid"]}),
    (_("WhatsApp"), {"fields": ["sender_sid", "waba_id", "verification_sid"]}),
    (_("For customers"), {"fields": ["support_contact", "payment_link"]}),
    (_("Limits"), {"fields": ["max_messages_per_min", "max_messages_per_day", "enforces_limits"]}),
]


class LivesFilter(admin.SimpleListFilter):
    title = _("kept as")
    parameter_name = "kept"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin[Bot]) -> list[tuple[str, Any]]:
        return [("retired", _("Retired")), ("all", _("All"))]

    def choices(self, changelist: Any) -> Any:
        first, *others = super().choices(changelist)
        yield {**first, "display": _("In use")}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet[Bot]) -> QuerySet[Bot]:
        if self.value() == "all":
            return queryset
        return queryset.filter(retired_at__isnull=self.value() != "retired")


@admin.register(Bot)
class BotAdmin(Moves):
    form = SenderForm
    refusals = (SenderRefused,)
    list_display = ["sender", "restaurant", "state", "condition", "is_active", "last_in", "last_out", "created"]
    list_filter = [LivesFilter, "health", "status", ("verified_at", admin.EmptyFieldListFilter), "is_active", "channel"]
    list_select_related = ["restaurant"]
    search_fields = ["name", "whatsapp_number", "restaurant__name", "restaurant__name_ar", "account_sid"]
    actions = ["verify_senders", "set_webhooks_of_senders", "health_of_senders", "turn_on", "turn_off"]
    actions_detail = ["move_sender", "retire_sender"]
    change_form_before_template = "admin/bots/bot/quick_fill.html"
    readonly_fields = [
        *("error_message", "verified_at", "at_twilio", "differing", "last_in", "last_out", "told_to_provider"),
        *("code", "created_at", "updated_at", "retired_at"),
    ]
    add_fieldsets = [
        (None, {"fields": ["name", "whatsapp_number", "restaurant_name", "restaurant"]}),
        *_COMMON,
    ]
    fieldsets = [
        (
            None,
            {
                "fields": [
                    "name",
                    "whatsapp_number",
                    "restaurant",
                    ("status", "is_active"),
                    "verified_at",
                    "error_message",
                    "at_twilio",
                    "differing",
                ]
            },
        ),
        *_COMMON,
        (_("Traffic"), {"fields": ["last_in", "last_out", "told_to_provider"]}),
        (_("Row"), {"fields": ["code", "created_at", "updated_at", "retired_at"]}),
    ]

    class Media:
        js = ["bots/quick_fill.js"]
        css = {"all": ["bots/sender.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Bot]:
        return with_traffic(super().get_queryset(request), timezone.now())

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Bot], search_term: str
    ) -> tuple[QuerySet[Bot], bool]:
        with suppress(InvalidNumber):
            search_term = canonical(search_term)
        return super().get_search_results(request, queryset, search_term)

    def get_readonly_fields(self, request: HttpRequest, obj: Bot | None = None) -> Any:
        """A slip in the form hands a sender to nobody."""
        return [*self.readonly_fields, *(["restaurant"] if obj else [])]

    def has_delete_permission(self, request: HttpRequest, obj: Bot | None = None) -> bool:
        """Senders are retired, never deleted: their conversations are history."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Bot | None = None) -> bool:
        return super().has_change_permission(request, obj) and not (obj and obj.retired_at)

    @admin.display(description=_("sender"), ordering="name")
    def sender(self, bot: Bot) -> SafeString:
        return format_html("{}<br>{}", bot.name, left_to_right(for_people(bot.whatsapp_number)))

    @labelled(_("status"), _COLOURS, ordering="status")
    def state(self, bot: Bot) -> tuple[str, str]:
        """A pair of account and token that Twilio has never confirmed is not green."""
        if bot.status == Bot.Status.ACTIVE and bot.channel == Bot.Channel.TWILIO and not bot.verified_at:
            return "UNVERIFIED", gettext("not verified")
        return bot.status, bot.get_status_display()

    @admin.display(description=_("health"), ordering=WORST_FIRST)
    def condition(self, bot: Bot) -> SafeString:
        return shown(traits_of(bot))

    @admin.display(description=_("health"))
    def at_twilio(self, bot: Bot) -> SafeString:
        return shown([health_of(bot)])

    @admin.display(description=_("what differs at Twilio"))
    def differing(self, bot: Bot) -> SafeString | str:
        return (
            format_html_join("", '<p class="breaks"><bdi>{}</bdi></p>', ((line,) for line in kept_lines(bot)))
            or NOTHING
        )

    @admin.display(description=_("last message in"), ordering="last_in_at")
    def last_in(self, bot: Bot) -> Any:
        return moment(getattr(bot, "last_in_at", None))

    @admin.display(description=_("last message out"), ordering="last_out_at")
    def last_out(self, bot: Bot) -> Any:
        return moment(getattr(bot, "last_out_at", None))

    @admin.display(description=_("created"), ordering="created_at")
    def created(self, bot: Bot) -> str:
        return date_format(localtime(bot.created_at), "SHORT_DATE_FORMAT")

    @admin.display(description=_("addresses for Twilio"))
    def told_to_provider(self, bot: Bot) -> SafeString:
        return format_html_join("", '<p dir="ltr" class="breaks">{}: <code>{}</code></p>', addresses().items())

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().add_view(request, form_url, {**(extra_context or {}), "known_senders": _known_with_state()})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        bot = self.get_object(request, object_id)
        steps = steps_of(bot) if bot and not bot.retired_at else []
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), "steps": steps})

    def response_post_save_add(self, request: HttpRequest, obj: Bot) -> HttpResponseRedirect:
        """A new sender is not done yet: its page says what comes next."""
        return HttpResponseRedirect(reverse("admin:bots_bot_change", args=[obj.pk]))

    def save_model(self, request: HttpRequest, obj: Bot, form: forms.ModelForm[Bot], change: bool) -> None:
        fields = cast(SenderFields, {name: value for name, value in form.cleaned_data.items() if value is not None})
        if change:
            _change(obj, fields, who(request))
        else:
            self._register(request, obj, fields)

    def _register(self, request: HttpRequest, obj: Bot, fields: SenderFields) -> None:
        bot = register(by=who(request), **fields)
        obj.__dict__.update(bot.__dict__)

    @admin.action(description=_("Turn on"), permissions=["change"])
    def turn_on(self, request: HttpRequest, queryset: QuerySet[Bot]) -> None:
        self._switch(request, queryset, True)

    @admin.action(description=_("Turn off"), permissions=["change"])
    def turn_off(self, request: HttpRequest, queryset: QuerySet[Bot]) -> None:
        self._switch(request, queryset, False)

    def _switch(self, request: HttpRequest, queryset: QuerySet[Bot], on: bool) -> None:
        chosen = list(queryset.filter(retired_at__isnull=True))
        changed = sum(bool(change(bot, by=who(request), is_active=on)) for bot in chosen)
        text = ngettext("%(count)d sender was switched.", "%(count)d senders were switched.", changed)
        self.message_user(request, text % {"count": changed})

    @on_the_page(_("Retire…"), permission="retire_sender", path="retire")
    def retire_sender(self, request: HttpRequest, object_id: str) -> HttpResponse:
        bot = self.get_object(request, object_id)
        if bot is None:
            raise Http404
        if request.method != "POST":
            return self._asked(request, bot)
        try:
            retire(bot, by=who(request))
        except SenderRefused as error:
            self.message_user(request, str(error), messages.ERROR)
        else:
            self.message_user(request, gettext("“%(name)s” is retired. Its number is free.") % {"name": bot.name})
        return redirect("admin:bots_bot_changelist")

    def _asked(self, request: HttpRequest, bot: Bot) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Retire this sender?"),
            "bot": bot,
            "number": for_people(bot.whatsapp_number),
            "conversations": bot.conversations.count(),
            "back": reverse("admin:bots_bot_change", args=[bot.pk]),
        }
        return TemplateResponse(request, "admin/bots/bot/retire.html", context)

    def has_retire_sender_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        bot = self.get_object(request, object_id) if object_id else None
        return self.has_change_permission(request, bot)


def _change(bot: Bot, fields: SenderFields, by: User) -> None:
    change(bot, by=by, **fields)


def _known_with_state() -> list[dict[str, Any]]:
    """What quick fill offers; `state` says what registering this number would do."""
    numbers = [sender["whatsapp_number"] for sender in known_senders().values()]
    live = Bot.objects.filter(whatsapp_number__in=numbers, retired_at__isnull=True)
    channels = dict(live.values_list("whatsapp_number", "channel"))
    return [
        {"name": sender["name"], "fields": sender, "state": channels.get(sender["whatsapp_number"], "new")}
        for sender in known_senders().values()
    ]
