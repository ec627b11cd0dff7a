"""The inbound door: `POST /whatsapp/webhook` and `POST /webhook`."""

from __future__ import annotations

import threading
from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from conversations.models import Conversation, Media, Message
from sessions_state.turns import take_turns
from tests.clock import NOW, clock
from tests.jobs import waiting_jobs
from tests.twilio_posts import FIXTURES, FORM, fixture_named, post, signature, text_from
from tests.world import TOKEN_A, TOKEN_B, World, fresh_sid

CUSTOMER = "+966550000201"
EVERY_INBOUND = sorted(path.stem for path in FIXTURES.glob("in_*.json"))
DOOR = "/whatsapp/webhook"

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(calls: list[Callable[[], object]]) -> list[object]:
    """All calls in threads of their own that wait for each other; their answers in order."""
    ready = threading.Barrier(len(calls))
    answers: list[object] = [None] * len(calls)

    def run(place: int) -> None:
        ready.wait()
        try:
            answers[place] = calls[place]()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


@pytest.mark.parametrize("path", [DOOR, "/webhook"])
def test_a_signed_message_is_stored_and_wakes_the_bot(world: World, path: str) -> None:
    answer = post(fixture_named("in_01_text_arabic"), TOKEN_A, path)

    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/xml"
    assert answer.content.decode().endswith("<Response/>")
    message = Message.objects.select_related("conversation").get()
    assert message.body.startswith("السلام عليكم")
    assert message.conversation.customer_phone == CUSTOMER
    assert message.conversation.restaurant_id == world.a.restaurant.pk
    assert waiting_jobs() == ["take_turns"]


@pytest.mark.parametrize("name", EVERY_INBOUND)
def test_every_payload_is_stored(world: World, name: str) -> None:
    params = fixture_named(name)
    token = TOKEN_B if params["To"].endswith("102") else TOKEN_A

    assert post(params, token).status_code == 200

    message = Message.objects.get()
    assert message.provider_sid == params["MessageSid"]
    assert message.payload == params
    assert message.kind
    assert Media.objects.count() == int(params.get("NumMedia", "0"))


def test_the_same_sid_again_changes_nothing(world: World) -> None:
    post(fixture_named("in_01_text_arabic"), TOKEN_A)
    before = Conversation.objects.values().get()

    assert post(fixture_named("in_76_duplicate_delivery"), TOKEN_A).status_code == 200

    assert Conversation.objects.values().get() == before
    assert Message.objects.count() == 1
    assert waiting_jobs() == ["take_turns"]


def test_the_same_text_with_a_new_sid_is_a_second_message(world: World) -> None:
    post(fixture_named("in_01_text_arabic"), TOKEN_A)
    post(fixture_named("in_77_same_text_new_sid"), TOKEN_A)
    assert Message.objects.count() == 2
    assert Conversation.objects.get().unread_count == 2


def test_at_most_four_statements_in_the_transaction(world: World) -> None:
    hidden = {"ExternalUserId": "whatsapp:SA.1"}
    for params in (
        text_from(CUSTOMER, world.a.bot, "first"),
        text_from(CUSTOMER, world.a.bot, "second"),
        text_from(CUSTOMER, world.a.bot, "now with an id", **hidden),
        text_from("SA.1", world.a.bot, "now hidden", **hidden),
    ):
        with CaptureQueriesContext(connection) as captured:
            post(params, TOKEN_A)
        assert len(in_transaction(captured)) <= 4, in_transaction(captured)
    assert Conversation.objects.count() == 1


def in_transaction(captured: CaptureQueriesContext) -> list[str]:
    """The statements between BEGIN and COMMIT; savepoints are not counted."""
    statements = [query["sql"] for query in captured]
    begin, end = statements.index("BEGIN"), statements.index("COMMIT")
    return [sql for sql in statements[begin + 1 : end] if "SAVEPOINT" not in sql]


def test_twenty_at_once_are_one_message_and_twenty_answers(world: World) -> None:
    params = text_from(CUSTOMER, world.a.bot, "السلام عليكم")

    answers = at_once([lambda: post(params, TOKEN_A).status_code] * 20)

    assert answers == [200] * 20
    assert Message.objects.count() == 1
    assert Conversation.objects.get().unread_count == 1
    conversation = Conversation.objects.get()
    at_once([lambda: take_turns(conversation.pk, clock())] * 2)
    said = Message.objects.filter(direction="OUT")
    assert said.filter(answers__provider_sid=params["MessageSid"], position=0).count() == 1
    assert said.count() == len(set(said.values_list("answers", "position")))


def test_ten_first_messages_at_once_are_one_conversation_in_order(world: World) -> None:
    posts = [text_from(CUSTOMER, world.a.bot, ("menu", "hello")[n % 2]) for n in range(10)]

    answers = at_once([lambda params=params: post(params, TOKEN_A).status_code for params in posts])  # type: ignore[misc]

    assert answers == [200] * 10
    conversation = Conversation.objects.get()
    assert conversation.unread_count == 10
    take_turns(conversation.pk, clock())
    heard = list(Message.objects.filter(direction="IN").order_by("id").values_list("pk", flat=True))
    answered = list(
        Message.objects.filter(direction="OUT", position=0).order_by("id").values_list("answers_id", flat=True)
    )
    assert answered == heard


