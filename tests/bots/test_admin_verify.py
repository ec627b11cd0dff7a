"""The buttons and actions that ask Twilio, the list of an account, and the command for all senders."""

from __future__ import annotations

import html
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import translation

from bots import verification
from bots.admin import at_twilio
from bots.comparison import wanted
from bots.models import AuditEvent, Bot
from tests.fake_account import Failure
from tests.fake_senders import FakeSender
from tests.fakes import FakeTwilio
from tests.world import ACCOUNT_A, ACCOUNT_B, NUMBER_A, NUMBER_B, SENDER_A, SENDER_B, TOKEN_A, TOKEN_B, World

LIST, ASK = "/admin/bots/bot/", "/admin/bots/bot/at-twilio/"
DOORS = ("verify", "webhooks", "health")
ACTIONS = ("verify_senders", "set_webhooks_of_senders", "health_of_senders")
NEW_SENDER, NEW_NUMBER = "XE" + "9" * 32, "+966508034010"


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    """What is said depends on who reads, not on what a test before read."""
    with translation.override("en"):
        yield


@pytest.fixture
def page(world: World, client: Client) -> Client:
    client.force_login(world.operator)
    Bot.objects.update(channel="twilio", status="PENDING")
    return client


@pytest.fixture(autouse=True)
def there(twilio: FakeTwilio, settings: Any, monkeypatch: pytest.MonkeyPatch) -> list[FakeSender]:
    settings.PUBLIC_BASE_URL = "https://bot.example.com"
    monkeypatch.setattr(verification, "PAUSES", (0.0,))
    twilio.account.tokens = {ACCOUNT_A: TOKEN_A, ACCOUNT_B: TOKEN_B}
    twilio.senders.rows = [FakeSender(SENDER_A, ACCOUNT_A, NUMBER_A), FakeSender(SENDER_B, ACCOUNT_B, NUMBER_B)]
    return twilio.senders.rows


def of(bot: Bot, door: str = "change") -> str:
    return f"{LIST}{bot.pk}/{door}/"


def text_of(response: Any) -> str:
    return html.unescape(response.content.decode())


def statuses() -> list[str]:
    return list(Bot.objects.order_by("pk").values_list("status", flat=True))


def test_the_page_has_a_button_for_each(page: Client, world: World) -> None:
    said = text_of(page.get(of(world.a.bot)))
    for door in DOORS:
        assert f'action="{of(world.a.bot, door)}"' in said
    assert f'href="{ASK}"' in text_of(page.get(LIST))
    assert "/verify/" not in text_of(page.get(LIST + "add/"))


def test_verifying_by_the_button(page: Client, world: World) -> None:
    said = text_of(page.post(of(world.a.bot, "verify"), follow=True))
    assert "Shawarma House Bot: Account, sender SID, number and WhatsApp Business account agree" in said
    assert statuses() == ["ACTIVE", "PENDING"]
    assert AuditEvent.objects.get().user == world.operator


def test_verifying_by_the_action(page: Client, world: World, there: list[FakeSender]) -> None:
    there[1].waba_id = "1"
    chosen = [world.a.bot.pk, world.b.bot.pk]
    said = text_of(page.post(LIST, {"action": "verify_senders", "_selected_action": chosen}, follow=True))
    assert "Falafel Corner Bot: WhatsApp Business account is 1 at Twilio" in said
    assert statuses() == ["ACTIVE", "FAILED"]


def test_setting_webhooks_by_button_and_action(page: Client, world: World, there: list[FakeSender]) -> None:
    assert "they were read back and agree" in text_of(page.post(of(world.a.bot, "webhooks"), follow=True))
    page.post(LIST, {"action": "set_webhooks_of_senders", "_selected_action": [world.b.bot.pk]})
    assert [sender.webhook for sender in there] == [wanted()] * 2
    there[0].reads_until_told = 9
    there[0].webhook = {}
    assert "callback_url is – at Twilio" in text_of(page.post(of(world.a.bot, "webhooks"), follow=True))


