"""The phone in the browser. It exists only where the simulator is on; elsewhere these doors are 404."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import urlencode

from csp.decorators import csp_update
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse, QueryDict
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from bots.models import Bot
from bots.numbers import InvalidNumber
from conversations.simulator import posting, said, screen
from conversations.simulator.access import answer_for, demo_sender_for, demo_senders, talk_between, unused_number
from conversations.simulator.places import PLACES
from conversations.simulator.said import Attachment, Customer, Said, Tap, Unsayable, customer_of

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]
_KEY = re.compile(r"[0-9a-f]{32}", re.ASCII)
_REMEMBERED = "simulator"


def only_with_simulator(view: View[P]) -> View[P]:
    @wraps(view)
    def answer(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not settings.SIMULATOR:
            raise Http404
        return view(request, *args, **kwargs)

    return answer


@csp_update({"img-src": ["https:"]})  # the pictures that a restaurant sends lie elsewhere
@only_with_simulator
@require_GET
@never_cache
def page(request: HttpRequest) -> HttpResponse:
    """`?sender=<code>&as=<number or hidden id>&name=`; what is missing is filled in and remembered."""
    if not demo_senders().exists():
        return render(request, "simulator/nobody.html")
    if not (request.GET.get("sender") and request.GET.get("as")):
        return redirect(f"{reverse('simulator:page')}?{urlencode(_filled_in(request))}")
    bot = demo_sender_for(request.GET["sender"])
    try:
        customer = _customer(request.GET)
    except InvalidNumber:
        return render(request, "simulator/page.html", _panel(request, bot), status=400)
    request.session[_REMEMBERED] = {"sender": str(bot.code), "as": customer.address, "name": customer.name}
    talk = talk_between(bot, customer)
    glance = screen.glance(talk)
    shown = {"glance": glance, "bubbles": screen.bubbles(glance.pks), "customer": customer, "places": PLACES}
    return render(request, "simulator/page.html", _panel(request, bot) | shown)


def _filled_in(request: HttpRequest) -> dict[str, str]:
    """The line that the address asks for, else the one of last time, else a new customer of the first demo sender."""
    known: dict[str, str] = request.session.get(_REMEMBERED, {})
    asked = {name: request.GET.get(name, "") for name in ("sender", "as", "name")}
    line = {name: text or known.get(name, "") for name, text in asked.items()}
    if request.GET.get("new"):
        line |= {"as": asked["as"], "name": asked["name"]}
    codes = [str(bot.code) for bot in demo_senders()]
    if not asked["sender"] and line["sender"] not in codes:
        line["sender"] = codes[0]
    return line | {"as": line["as"] or unused_number()}


def _panel(request: HttpRequest, bot: Bot) -> dict[str, object]:
    typed = {"number": request.GET["as"], "name": request.GET.get("name", "")}
    return {"bot": bot, "senders": demo_senders(), "typed": typed, "name_limit": said.NAME_LIMIT}


@only_with_simulator
@require_GET
@never_cache
def news(request: HttpRequest) -> HttpResponse:
    """What the page with the token `since` does not show yet: `{since, html, marks, typing}`, or 204 for nothing."""
    bot = demo_sender_for(request.GET.get("sender"))
    try:
        glance = screen.glance(talk_between(bot, _customer(request.GET)))
    except InvalidNumber:
        return HttpResponseBadRequest()
    since = request.GET.get("since", "")
    if since == glance.token:
        return HttpResponse(status=204)
    newer = screen.bubbles(glance.newer_than(since))
    marks = {key: [mark.name, mark.label] for key, mark in zip(glance.keys, glance.marks, strict=True)}
    html = render_to_string("simulator/bubbles.html", {"bubbles": newer}, request)
    return JsonResponse({"since": glance.token, "html": html, "marks": marks, "typing": glance.is_typing})


@only_with_simulator
@require_POST
def say(request: HttpRequest) -> JsonResponse:
    """Delivers one message through the real door: `{delivered: <times>}`, 400 for what a phone cannot send, 502 when
    the door did not take it. `key` makes the message itself: the same key again is the same message."""
    bot = demo_sender_for(request.POST.get("sender"))
    key = request.POST.get("key", "")
    if not _KEY.fullmatch(key):
        return _refused(_("This message has no key."), 400)
    try:
        customer = _customer(request.POST)
        spoken = _spoken(request.POST, bot, customer)
    except (InvalidNumber, Unsayable) as error:
        return _refused(_why_unsayable(error), 400)
    form = posting.form_of(bot, customer, spoken, posting.sid_of(spoken, key))
    times = 2 if request.POST.get("twice") else 1
    try:
        for _time in range(times):
            posting.post(bot, form)
    except posting.NotDelivered as error:
        return _refused(_why_not_delivered(error), 502)
    return JsonResponse({"delivered": times})


def _customer(values: QueryDict) -> Customer:
    return customer_of(values.get("as", ""), values.get("name", ""))


def _spoken(values: QueryDict, bot: Bot, customer: Customer) -> Said:
    """Raises Unsayable, and Http404 for a tap on a message that is not this customer's."""
    text = values.get("text", "")
    match values.get("kind"):
        case "tap":
            return _tap(bot, customer, values.get("message", ""), values.get("choice", ""))
        case "place":
            point = (values.get(name, "") for name in ("latitude", "longitude", "label", "address"))
            return said.place(*point)
        case "image":
            return Attachment("image", text[: said.TEXT_LIMIT])
        case "voice":
            return Attachment("voice")
        case _:
            return said.words(text)


def _tap(bot: Bot, customer: Customer, code: str, choice_id: str) -> Tap:
    message = answer_for(talk_between(bot, customer), code)
    choice = screen.choice_in(message, choice_id)
    if choice is None:
        raise Unsayable("gone")
    return screen.tap(message, choice)


def _refused(sentence: str, status: int) -> JsonResponse:
    return JsonResponse({"error": sentence}, status=status)


def _why_unsayable(error: InvalidNumber | Unsayable) -> str:
    if isinstance(error, InvalidNumber):
        return _("This is no phone number and no hidden customer's id.")
    return {
        "empty": _("There is nothing to send."),
        "long": _("WhatsApp takes at most 4,096 characters in one message."),
        "place": _("These are no coordinates: latitude is −90 to 90, longitude −180 to 180."),
    }.get(error.problem, _("This message has not arrived yet, or no longer offers that."))


def _why_not_delivered(error: posting.NotDelivered) -> str:
    if error.status is None:
        return _("The server did not answer. Send it again: it is stored once, however often it is sent.")
    if error.status in (403, 404):
        return _("The server refused this sender's message (%(status)s).") % {"status": error.status}
    return _("The server could not take the message (%(status)s). Send it again.") % {"status": error.status}
