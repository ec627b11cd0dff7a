"""The inbox: the list, a thread, and what staff do there. Pages for people, fragments of them for htmx."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import trigger_client_event

from bots.access import as_code, found
from bots.views import DeskRequest, at_desk, back_to, render_at_desk, show_at
from conversations import handoff, inbound, outbox, shown, threads
from conversations.access import conversation_for
from conversations.content import TEXT_LIMIT
from conversations.models import Conversation

FILTERS = {
    "all": gettext_lazy("All"),
    "unread": gettext_lazy("Unread"),
    "attention": gettext_lazy("Needs a person"),
    "staff": gettext_lazy("With staff"),
}


class ReplyForm(forms.Form):
    """`key` is made with the page, so that a second click says nothing twice."""

    key = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)
    text = forms.CharField(
        max_length=TEXT_LIMIT,
        error_messages={
            "required": gettext_lazy("Write something first."),
            "max_length": gettext_lazy(
                "The reply has %(show_value)d characters, WhatsApp takes %(limit_value)d. Please shorten it."
            ),
        },
    )

    def __init__(self, data: Any = None) -> None:
        super().__init__(_with_plain_newlines(data), initial={"key": uuid4().hex})


def _with_plain_newlines(data: Any) -> dict[str, str] | None:
    """Browsers send each new line as two characters, which would count against the limit."""
    if data is None:
        return None
    return {"key": data.get("key", ""), "text": data.get("text", "").replace("\r\n", "\n")}


@require_safe
@at_desk
def inbox(request: DeskRequest) -> HttpResponse:
    template = {"rows": "_rows", "list": "_list", "more": "_lines"}.get(request.htmx.target or "", "inbox")
    return render_at_desk(request, f"conversations/{template}.html", _list(request, request.GET))


def _list(request: DeskRequest, asked: Mapping[str, str]) -> dict[str, Any]:
    """Beside a thread nothing is asked of the list: it is the first page of all."""
    restaurant = request.desk.restaurant
    show, search = asked.get("show", "all"), asked.get("q", "").replace("\0", "")[:100]
    places = {name: threads.cursor_of(asked[name]) for name in ("before", "until") if asked.get(name)}
    return {
        "filters": FILTERS,
        "show": show if show in FILTERS else "all",
        "search": search,
        "page": threads.lines_of(restaurant, show=show, search=search, **places),
        "unread": threads.unread_in(restaurant),
        "several_senders": threads.has_several_senders(restaurant),
        "open": _open(request),
    }


def _open(request: DeskRequest) -> UUID | None:
    """The conversation beside the list; a fragment says in its query which one that is."""
    code = request.resolver_match.kwargs.get("code") if request.resolver_match else None
    return code or (as_code(request.GET["open"]) if request.GET.get("open") else None)


@require_safe
@at_desk
def thread(request: DeskRequest, code: UUID) -> HttpResponse:
    conversation = _conversation_at(request, code)
    return _thread(request, conversation, ReplyForm())


def _conversation_at(request: DeskRequest, code: UUID) -> Conversation:
    """The conversation of this code, on the desk of its restaurant."""
    found = conversation_for(request.user, code)
    show_at(request, found.restaurant)
    return found


def _thread(request: DeskRequest, conversation: Conversation, form: ReplyForm, status: int = 200) -> HttpResponse:
    stretch = _stretch(request, conversation)
    context = {
        "conversation": conversation,
        "stretch": stretch,
        "entries": shown.entries(stretch.messages),
        "form": form,
        "window_is_over": shown.window_is_over(conversation, timezone.now()),
    }
    fragment = {"messages": "_live", "thread": "_thread"}.get(request.htmx.target or "")
    if fragment:
        return render_at_desk(request, f"conversations/{fragment}.html", context)
    return render_at_desk(request, "conversations/inbox.html", {**_list(request, {}), **context}, status=status)


def _stretch(request: DeskRequest, conversation: Conversation) -> threads.Stretch:
    asked = request.GET
    if asked.get("before"):
        return threads.before(conversation, asked["before"])
    if asked.get("since"):
        extra = threads.MESSAGES if "earlier" in asked else 0
        return threads.since(conversation, asked["since"], and_earlier=extra)
    return threads.newest(conversation)


@require_POST
@at_desk
def reply(request: DeskRequest, code: UUID) -> HttpResponse:
    conversation = _conversation_at(request, code)
    form = ReplyForm(request.POST)
    if form.is_valid():
        _say(conversation, form, request)
        return _done(request, conversation, ReplyForm())
    if request.htmx:
        return _reply_box(request, conversation, form, status=422)
    return _thread(request, conversation, form, status=422)


def _say(conversation: Conversation, form: ReplyForm, request: DeskRequest) -> None:
    fields = form.cleaned_data
    handoff.speak(conversation, fields["text"], request.user, at=timezone.now(), key=fields["key"])


def _done(request: DeskRequest, conversation: Conversation, form: ReplyForm) -> HttpResponse:
    """With htmx the box comes back empty and the page fetches what has changed."""
    if not request.htmx:
        return back_to(request, "conversations:thread", conversation.code)
    return trigger_client_event(_reply_box(request, conversation, form), "sufrah:changed")


def _reply_box(request: DeskRequest, conversation: Conversation, form: ReplyForm, status: int = 200) -> HttpResponse:
    context = {"conversation": conversation, "form": form}
    return render_at_desk(request, "conversations/_reply.html", context, status=status)


@require_POST
@at_desk
def take_over(request: DeskRequest, code: UUID) -> HttpResponse:
    conversation = _conversation_at(request, code)
    handoff.take_over(conversation, request.user, at=timezone.now())
    return _changed(request, conversation)


@require_POST
@at_desk
def hand_back(request: DeskRequest, code: UUID) -> HttpResponse:
    conversation = _conversation_at(request, code)
    if not handoff.hand_back(conversation, at=timezone.now()) and not request.htmx:
        messages.info(request, _("The bot was answering already."))
    return _changed(request, conversation)


@require_POST
@at_desk
def mark_read(request: DeskRequest, code: UUID) -> HttpResponse:
    conversation = _conversation_at(request, code)
    if conversation.unread_count:
        handoff.mark_read(conversation, at=timezone.now())
    return _changed(request, conversation)


@require_POST
@at_desk
def retry(request: DeskRequest, code: UUID, message: UUID) -> HttpResponse:
    """The bot tries once more to answer a message at which it failed."""
    conversation = _conversation_at(request, code)
    inbound.retry_turn(found(conversation.messages.all(), message))
    return _changed(request, conversation)


@require_POST
@at_desk
def again(request: DeskRequest, code: UUID, message: UUID) -> HttpResponse:
    """What did not reach the customer is sent once more."""
    conversation = _conversation_at(request, code)
    try:
        outbox.say_again(found(conversation.messages.all(), message), at=timezone.now())
    except outbox.NothingToRepeat:
        if not request.htmx:
            messages.info(request, _("This message did not fail, so it was not sent again."))
    return _changed(request, conversation)


def _changed(request: DeskRequest, conversation: Conversation) -> HttpResponse:
    if not request.htmx:
        return back_to(request, "conversations:thread", conversation.code)
    return trigger_client_event(HttpResponse(status=204), "sufrah:changed")