def test_health_is_a_page_that_changes_nothing(page: Client, world: World, there: list[FakeSender]) -> None:
    there[0].webhook = {**wanted(), "callback_url": "https://old.example.com/<b>"}
    response = page.post(of(world.a.bot, "health"))
    said = response.content.decode()
    assert response.status_code == 200
    assert "https://old.example.com/&lt;b&gt;" in said
    assert said.count(">differs<") == 1
    assert said.count(">agrees<") == 8
    assert "1K Customers/24hr" in said
    assert (statuses(), AuditEvent.objects.count()) == (["PENDING", "PENDING"], 0)


def test_health_by_the_action(page: Client, world: World, there: list[FakeSender]) -> None:
    there[0].webhook = wanted()
    chosen = [world.a.bot.pk, world.b.bot.pk]
    said = text_of(page.post(LIST, {"action": "health_of_senders", "_selected_action": chosen}, follow=True))
    assert "Shawarma House Bot: What Twilio has is what we expect." in said
    assert "Falafel Corner Bot: callback_url is – at Twilio" in said


@pytest.mark.parametrize("door", DOORS)
def test_a_demo_sender_has_nothing_to_verify(page: Client, world: World, twilio: FakeTwilio, door: str) -> None:
    Bot.objects.update(channel="simulator")
    assert "there is nothing at Twilio to verify" in text_of(page.post(of(world.a.bot, door), follow=True))
    assert (twilio.account.calls, statuses()) == ({}, ["PENDING", "PENDING"])


@pytest.mark.parametrize("door", DOORS)
def test_no_answer_is_said_on_the_page(page: Client, world: World, twilio: FakeTwilio, door: str) -> None:
    twilio.fail(Failure("drop", "account"), Failure("drop", "senders"))
    assert "Twilio did not answer." in text_of(page.post(of(world.a.bot, door), follow=True))
    assert statuses() == ["PENDING", "PENDING"]


@pytest.mark.parametrize("door", DOORS)
def test_looking_never_asks_twilio(page: Client, world: World, twilio: FakeTwilio, door: str) -> None:
    assert page.get(of(world.a.bot, door)).status_code == 405
    assert page.get(of(world.a.bot)).status_code == 200
    assert page.post(f"{LIST}999999/{door}/").status_code == 404
    assert twilio.account.calls == {}


def test_too_many_at_once_are_refused(page: Client, world: World, twilio: FakeTwilio) -> None:
    for n in range(10):
        Bot.objects.create(
            restaurant=world.a.restaurant, name=f"{n}", whatsapp_number=f"+9665000003{n:02}", auth_token="t"
        )
    chosen = list(Bot.objects.values_list("pk", flat=True))
    for action in ACTIONS:
        said = text_of(page.post(LIST, {"action": action, "_selected_action": chosen}, follow=True))
        assert "Choose at most 10 senders" in said
    assert twilio.account.calls == {}


