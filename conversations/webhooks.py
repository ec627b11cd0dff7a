"""The two doors that Twilio knocks at. They check, record and answer at once; they never think and never send."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from bots.models import Bot
from bots.routing import bot_of
from bots.twilio.signature import is_genuine
from conversations.inbound import record
from conversations.statuses import report
from conversations.wire import WireError, inbound_of, status_of

# An empty TwiML document: text/plain would be sent to the customer, an empty body is an error at Twilio (11200).
NOTHING_TO_SAY = '<?xml version="1.0" encoding="UTF-8"?><Response/>'


class Refused(Exception):
    """The request is not for us; `status` is all that the caller learns."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@csrf_exempt
@require_POST
def inbound(request: HttpRequest) -> HttpResponse:
    """A customer's message."""
    try:
        bot = _sender_written_to(request, "To")
        message = inbound_of(request.POST)
    except Refused as refusal:
        return HttpResponse(status=refusal.status)
    except WireError:
        return HttpResponse(status=400)
    record(bot, message, at=timezone.now())
    return HttpResponse(NOTHING_TO_SAY, content_type="text/xml")


@csrf_exempt
@require_POST
def status(request: HttpRequest, code: UUID | None = None) -> HttpResponse:
    """How far a message of ours has come."""
    try:
        bot = _sender_written_to(request, "From")
        update = status_of(request.POST)
    except Refused as refusal:
        return HttpResponse(status=refusal.status)
    except WireError:
        return HttpResponse(status=400)
    report(bot, update, code, at=timezone.now())
    return HttpResponse(status=204)


def _sender_written_to(request: HttpRequest, field: str) -> Bot:
    """The sender, once the request is known to be Twilio's. Raises Refused."""
    # A JSON body is signed by its hash in the address alone: checked with an empty form it would pass unread.
    if request.content_type != "application/x-www-form-urlencoded":
        raise Refused(415)
    bot = bot_of(request.POST.get(field, ""))
    if bot is None:
        raise Refused(404)
    address = settings.PUBLIC_BASE_URL + request.get_full_path()
    signature = request.headers.get("X-Twilio-Signature", "")
    if not is_genuine(address, request.POST, signature, bot.auth_token.reveal()):
        raise Refused(403)
    if request.POST.get("AccountSid") not in {bot.account_sid, bot.owning_account}:
        raise Refused(403)
    return bot
