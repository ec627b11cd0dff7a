"""The doors while the database is away, and after it is back."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from django.db import IntegrityError, InterfaceError, OperationalError, connections
from django.test import override_settings
from django.utils import timezone
from procrastinate.exceptions import ConnectorException

from conversations import intake, receiving
from conversations.models import Conversation, Message, StatusReport
from conversations.outage import outage
from conversations.spool import Filling, spool
from tests.jobs import waiting_jobs
from tests.twilio_posts import post, text_from
from tests.world import TOKEN_A, TOKEN_B, World, fresh_sid

CUSTOMER, ANOTHER = "+966550000201", "+966550000202"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch, world: World) -> Iterator[pytest.MonkeyPatch]:
    """The database is away until `back(away)`."""
    with monkeypatch.context() as patch:
        go_away(patch)
        yield patch


def go_away(patch: pytest.MonkeyPatch, error: type[Exception] = OperationalError) -> None:
    def gone(*_: object) -> None:
        raise error

    patch.setattr(receiving, "bot_of", gone)
    patch.setattr(outage, "_ask", gone)


def back(patch: pytest.MonkeyPatch) -> None:
    patch.undo()
    patch.setattr(outage, "_ask", lambda: None)


def says(world: World, body: str, customer: str = CUSTOMER, sid: str = "", token: str = TOKEN_A) -> int:
    return post(text_from(customer, world.a.bot, body, sid), token).status_code


def reports(world: World, sid: str, status: str) -> int:
    form = {
        "MessageSid": sid,
        "MessageStatus": status,
        "AccountSid": world.a.bot.account_sid,
        "From": f"whatsapp:{world.a.bot.whatsapp_number}",
        "To": f"whatsapp:{CUSTOMER}",
    }
    return post(form, TOKEN_A, "/whatsapp/status").status_code


def bodies() -> list[str]:
    return list(Message.objects.filter(direction="IN").order_by("id").values_list("body", flat=True))


@pytest.mark.parametrize("error", [OperationalError, InterfaceError, ConnectorException])
def test_what_comes_meanwhile_is_kept_and_stored_in_order(
    world: World, away: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    go_away(away, error)
    began = timezone.now()
    assert [says(world, body) for body in "abc"] == [200, 200, 200]
    assert reports(world, "SM1", "sent") == 204
    ended = timezone.now()
    assert bodies() == []

    back(away)
    intake.tend()

    assert bodies() == ["a", "b", "c"]
    assert StatusReport.objects.get().status == "sent"
    times = list(Message.objects.order_by("id").values_list("received_at", flat=True))
    came = [time for time in times if time]
    assert len(came) == 3
    assert [began, *came, ended] == sorted([began, *came, ended])
    assert spool().filling().waiting == 0
    assert waiting_jobs()
    assert says(world, "d") == 200
    assert bodies()[-1] == "d"


def test_the_answer_is_the_usual_one(world: World, away: pytest.MonkeyPatch) -> None:
    answer = post(text_from(CUSTOMER, world.a.bot, "a"), TOKEN_A)
    assert answer["Content-Type"] == "text/xml"
    assert answer.content.decode().endswith("<Response/>")


def test_after_one_failure_nobody_asks_the_database(world: World, away: pytest.MonkeyPatch) -> None:
    assert says(world, "a") == 200

    def must_not(*_: object) -> None:
        raise AssertionError("it was asked")

    away.setattr(receiving, "bot_of", must_not)
    assert says(world, "b") == 200
    assert spool().filling().waiting == 2


def test_who_catches_up_by_version_sees_what_was_stored_late(
    world: World, away: pytest.MonkeyPatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A listener that was connected all the time and resumes asks for what changed since, not for what came since."""
    began = timezone.now() - timedelta(minutes=10)
    with monkeypatch.context() as patch:
        patch.setattr("conversations.webhooks.timezone.now", lambda: began)
        says(world, "a")
    back(away)
    seen = int(timezone.now().timestamp() * 1000)
    intake.tend()
    assert Message.objects.get().version >= seen
    assert Conversation.objects.get().version >= seen
    assert Message.objects.get().received_at == began


def test_later_ones_of_the_conversation_do_not_overtake(world: World, away: pytest.MonkeyPatch) -> None:
    says(world, "a")
    back(away)
    outage.end()

    says(world, "b")
    says(world, "of another one", ANOTHER)
    assert bodies() == ["of another one"]

    intake.tend()
    assert bodies() == ["of another one", "a", "b"]


