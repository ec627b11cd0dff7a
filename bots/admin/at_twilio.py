"""What operators ask Twilio about senders: verify, set webhooks, health, and which senders an account has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters

from bots.admin.kinds import ByVerbs, on_the_page
from bots.forms import AccountForm
from bots.models import Bot
from bots.numbers import for_people
from bots.registration import SenderRefused
from bots.twilio.client import within
from bots.twilio.senders import AtTwilio
from bots.verification import health, set_webhooks, unregistered, verify

Said = tuple[int, str]
AT_ONCE, SECONDS_FOR_ALL = 10, 60.0


class AsksTwilio(ByVerbs[Bot]):
    """Every question is a POST: pages that are only looked at never call Twilio."""

    change_form_outer_before_template = "admin/bots/bot/page.html"
    actions_list = ["begin_registering", "list_at_twilio"]

    def get_urls(self) -> list[URLPattern]:
        doors = (("verify", self.verify_view), ("webhooks", self.webhooks_view), ("health", self.health_view))
        ours = [
            path(f"<int:object_id>/{name}/", self.admin_site.admin_view(view), name=f"bots_bot_{name}")
            for name, view in doors
        ]
        return [*ours, *super().get_urls()]

    def verify_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        return self._asked_about(request, object_id, _verified)

    def webhooks_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        return self._asked_about(request, object_id, _webhooks_set)

    def health_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        bot = self._sender(request, object_id)
        try:
            lines = health(bot)
        except SenderRefused as error:
            self.message_user(request, str(error), messages.ERROR)
            return redirect("admin:bots_bot_change", bot.pk)
        context = {
            **self.admin_site.each_context(request),
            **{"opts": self.opts, "title": _("Health at Twilio"), "bot": bot, "lines": lines},
            "number": for_people(bot.whatsapp_number),
            "back": reverse("admin:bots_bot_change", args=[bot.pk]),
        }
        return TemplateResponse(request, "admin/bots/bot/health.html", context)

    @admin.action(description=_("Verify with Twilio"), permissions=["change"])
    def verify_senders(self, request: HttpRequest, queryset: QuerySet[Bot]) -> None:
        self._ask_about_all(request, queryset, _verified)

    @admin.action(description=_("Set webhooks at Twilio"), permissions=["change"])
    def set_webhooks_of_senders(self, request: HttpRequest, queryset: QuerySet[Bot]) -> None:
        self._ask_about_all(request, queryset, _webhooks_set)

    @admin.action(description=_("Health at Twilio"), permissions=["change"])
    def health_of_senders(self, request: HttpRequest, queryset: QuerySet[Bot]) -> None:
        self._ask_about_all(request, queryset, _healthy)

    @on_the_page(_("Register a sender"), permission="add", path="register")
    def begin_registering(self, request: HttpRequest) -> HttpResponse:
        return redirect("admin:bots_bot_add")

    @on_the_page(_("Senders of an account…"), permission="add", path="at-twilio")
    def list_at_twilio(self, request: HttpRequest) -> HttpResponse:
        return _list_page(request, self)

    def _asked_about(self, request: HttpRequest, object_id: int, ask: Callable[[Bot, User], Said]) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        bot = self._sender(request, object_id)
        self._say(request, bot, ask)
        return redirect("admin:bots_bot_change", bot.pk)

    def _ask_about_all(self, request: HttpRequest, queryset: QuerySet[Bot], ask: Callable[[Bot, User], Said]) -> None:
        chosen = list(queryset.select_related("restaurant")[: AT_ONCE + 1])
        if len(chosen) > AT_ONCE:
            text = gettext("Choose at most %(count)d senders, or run manage.py check_senders for all.")
            self.message_user(request, text % {"count": AT_ONCE}, messages.ERROR)
            return
        with within(SECONDS_FOR_ALL):
            for bot in chosen:
                self._say(request, bot, ask)

    def _say(self, request: HttpRequest, bot: Bot, ask: Callable[[Bot, User], Said]) -> None:
        try:
            level, text = ask(bot, who(request))
        except SenderRefused as error:
            level, text = messages.ERROR, str(error)
        self.message_user(request, f"{bot.name}: {text}", level)

    def _sender(self, request: HttpRequest, object_id: int) -> Bot:
        bot = self.get_object(request, str(object_id))
        if bot is None:
            raise Http404
        if not self.has_change_permission(request, bot):
            raise PermissionDenied
        return bot


def who(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def _verified(bot: Bot, by: User) -> Said:
    problems = verify(bot, by=by)
    good = gettext("Account, sender SID, number and WhatsApp Business account agree, and the sender is online.")
    return _told(problems, good)


def _webhooks_set(bot: Bot, by: User) -> Said:
    differing = set_webhooks(bot, by=by)
    level, text = _told(differing, gettext("Twilio has our addresses now; they were read back and agree."))
    return (messages.WARNING if differing else level), text


def _healthy(bot: Bot, by: User) -> Said:
    wrong = [line for line in health(bot) if line.is_wrong]
    return _told(wrong, gettext("What Twilio has is what we expect."))


def _told(wrong: Any, good: str) -> Said:
    return (messages.ERROR, " ".join(str(one) for one in wrong)) if wrong else (messages.SUCCESS, good)


@sensitive_post_parameters("auth_token")
def _list_page(request: HttpRequest, admin_of: AsksTwilio) -> HttpResponse:
    """The token is used for this one question and is in no page and no address: it is typed again to register."""
    form = AccountForm(request.POST or None)
    offered: list[dict[str, str]] | None = None
    if request.method == "POST" and form.is_valid():
        try:
            found = unregistered(**form.cleaned_data)
            offered = [_offer(sender, form.cleaned_data["account_sid"]) for sender in found]
        except SenderRefused as error:
            form.add_error(None, str(error))
    context = {
        **admin_of.admin_site.each_context(request),
        **{"opts": admin_of.opts, "title": _("Senders of a Twilio account"), "form": form, "offered": offered},
        "back": reverse("admin:bots_bot_changelist"),
    }
    return TemplateResponse(request, "admin/bots/bot/list_at_twilio.html", context)


def _offer(sender: AtTwilio, account_sid: str) -> dict[str, str]:
    fields = {
        "name": sender.name or sender.number,
        "whatsapp_number": sender.number,
        "account_sid": account_sid,
        "sender_sid": sender.sid,
        "waba_id": sender.waba_id,
    }
    return {
        "name": sender.name,
        "number": for_people(sender.number),
        "status": sender.status,
        "sid": sender.sid,
        "register": f"{reverse('admin:bots_bot_add')}?{urlencode(fields)}",
    }