def test_a_customer_who_hides_the_number_is_the_same_customer(world: World) -> None:
    known = {"ExternalUserId": "whatsapp:SA.77"}
    post(text_from(CUSTOMER, world.a.bot, "مرحبا", **known), TOKEN_A)
    post(text_from("SA.77", world.a.bot, "مرحبا", **known), TOKEN_A)

    conversation = Conversation.objects.get()
    assert conversation.customer_phone == CUSTOMER
    assert conversation.customer_address == "SA.77"
    assert conversation.external_user_id == "SA.77"


def test_a_customer_without_a_number_is_a_customer(world: World) -> None:
    assert post(text_from("SA.4566546130240823", world.a.bot, "مرحبا"), TOKEN_A).status_code == 200
    conversation = Conversation.objects.get()
    assert conversation.customer_phone is None
    assert conversation.customer_address == "SA.4566546130240823"


def test_number_and_hidden_id_at_the_same_moment_are_one_conversation(world: World) -> None:
    known = {"ExternalUserId": "whatsapp:SA.99"}
    posts = [text_from(CUSTOMER, world.a.bot, "a", **known), text_from("SA.99", world.a.bot, "b", **known)]

    answers = at_once([lambda params=params: post(params, TOKEN_A).status_code for params in posts])  # type: ignore[misc]

    assert answers == [200, 200]
    assert Conversation.objects.count() == 1
    assert Message.objects.count() == 2


def test_one_customer_of_two_restaurants_has_two_conversations(world: World) -> None:
    post(fixture_named("in_01_text_arabic"), TOKEN_A)
    post(fixture_named("in_71_other_tenant_same_customer"), TOKEN_B)
    owners = set(Conversation.objects.values_list("restaurant_id", flat=True))
    assert owners == {world.a.restaurant.pk, world.b.restaurant.pk}


class TestRefused:
    """Every refusal leaves nothing behind and says nothing."""

    @pytest.fixture(autouse=True)
    def nothing_changes(self, world: World) -> object:
        yield
        assert not Message.objects.exists()
        assert not Conversation.objects.exists()
        assert waiting_jobs() == []

    def test_wrong_token(self, world: World) -> None:
        answer = post(fixture_named("in_01_text_arabic"), TOKEN_B)
        assert (answer.status_code, answer.content) == (403, b"")

    def test_missing_signature(self, client: Client) -> None:
        answer = client.post(DOOR, urlencode(fixture_named("in_01_text_arabic")), content_type=FORM)
        assert (answer.status_code, answer.content) == (403, b"")

    def test_signed_for_another_host(self, client: Client) -> None:
        params = fixture_named("in_01_text_arabic")
        headers = {"X-Twilio-Signature": signature(DOOR, params, TOKEN_A), "Host": "testserver"}
        assert client.post(DOOR + "?x=1", urlencode(params), content_type=FORM, headers=headers).status_code == 403

    def test_another_account(self) -> None:
        params = fixture_named("in_01_text_arabic") | {"AccountSid": "AC" + "0" * 32}
        assert post(params, TOKEN_A).status_code == 403

    def test_unknown_sender(self) -> None:
        params = fixture_named("in_01_text_arabic") | {"To": "whatsapp:+966500000199"}
        answer = post(params, TOKEN_A)
        assert (answer.status_code, answer.content) == (404, b"")

    def test_retired_sender(self, world: World) -> None:
        type(world.a.bot).objects.filter(pk=world.a.bot.pk).update(retired_at=NOW)
        assert post(fixture_named("in_01_text_arabic"), TOKEN_A).status_code == 404

    def test_json(self, client: Client) -> None:
        assert client.post(DOOR, {"Body": "hello"}, content_type="application/json").status_code == 415

    def test_without_sid(self) -> None:
        params = fixture_named("in_01_text_arabic")
        del params["MessageSid"]
        assert post(params, TOKEN_A).status_code == 400

    @pytest.mark.parametrize("method", ["get", "put", "delete", "patch"])
    def test_wrong_method(self, client: Client, method: str) -> None:
        assert getattr(client, method)(DOOR).status_code == 405


def test_nul_characters_are_stored_replaced(world: World) -> None:
    sid = fresh_sid()
    assert post(text_from(CUSTOMER, world.a.bot, "a\x00b", sid, ProfileName="x\x00"), TOKEN_A).status_code == 200
    assert Message.objects.get().body == "a\ufffdb"


def test_the_host_header_does_not_matter(world: World) -> None:
    client = Client(headers={"host": "localhost:9999"})
    assert post(fixture_named("in_01_text_arabic"), TOKEN_A, client=client).status_code == 200
