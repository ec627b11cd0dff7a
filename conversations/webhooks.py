"""The two doors that Twilio knocks at. They check, record and answer at once; they never think and never send.
While the database is away they keep what came on disk, so that Twilio hears 200 all the same."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from bots.lines import note_on_line
from conversations.intake import take_in
from conversations.posted import Door, Posted
from conversations.receiving import MOST_BYTES, Refused
from conversations.spool import SpoolError

# An empty TwiML document: text/plain would be sent to the customer, an empty body is an error at Twilio (11200).
NOTHING_TO_SAY = '<?xml version="1.0" encoding="UTF-8"?><Response/>'
FORM = "application/x-www-form-urlencoded"


@csrf_exempt
@require_POST
def inbound(request: HttpRequest) -> HttpResponse:
    """A customer's message."""
    return _refusal(request, "inbound") or HttpResponse(NOTHING_TO_SAY, content_type="text/xml")


@csrf_exempt
@require_POST
def status(request: HttpRequest, code: UUID | None = None) -> HttpResponse:
    """How far a message of ours has come."""
    return _refusal(request, "status", code) or HttpResponse(status=204)


def _refusal(request: HttpRequest, door: Door, code: UUID | None = None) -> HttpResponse | None:
    """None once it is recorded or kept. 503 sends Twilio to the fallback, which may have a disk."""
    try:
        take_in(_posted(request, door, code))
    except Refused as refusal:
        note_on_line(refused=refusal.why, bot_id=refusal.bot_id)
        return HttpResponse(status=refusal.status, content_type="text/plain")
    except SpoolError:
        return HttpResponse(status=503, content_type="text/plain")
    return None


def _posted(request: HttpRequest, door: Door, code: UUID | None) -> Posted:
    """Raises Refused."""
    # A JSON body is signed by its hash in the address alone: checked with an empty form it would pass unread.
    if request.content_type != FORM:
        raise Refused(415, "no form")
    length = str(request.META.get("CONTENT_LENGTH") or "")
    if length.isdecimal() and int(length) > MOST_BYTES:
        raise Refused(413, "a form that is too long")
    signature = request.headers.get("X-Twilio-Signature", "")
    return Posted(door, request.get_full_path(), signature, request.body, timezone.now(), code)
