"""Content resources: a handful of shapes, the words as variables."""

from __future__ import annotations

import pytest

from bots.models import Bot, TwilioContent
from bots.twilio import content
from bots.twilio.content import content_sid_for, forget, template_sid_for
from bots.twilio.errors import SendLater, SendRefused
from bots.twilio.shapes import Row, Shaped, list_picker, quick_reply
from tests.fake_account import Failure
from tests.fakes import FakeTwilio
from tests.world import World

YES_NO = (Row("yes", "نعم"), Row("no", "لا"))


@pytest.fixture(autouse=True)
def stored(request: pytest.FixtureRequest) -> None:
    """As read from the database: the token is sealed."""
    if "world" in request.fixturenames:
        world: World = request.getfixturevalue("world")
        world.a.bot.refresh_from_db()
        world.b.bot.refresh_from_db()


def test_words_are_variables() -> None:
    shaped = quick_reply("Sure?", YES_NO)
    assert shaped.types == {
        "twilio/quick-reply": {
            "body": "{{1}}",
            "actions": [
                {"type": "QUICK_REPLY", "title": "{{2}}", "id": "{{3}}"},
                {"type": "QUICK_REPLY", "title": "{{4}}", "id": "{{5}}"},
            ],
        }
    }
    assert shaped.variables == {"1": "Sure?", "2": "نعم", "3": "yes", "4": "لا", "5": "no"}


def test_a_list_leaves_out_what_has_no_words() -> None:
    shaped = list_picker("Choose", "Menu", (Row("1", "Tea", "hot"), Row("2", "Water")))
    assert shaped.types["twilio/list-picker"] == {
        "body": "{{1}}",
        "button": "{{2}}",
        "items": [{"item": "{{3}}", "id": "{{4}}", "description": "{{5}}"}, {"item": "{{6}}", "id": "{{7}}"}],
    }
    assert shaped.variables["5"] == "hot"


def test_a_line_a_variable() -> None:
    """Twilio refuses a variable with a newline, a tab, five spaces, or nothing in it (21656)."""
    shaped = quick_reply("  Your cart:\n\n1 ×\tTea      2.00\r\n \t \n*Total* 2.00\n", YES_NO)
    assert shaped.types["twilio/quick-reply"]["body"] == "{{1}}\n\n{{2}}\n\n{{3}}"
    assert [shaped.variables[n] for n in "123"] == ["Your cart:", "1 × Tea    2.00", "*Total* 2.00"]


def test_one_shape_for_all_words() -> None:
    assert quick_reply("a", YES_NO).fingerprint == quick_reply("b {{1}}", (Row("x", "y"), Row("z", "w"))).fingerprint
    assert quick_reply("a", YES_NO).fingerprint != quick_reply("a\nb", YES_NO).fingerprint
    assert quick_reply("a", YES_NO).fingerprint != quick_reply("a", YES_NO[:1]).fingerprint


def test_a_resource_is_made_once_an_account(world: World, twilio: FakeTwilio) -> None:
    shaped = quick_reply("a", YES_NO)
    first = content_sid_for(world.a.bot, shaped)
    assert content_sid_for(world.a.bot, quick_reply("other words", YES_NO)) == first
    assert content_sid_for(world.b.bot, shaped) != first
    assert twilio.account.calls["content"] == 2
    made = twilio.account.contents[first]
    assert made["types"] == shaped.types, "a wrong key inside Types is dropped silently by the library"
    assert made["account_sid"] == world.a.bot.owning_account


def test_two_workers_make_one_and_both_are_good(
    world: World, twilio: FakeTwilio, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = content._made
    rivals: list[str] = []

    def made_while_a_rival_does_the_same(bot: Bot, shaped: Shaped) -> str:
        monkeypatch.setattr(content, "_made", make)
        rivals.append(content_sid_for(bot, shaped))
        return make(bot, shaped)

    monkeypatch.setattr(content, "_made", made_while_a_rival_does_the_same)
    ours = content_sid_for(world.a.bot, quick_reply("a", YES_NO))
    assert ours != rivals[0]
    assert {ours, rivals[0]} <= set(twilio.account.contents)
    assert TwilioContent.objects.get().content_sid == rivals[0]


def test_a_forgotten_resource_is_made_again(world: World, twilio: FakeTwilio) -> None:
    first = content_sid_for(world.a.bot, quick_reply("a", YES_NO))
    forget(world.b.bot, first)
    assert content_sid_for(world.a.bot, quick_reply("a", YES_NO)) == first
    forget(world.a.bot, first)
    assert content_sid_for(world.a.bot, quick_reply("a", YES_NO)) != first


@pytest.mark.parametrize(
    "failure",
    [
        Failure(target="content", status=503),
        Failure("drop", "content"),
        Failure(target="content", status=429, code=20429),
    ],
)
def test_a_resource_in_doubt_is_simply_tried_again(world: World, twilio: FakeTwilio, failure: Failure) -> None:
    twilio.fail(failure)
    with pytest.raises(SendLater):
        content_sid_for(world.a.bot, quick_reply("a", YES_NO))
    assert not TwilioContent.objects.exists()
    assert content_sid_for(world.a.bot, quick_reply("a", YES_NO))


def test_a_refused_resource_says_so(world: World, twilio: FakeTwilio) -> None:
    twilio.fail(Failure(target="content", status=400, code=20001))
    with pytest.raises(SendRefused):
        content_sid_for(world.a.bot, quick_reply("a", YES_NO))


def test_a_template_is_found_by_name_and_language(world: World, twilio: FakeTwilio) -> None:
    for language in ("ar", "en"):
        twilio.account.make_content(
            world.a.bot.owning_account,
            {"friendly_name": "order_ready", "language": language, "types": {"twilio/text": {"body": "{{1}}"}}},
        )
    found = template_sid_for(world.a.bot, "order_ready", "en")
    assert twilio.account.contents[found]["language"] == "en"
    assert template_sid_for(world.a.bot, "order_ready", "en") == found
    assert twilio.account.calls["content"] == 1
    with pytest.raises(SendRefused) as caught:
        template_sid_for(world.b.bot, "order_ready", "en")
    assert caught.value.code == "63027"