def test_what_comes_during_the_flush_goes_behind(
    world: World, away: pytest.MonkeyPatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    says(world, "a")
    back(away)
    real, answers = receiving.receive, list[int]()

    def rival(*args: object, **more: object) -> None:
        if not answers:
            answers.append(says(world, "b"))
        real(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(intake, "receive", rival)
    intake.tend()
    assert (answers, bodies()) == ([200], ["a", "b"])


def test_twice_is_harmless(world: World, away: pytest.MonkeyPatch) -> None:
    """Recorded although the answer of the database was lost; sent again by Twilio; kept and recorded before a kill."""
    back(away)
    sid = fresh_sid()
    says(world, "a", sid=sid)
    before = Conversation.objects.values().get()
    go_away(away)
    says(world, "a", sid=sid)
    says(world, "a", sid=sid)
    back(away)
    intake.tend()
    assert bodies() == ["a"]
    assert Conversation.objects.values().get() == before
    assert spool().filling().waiting == 0


def test_a_kill_between_commit_and_removal_changes_nothing(
    world: World, away: pytest.MonkeyPatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    says(world, "a")
    back(away)

    class Killed(BaseException):
        pass

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(type(spool()), "remove", die)
        with pytest.raises(Killed):
            intake.tend()
    assert spool().filling().waiting == 1
    intake.tend()
    assert bodies() == ["a"]
    assert spool().filling().waiting == 0


class TestNotGenuine:
    """Signatures are checked once there is a token to check them with."""

    @pytest.fixture(autouse=True)
    def nothing_is_stored(self, world: World, away: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> object:
        yield
        assert spool().filling().waiting == 1
        back(away)
        with caplog.at_level(logging.WARNING):
            intake.tend()
        assert not Conversation.objects.exists()
        assert spool().filling() == Filling(0, 0, 0, None)
        assert "dropped" in caplog.text
        assert "0000201" not in caplog.text

    def test_a_wrong_token(self, world: World) -> None:
        assert says(world, "a", token=TOKEN_B) == 200

    def test_a_token_that_changed_meanwhile(self, world: World) -> None:
        assert says(world, "a") == 200
        world.a.bot.auth_token = TOKEN_B
        world.a.bot.save()

    def test_an_unknown_sender(self, world: World) -> None:
        form = text_from(CUSTOMER, world.a.bot, "a") | {"To": "whatsapp:+966500000199"}
        assert post(form, TOKEN_A).status_code == 200


@pytest.mark.parametrize("missing", ["MessageSid", "From", "To"])
def test_what_says_nothing_is_not_kept(world: World, away: pytest.MonkeyPatch, missing: str) -> None:
    form = text_from(CUSTOMER, world.a.bot, "a")
    del form[missing]
    assert post(form, TOKEN_A).status_code == 400
    assert spool().filling().waiting == 0


def test_a_spool_that_is_full_sends_twilio_to_the_fallback(
    world: World, away: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with override_settings(SPOOL_MAX_FILES=1):
        assert says(world, "a") == 200
        assert says(world, "b") == 503
        assert "is full" in caplog.text
    back(away)
    intake.tend()
    assert bodies() == ["a"]


def test_a_spool_that_cannot_be_written_sends_twilio_to_the_fallback(
    world: World, away: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    with override_settings(SPOOL_DIR=tmp_path / "file"):
        assert says(world, "a") == 503
    assert "SPOOL_DIR" in caplog.text


def test_a_spool_that_cannot_be_written_is_no_matter_while_the_database_is_there(world: World, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with override_settings(SPOOL_DIR=tmp_path / "file"):
        assert says(world, "a") == 200
    assert bodies() == ["a"]


def test_a_damaged_one_is_put_aside_and_the_others_go_on(
    world: World, away: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for body in "abc":
        says(world, body)
    spool().path_of(spool().names()[1]).write_bytes(b"torn")
    back(away)
    intake.tend()
    assert bodies() == ["a", "c"]
    assert (spool().filling().waiting, spool().filling().aside) == (0, 1)
    assert "put aside" in caplog.text


def test_one_that_no_code_can_record_is_put_aside_and_can_be_tried_again(
    world: World, away: pytest.MonkeyPatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    says(world, "a")
    back(away)

    def broken(*_: object, **__: object) -> None:
        raise IntegrityError("a fault of ours")

    with monkeypatch.context() as patch:
        patch.setattr(intake, "receive", broken)
        intake.tend()
    assert spool().filling().aside == 1

    (aside,) = (spool().folder / "aside").iterdir()
    aside.rename(spool().folder / "waiting" / aside.name)
    intake.tend()
    assert bodies() == ["a"]


def test_a_database_that_goes_during_the_flush_leaves_the_rest(
    world: World, away: pytest.MonkeyPatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    for body in "abc":
        says(world, body)
    back(away)
    real, calls = receiving.receive, list[object]()

    def second_fails(*args: object, **more: object) -> None:
        calls.append(args)
        if len(calls) == 2:
            raise OperationalError
        real(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(intake, "receive", second_fails)
    intake.tend()
    assert (bodies(), spool().filling().waiting) == (["a"], 2)
    intake.tend()
    assert bodies() == ["a", "b", "c"]


def test_a_long_outage_says_how_much_lies_there(
    world: World, away: pytest.MonkeyPatch, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    says(world, "a")
    says(world, "b")
    away.setattr(outage, "_ask", failing)
    intake.tend()
    assert "still away" not in caplog.text
    monkeypatch.setattr("conversations.outage.SAY_EVERY", 0.0)
    intake.tend()
    assert "2 wait on disk" in caplog.text


def failing() -> None:
    raise psycopg.OperationalError


def test_a_flush_ends_in_time(world: World, away: pytest.MonkeyPatch) -> None:
    for body in "abc":
        says(world, body)
    back(away)
    assert outage.probe()
    assert intake.flush(0.0) == 0
    assert spool().filling().waiting == 3


def test_two_who_flush_at_once_store_each_once_in_order(world: World, away: pytest.MonkeyPatch) -> None:
    for n in range(20):
        says(world, str(n))
    back(away)
    at_once(intake.tend, 4)
    intake.tend()
    assert bodies() == [str(n) for n in range(20)]
    assert Conversation.objects.get().unread_count == 20


def at_once(call: Callable[[], object], times: int) -> None:
    def run() -> None:
        try:
            call()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
