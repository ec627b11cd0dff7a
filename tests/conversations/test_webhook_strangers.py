"""What a stranger's request costs, and what a customer's address may be."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bots import routing
from conversations.intake import take_in
from conversations.models import Conversation, Message
from conversations.posted import Posted
from conversations.receiving import MOST_BYTES, Refused
from tests.clock import NOW
from tests.twilio_posts import FORM, post, text_from
from tests.world import TOKEN_A, World

DOORS = [("/whatsapp/webhook", "To"), ("/webhook", "To"), ("/whatsapp/status", "From")]
MEGABYTE = "+9665" * 200_000

pytestmark = pytest.mark.django_db(transaction=True)


def posted(path: str, form: dict[str, str], signature: str = "x" * 28) -> tuple[int, bytes]:
    answer = Client().post(path, urlencode(form), content_type=FORM, headers={"X-Twilio-Signature": signature})
    return answer.status_code, answer.content


@pytest.fixture
def nothing_is_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> str:
        raise AssertionError("a number was taken apart")

    monkeypatch.setattr(routing, "canonical", refuse)


@pytest.mark.parametrize(("path", "field"), DOORS)
@pytest.mark.parametrize("signature", ["", "x" * 65, "x" * 100_000], ids=["none", "long", "huge"])
def test_who_did_not_sign_is_not_read(path: str, field: str, signature: str, nothing_is_parsed: None) -> None:
    with CaptureQueriesContext(connection) as captured:
        assert posted(path, {field: "+966500000101"}, signature) == (403, b"")
    assert len(captured) == 0


@pytest.mark.parametrize(("path", "field"), DOORS)
@pytest.mark.parametrize("number", ["+" + "9" * 64, "+9665" * 30_000], ids=["65", "150000"])
def test_a_long_number_is_no_sender(path: str, field: str, number: str, nothing_is_parsed: None) -> None:
    with CaptureQueriesContext(connection) as captured:
        assert posted(path, {field: number, "MessageSid": "SM1"}) == (404, b"")
    assert len(captured) == 0


@pytest.mark.parametrize(("path", "field"), DOORS)
def test_a_body_of_a_megabyte_is_refused_by_its_length(path: str, field: str, nothing_is_parsed: None) -> None:
    assert posted(path, {field: MEGABYTE})[0] == 413


def test_a_body_that_does_not_tell_its_length_is_refused_by_it(nothing_is_parsed: None) -> None:
    with pytest.raises(Refused) as refused:
        take_in(Posted("inbound", "/webhook", "x" * 28, b"Body=" + b"a" * MOST_BYTES, NOW))
    assert refused.value.status == 413


def test_a_thousand_and_one_fields_are_refused() -> None:
    assert posted("/webhook", {f"f{n}": "1" for n in range(1001)})[0] == 400


def hidden(length: int) -> str:
    return "SA." + "9" * (length - 3)


@pytest.mark.parametrize("length", [128, 129, 160])
def test_an_address_of_160_characters_is_kept_whole(world: World, length: int) -> None:
    address = hidden(length)
    form = text_from(address, world.a.bot, "مرحبا", ExternalUserId=f"whatsapp:{address}")
    assert post(form, TOKEN_A).status_code == 200
    found = Conversation.objects.get()
    assert (found.customer_address, found.external_user_id) == (address, address)


def test_a_longer_address_is_refused_and_changes_nothing(world: World) -> None:
    assert post(text_from(hidden(161), world.a.bot, "مرحبا"), TOKEN_A).status_code == 400
    assert not Conversation.objects.exists()


def test_a_longer_external_id_is_not_cut_and_loses_no_message(world: World) -> None:
    """Two ids that begin alike stay two customers."""
    for number, last in (("+966550000201", "1"), ("+966550000202", "2")):
        form = text_from(number, world.a.bot, "مرحبا", ExternalUserId=f"whatsapp:{hidden(160)}{last}")
        assert post(form, TOKEN_A).status_code == 200
    assert set(Conversation.objects.values_list("external_user_id", flat=True)) == {None}
    assert Conversation.objects.count() == 2
    payloads = Message.objects.order_by("id").values_list("payload__ExternalUserId", flat=True)
    assert list(payloads) == [f"whatsapp:{hidden(160)}1", f"whatsapp:{hidden(160)}2"]