def test_an_action_ends_in_time(
    page: Client, world: World, twilio: FakeTwilio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(at_twilio, "SECONDS_FOR_ALL", 0.2)
    chosen = [world.a.bot.pk, world.b.bot.pk]
    said = text_of(page.post(LIST, {"action": "verify_senders", "_selected_action": chosen}, follow=True))
    assert said.count("Twilio took too long to answer. Try again in a minute. Nothing was changed.") == 2
    assert (twilio.account.calls, statuses()) == ({}, ["PENDING", "PENDING"])


def test_an_account_offers_senders_and_one_fills_the_form(
    page: Client, there: list[FakeSender], twilio: FakeTwilio
) -> None:
    there.append(FakeSender(NEW_SENDER, ACCOUNT_A, NEW_NUMBER, name="Sufrah & Sons"))
    response = page.post(ASK, {"account_sid": ACCOUNT_A, "auth_token": TOKEN_A})
    said = response.content.decode()
    assert TOKEN_A not in said
    assert SENDER_A not in said
    (offer,) = response.context["offered"]
    assert (offer["name"], offer["number"]) == ("Sufrah & Sons", "+966 50 803 4010")
    assert html.escape(offer["register"]) in said
    form = page.get(offer["register"])
    filled = text_of(form)
    for value in ("Sufrah & Sons", NEW_NUMBER, ACCOUNT_A, NEW_SENDER, "777730705047590"):
        assert f'value="{value}"' in filled
    assert form.context["adminform"].form["auth_token"].initial == ""


def test_a_token_in_an_address_fills_nothing(page: Client) -> None:
    assert TOKEN_A not in text_of(page.get(f"{LIST}add/?auth_token={TOKEN_A}&name=x"))


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"auth_token": "wrong-token-of-mine"}, "Twilio does not accept this pair"),
        ({"account_sid": "SK" + "1" * 32}, "An account SID is AC and 32 digits"),
        ({"auth_token": ""}, "This field is required."),
    ],
)
def test_an_account_that_cannot_be_asked_is_said(page: Client, typed: dict[str, str], says: str) -> None:
    said = text_of(page.post(ASK, {"account_sid": ACCOUNT_A, "auth_token": TOKEN_A, **typed}))
    assert says in said
    assert TOKEN_A not in said
    assert "wrong-token-of-mine" not in said


def test_an_account_without_new_senders_says_so(page: Client) -> None:
    said = text_of(page.post(ASK, {"account_sid": ACCOUNT_A, "auth_token": TOKEN_A}))
    assert "This account has no sender that is not registered here." in said


def test_only_operators_may_ask(client: Client, world: World, twilio: FakeTwilio) -> None:
    reader = User.objects.create_user("reader", is_staff=True)
    reader.user_permissions.add(Permission.objects.get(codename="view_bot"))
    for person in (None, world.a.owner, world.stranger, reader):
        if person:
            client.force_login(person)
        expected = 403 if person == reader else 302
        for address in (*(of(world.a.bot, door) for door in DOORS), ASK):
            assert client.post(address, {"account_sid": ACCOUNT_A, "auth_token": TOKEN_A}).status_code == expected
        client.post(LIST, {"action": "verify_senders", "_selected_action": [world.a.bot.pk]})
    assert "/verify/" not in text_of(client.get(of(world.a.bot)))
    assert (twilio.account.calls, AuditEvent.objects.count()) == ({}, 0)


def test_the_command_checks_all_and_says_what_is_wrong(page: Client, there: list[FakeSender]) -> None:
    there[0].webhook = wanted()
    out = StringIO()
    with pytest.raises(CommandError, match="1 of 2 senders need attention") as caught:
        call_command("check_senders", stdout=out, verbosity=0)
    assert caught.value.returncode == 1
    assert "Shawarma House Bot, +966 50 000 0101: as expected." in out.getvalue()
    assert "Falafel Corner Bot, +966 50 000 0102: callback_url is – at Twilio" in out.getvalue()


def test_the_command_sets_webhooks_when_told(page: Client, there: list[FakeSender]) -> None:
    Bot.objects.create(
        restaurant=Bot.objects.all()[0].restaurant, name="Demo", whatsapp_number="+966500000399", channel="simulator"
    )
    out = StringIO()
    call_command("check_senders", "--set-webhooks", stdout=out, verbosity=0)
    assert [sender.webhook for sender in there] == [wanted()] * 2
    assert out.getvalue().endswith("2 senders checked.\n")


def test_the_command_goes_on_after_one_that_cannot_be_asked(
    page: Client, there: list[FakeSender], twilio: FakeTwilio
) -> None:
    for sender in there:
        sender.webhook = wanted()
    twilio.fail(Failure("drop", "senders"))
    out = StringIO()
    with pytest.raises(CommandError, match="1 of 2"):
        call_command("check_senders", stdout=out, verbosity=0)
    assert out.getvalue().count("Twilio did not answer") == 1
    assert out.getvalue().count("as expected.") == 1
