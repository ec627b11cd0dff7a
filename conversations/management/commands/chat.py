"""`manage.py chat`: the phone in a terminal, and for scripts."""

from __future__ import annotations

import select
import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from bots.models import Bot
from bots.numbers import InvalidNumber
from conversations.content import as_text, choices_of
from conversations.models import Message
from conversations.simulator import posting, said
from conversations.simulator.access import demo_sender_at, demo_senders, talk_between, unused_number
from conversations.simulator.said import Attachment, Customer, Said, Tap, Unsayable, customer_of
from conversations.simulator.screen import ON_THE_WAY, content_of, tap
from core.serving import served_at

LOOK_SECONDS = 0.3
HELP = """Type a text, or the number of a choice. Besides:
  /tap N               the choice N            /say TEXT    the text as it is, even a number
  /location LAT LON    share a place           /image [CAPTION]      /voice      /help      /quit"""
_UNSAYABLE = {
    "empty": "There is nothing to send.",
    "long": "WhatsApp takes at most 4,096 characters in one message.",
    "place": "Write /location LATITUDE LONGITUDE, for example /location 24.7136 46.6753",
    "gone": "There is no such choice now.",
}


class Command(BaseCommand):
    help = "Writes to a demo sender as any customer, through the webhook of the running server."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--sender", help="the demo sender's number (the first demo sender)")
        parser.add_argument("--as", dest="number", help="the customer's number or hidden id (a new customer)")
        parser.add_argument("--name", default="", help="the customer's name")
        parser.add_argument("--url", default="", help="the running server (the one of this data folder)")
        parser.add_argument("--wait", type=float, default=20, help="seconds to wait for an answer (20)")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.SIMULATOR:
            raise CommandError("The simulator is off in production.")
        self.bot = _sender(options["sender"])
        self.customer = _customer(options["number"], options["name"])
        (self.url, self.public_url), self.wait = _server(options["url"]), options["wait"]
        self.offered: list[Tap] = []
        self.last_shown = 0
        self.is_typed = sys.stdin.isatty()
        self.stdout.write(f"{self.customer.address} writes to {self.bot.restaurant.name} {self.bot.whatsapp_number}")
        self._show_where_we_were()
        try:
            self._talk()
        except KeyboardInterrupt:
            self.stdout.write("")

    def _talk(self) -> None:
        if self.is_typed:
            self.stdout.write(HELP)
        for line in self._typed() if self.is_typed else sys.stdin:
            text = line.rstrip("\r\n")
            if text.strip() == "/quit":
                return
            if text.strip() == "/help":
                self.stdout.write(HELP)
            elif text.strip():
                self._say(text)

    def _typed(self) -> Iterator[str]:
        """Lines from the terminal; what the bot says meanwhile is shown as it arrives."""
        while True:
            self._show_news()
            ready, _, _ = select.select([sys.stdin], [], [], LOOK_SECONDS)
            if ready:
                line = sys.stdin.readline()
                if not line:
                    return
                yield line

    def _say(self, text: str) -> None:
        try:
            spoken = self._meant(text)
        except Unsayable as error:
            return self._complain(_UNSAYABLE[error.problem])
        if not self.is_typed:
            self.stdout.write(f"> {text}")
        self.offered = []
        sid = posting.sid_of(spoken, posting.new_key())
        try:
            posting.post(self.bot, posting.form_of(self.bot, self.customer, spoken, sid), self.url, self.public_url)
        except posting.NotDelivered as error:
            return self._complain(self._why(error))
        return None if self.is_typed else self._await_answer(sid)

    def _meant(self, text: str) -> Said:
        command, _, rest = text.strip().partition(" ")
        match command:
            case "/location":
                latitude, _, longitude = rest.replace(",", " ").strip().partition(" ")
                return said.place(latitude, longitude)
            case "/image":
                return Attachment("image", rest)
            case "/voice":
                return Attachment("voice")
            case "/tap":
                return self._choice(rest)
            case "/say":
                return said.words(rest)
        try:
            return self._choice(command if not rest else "")
        except Unsayable:
            return said.words(text)

    def _choice(self, number: str) -> Tap:
        chosen = int(number) if number.isdecimal() else 0
        if not 1 <= chosen <= len(self.offered):
            raise Unsayable("gone")
        return self.offered[chosen - 1]

    def _complain(self, sentence: str) -> None:
        """A script must not go on as if all were well."""
        if not self.is_typed:
            raise CommandError(sentence)
        self.stderr.write(sentence)

    def _why(self, error: posting.NotDelivered) -> str:
        where = self.url
        if error.status is None:
            return (
                f"No answer from {where}. Is the server running (make run), there and on this database? "
                "Start it, or name it: --url http://127.0.0.1:8080"
            )
        hint = (
            " PORT and PUBLIC_BASE_URL must be the server's, or the signature does not fit."
            if error.status == 403
            else ""
        )
        return f"{where} did not take the message: it answered {error.status}.{hint}"

    def _await_answer(self, sid: str) -> None:
        """Waits until the message is answered and all of the answer has arrived."""
        deadline = time.monotonic() + self.wait
        while time.monotonic() < deadline:
            is_answered = self._is_answered(sid)
            self._show_news()
            if is_answered:
                return
            time.sleep(LOOK_SECONDS / 3)
        raise CommandError(f"No answer came within {self.wait:g} seconds.")

    def _is_answered(self, sid: str) -> bool:
        message = Message.objects.filter(bot=self.bot, provider_sid=sid, handled_at__isnull=False).first()
        if message is None:
            return False
        statuses = set(message.replies.values_list("status", flat=True))
        if not statuses:
            raise CommandError("The bot was silent: a person has this conversation, or the bot could not answer.")
        return statuses.isdisjoint(ON_THE_WAY)

    def _show_where_we_were(self) -> None:
        """The bot's last words, so that a talk can go on after any restart."""
        talk = talk_between(self.bot, self.customer)
        own = talk.messages.filter(direction=Message.Direction.IN).order_by("-pk").first() if talk else None
        self.last_shown = own.pk if own else 0
        self._show_news()

    def _show_news(self) -> None:
        talk = talk_between(self.bot, self.customer)
        if talk is None:
            return
        said_since = talk.messages.filter(direction=Message.Direction.OUT, pk__gt=self.last_shown)
        for message in said_since.order_by("pk"):
            if message.status in ON_THE_WAY:
                return  # what comes after it has not arrived either
            self._show(message)
            self.last_shown = message.pk

    def _show(self, message: Message) -> None:
        content = content_of(message)
        choices = choices_of(content) if content else ()
        first = len(self.offered) + 1
        if message.provider_sid:
            self.offered += [tap(message, choice) for choice in choices]
        self.stdout.write("\n" + (message.body if content is None or choices else as_text(content)))
        for number, choice in enumerate(choices, start=first):
            tail = f" — {choice.description}" if choice.description else ""
            self.stdout.write(f"  {number}. {choice.title}{tail}")
        if message.status in (Message.Status.FAILED, Message.Status.UNDELIVERED):
            self.stdout.write(f"  (this did not reach the customer: {message.error_reason or message.status})")


def _server(url: str) -> tuple[str, str]:
    """(where to post, what to sign for): as given by --url or PORT, else where a server of this data folder says."""
    found = None if url or settings.PORT_IS_GIVEN else served_at(settings.DATA_DIR)
    if found is not None:
        return found.url, found.public_url
    return url or f"http://127.0.0.1:{settings.PORT}", settings.PUBLIC_BASE_URL


def _sender(number: str | None) -> Bot:
    found = demo_sender_at(number) if number else demo_senders().first()
    if found is not None:
        return found
    demo = ", ".join(f"{bot.whatsapp_number} ({bot.restaurant.name})" for bot in demo_senders())
    if not demo:
        raise CommandError("There is no demo sender. `make run` loads the demo.")
    raise CommandError(f"{number} is no demo sender. These are: {demo}")


def _customer(number: str | None, name: str) -> Customer:
    try:
        return customer_of(number or unused_number(), name)
    except InvalidNumber as error:
        raise CommandError(f"{number} is no phone number and no hidden customer's id.") from error
