"""Handing a sender to another restaurant: a page of its own, for senders that nobody has written to."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from bots.admin.at_twilio import AsksTwilio, who
from bots.admin.kinds import on_the_page
from bots.forms import MoveForm
from bots.models import Bot
from bots.numbers import for_people
from bots.registration import SenderRefused, move


class Moves(AsksTwilio):
    """The restaurant of a sender is shown and never edited beside other fields."""

    @on_the_page(_("Move to another restaurant…"), permission="move_sender", path="move")
    def move_sender(self, request: HttpRequest, object_id: str) -> HttpResponse:
        bot = self.get_object(request, object_id)
        if bot is None:
            raise Http404
        form = MoveForm(bot, request.POST or None)
        if request.method != "POST" or not form.is_valid():
            return self._asked_where(request, bot, form)
        try:
            move(bot, form.cleaned_data["restaurant"], by=who(request))
        except SenderRefused as error:
            self.message_user(request, f"{error} {gettext('Nothing was changed.')}", messages.ERROR)
        else:
            told = {"name": bot.name, "restaurant": bot.restaurant}
            self.message_user(request, gettext("“%(name)s” belongs to %(restaurant)s now.") % told)
        return redirect("admin:bots_bot_change", bot.pk)

    def has_move_sender_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        bot = self.get_object(request, object_id) if object_id else None
        return self.has_change_permission(request, bot)

    def _asked_where(self, request: HttpRequest, bot: Bot, form: MoveForm) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            **{"opts": self.opts, "title": _("Move this sender to another restaurant?"), "bot": bot, "form": form},
            "number": for_people(bot.whatsapp_number),
            "conversations": bot.conversations.count(),
            "back": reverse("admin:bots_bot_change", args=[bot.pk]),
            "retire": reverse("admin:bots_bot_retire_sender", args=[bot.pk]),
        }
        return TemplateResponse(request, "admin/bots/bot/move.html", context)
