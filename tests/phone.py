"""What the tests of the simulator share: a door that stands where the webhook stands, and rows that a phone shows."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qsl

from django.test import override_settings
from django.utils import timezone

from bots.models import Bot
from conversations.content import Choice, Content, to_json
from conversations.content import body_of as body_of_content
from conversations.content import kind_of as kind_of_content
from conversations.models import Conversation, Message
from conversations.simulator import posting, said
from conversations.simulator.said import Customer, Said
from tests.world import World, fresh_sid

AHMAD = Customer("+966550000201", "أحمد السبيعي")
KEY = "0123456789abcdef0123456789abcdef"
NAMED = said.place("24.774265", "46.738586", "مطعم البيت", "طريق الملك عبدالله، حي المغرزات، الرياض 12483")
CONFIRM = Choice("order:confirm:7f3a", "تأكيد الطلب")
CHICKEN = Choice("item:184", "شاورما دجاج")
BURGER = Choice("item:222", "برجر لحم", "دبل جبن، ٢٨ ر.س")


class Door(BaseHTTPRequestHandler):
    """Stands where the webhook stands and notes what is posted; answers the statuses that a test prepared."""

    posts: list[tuple[str, str, list[tuple[str, str]]]]
    answers: list[int]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = parse_qsl(body, keep_blank_values=True, strict_parsing=True)
        self.posts.append((self.path, self.headers["X-Twilio-Signature"], form))
        self.send_response(self.answers.pop(0) if self.answers else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Quiet."""


@contextmanager
def standing_door() -> Iterator[type[Door]]:
    kind = type("FreshDoor", (Door,), {"posts": [], "answers": []})
    server = HTTPServer(("127.0.0.1", 0), kind)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    with override_settings(PORT=server.server_port, PUBLIC_BASE_URL="https://orders.example.com"):
        yield kind
    server.shutdown()
    server.server_close()


def talk_of(bot: Bot, address: str = AHMAD.address) -> Conversation:
    phone = address if address.startswith("+") else None
    return Conversation.objects.create(
        restaurant=bot.restaurant,
        bot=bot,
        customer_address=address,
        external_user_id=None if phone else address,
        customer_phone=phone,
        last_message_at=timezone.now(),
    )


def heard(talk: Conversation, what: Said, *, handled: bool = False, key: str = "") -> Message:
    sid = posting.sid_of(what, key or posting.new_key())
    form = posting.form_of(talk.bot, Customer(talk.customer_address), what, sid)
    return Message.objects.create(
        restaurant=talk.restaurant,
        bot=talk.bot,
        conversation=talk,
        direction="IN",
        author="customer",
        kind="text",
        body=form["Body"],
        payload=form,
        provider_sid=sid,
        status="received",
        received_at=timezone.now(),
        handled_at=timezone.now() if handled else None,
    )


def answered(talk: Conversation, content: Content, status: str = "accepted", author: str = "bot") -> Message:
    return Message.objects.create(
        restaurant=talk.restaurant,
        bot=talk.bot,
        conversation=talk,
        direction="OUT",
        author=author,
        kind=kind_of_content(content),
        body=body_of_content(content),
        content=to_json(content),
        provider_sid=fresh_sid("MM") if status not in ("queued", "sending") else None,
        status=status,
    )


def address_of(world: World, number: str = AHMAD.address, **more: str) -> dict[str, str]:
    return {"sender": str(world.a.bot.code), "as": number, **more}
