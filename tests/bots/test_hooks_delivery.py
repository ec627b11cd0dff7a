"""What happens in a restaurant is told to the addresses that it named: written with the change, sent by jobs."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bots.hooks import delivery as delivering
from bots.hooks import endpoints
from bots.hooks.claims import LEASE, Outcome, claim_next, settle
from bots.hooks.delivery import PAUSES, deliver, forget_old, wake_due
from bots.hooks.endpoints import HookRefused
from bots.hooks.models import HookAttempt, HookDelivery, HookEndpoint
from bots.hooks.recording import MOST_TRIES
from bots.hooks.signing import new_secret, standard_headers
from bots.live import announce
from bots.models import AuditEvent, Restaurant
from bots.secrets import Secret
from tests.api_calls import at_once, furnished
from tests.clock import clock
from tests.jobs import run_jobs, waiting_jobs
from tests.receiver import Receiver
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)
Status = HookDelivery.Status
ALL = ["message.created", "message.updated", "conversation.updated", "order.created", "order.updated"]


@pytest.fixture(autouse=True)
def here(settings: Any) -> None:
    settings.HOOKS_ALLOW_LOOPBACK = True
    settings.HOOKS_TIMEOUT_SECONDS = 2


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as found:
        yield found


def hook(restaurant: Restaurant, url: str, events: list[str] = ALL) -> HookEndpoint:
    row, _ = endpoints.register(restaurant, url, events, by=None)
    restaurant.refresh_from_db()
    return row


def happens(restaurant: Restaurant, version: int = 7) -> HookDelivery:
    with transaction.atomic(durable=True):
        announce("order.created", restaurant, version, orderId="the order")
    return HookDelivery.objects.latest("id")


def made_due(delivery: HookDelivery) -> None:
    HookDelivery.objects.filter(pk=delivery.pk).update(due_at=timezone.now())


def test_without_webhooks_nothing_is_asked_or_written(world: World) -> None:
    with CaptureQueriesContext(connection) as captured:
        announce("order.created", world.a.restaurant, 1, orderId="x")
    assert list(captured) == []


def test_with_webhooks_it_is_one_statement_in_the_transaction(world: World, receiver: Receiver) -> None:
    for number in range(3):
        hook(world.a.restaurant, f"{receiver.url}/{number}")
    with CaptureQueriesContext(connection) as captured, transaction.atomic(durable=True):
        announce("order.created", world.a.restaurant, 1, orderId="x")
        before_commit = len(captured)
    assert before_commit == 2, captured.captured_queries  # BEGIN and the one
    assert HookDelivery.objects.count() == 3


def test_only_what_is_wanted_and_only_ones_own(world: World, receiver: Receiver) -> None:
    hook(world.a.restaurant, f"{receiver.url}/a", ["order.created"])
    hook(world.b.restaurant, f"{receiver.url}/b", ["message.created"])
    for restaurant in (world.a.restaurant, world.b.restaurant):
        announce("order.created", restaurant, 1, orderId="x")
        announce("order.updated", restaurant, 2, orderId="x")
        announce("bot.status", restaurant, 3, botId="x")
    told = HookDelivery.objects.get()
    assert (told.endpoint.restaurant, told.event) == (world.a.restaurant, "order.created")


def test_a_change_that_is_rolled_back_was_never_told(world: World, receiver: Receiver) -> None:
    hook(world.a.restaurant, receiver.url)
    with pytest.raises(RuntimeError), transaction.atomic(durable=True):
        announce("order.created", world.a.restaurant, 1, orderId="x")
        raise RuntimeError
    assert (HookDelivery.objects.count(), waiting_jobs()) == (0, [])


def test_a_real_message_and_order_arrive_signed(world: World, receiver: Receiver) -> None:
    row, secret = endpoints.register(world.a.restaurant, receiver.url, ALL, by=None)
    world.a.bot.restaurant.refresh_from_db()
    furniture = furnished(world.a)
    run_jobs()
    told = {json.loads(call.body)["type"]: call for call in receiver.calls}
    assert {"message.created", "order.created"} <= set(told)
    call, order = told["order.created"], furniture.order
    said = json.loads(call.body)
    delivery = HookDelivery.objects.exclude(pk=furniture.told.pk).get(event="order.created")
    assert said["data"] == {
        "restaurantId": str(world.a.restaurant.code),
        "version": order.version,
        "orderId": str(order.code),
    }
    assert (said["id"], call.headers["Sufrah-Delivery"]) == (str(delivery.code), str(delivery.code))
    assert datetime.fromisoformat(said["createdAt"]) == delivery.created_at
    assert is_signed(call.headers["Sufrah-Signature"], secret, call.body)
    assert not is_signed(call.headers["Sufrah-Signature"], "whsec_another", call.body)
    assert documented()(dict(call.headers), secret, call.body) == said
    assert call.headers["webhook-id"] == str(delivery.code)
    assert documented()(dict(call.headers), "whsec_" + "A" * 43 + "=", call.body) is None
    assert documented()(dict(call.headers), secret, call.body + b" ") is None
    assert documented()({**call.headers, "webhook-timestamp": "1773489600"}, secret, call.body) is None
    assert set(HookDelivery.objects.values_list("status", flat=True)) == {Status.DELIVERED}
    tried = delivery.tries.get()
    assert (tried.number, tried.answer, tried.problem, tried.excerpt) == (1, 200, "", "ok")
    row.refresh_from_db()
    assert row.last_success_at is not None and row.failing_since is None


def documented() -> Callable[[dict[str, str], str, bytes], Any]:
    """The example of docs/webhooks.md, as it is written there."""
    guide = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text()
    [example] = [
        text for text in re.findall(r"^```python\n(.*?)^```$", guide, re.M | re.S) if "standardwebhooks" in text
    ]
    names: dict[str, Any] = {}
    exec(example, names)  # noqa: S102 - our own guide
    found: Callable[[dict[str, str], str, bytes], Any] = names["heard"]
    return found


@pytest.mark.parametrize("secret", [f"whsec_{token_urlsafe(32)}" for _ in range(4)] + ["whsec_", "whsec_of_a_till"])
def test_a_secret_of_before_signs_in_both_ways(secret: str) -> None:
    """It is written in the URL's alphabet, which the guide says how to rewrite."""
    at = timezone.now()
    headers = standard_headers(secret, "id", b"{}", at)
    assert headers["webhook-timestamp"] == str(int(at.timestamp()))
    assert headers["webhook-signature"].startswith("v1,")
    if len(secret) > 40:
        rewritten = secret.replace("-", "+").removeprefix("whsec_").replace("_", "/")
        assert documented()(headers, f"whsec_{rewritten}", b"{}") == {}


def test_a_new_secret_is_as_standard_webhooks_has_it() -> None:
    secret = new_secret()
    assert len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) == 32
    assert new_secret() != secret


def is_signed(header: str, secret: str, body: bytes) -> bool:
    """As docs/webhooks.md tells receivers to check."""
    parts = dict(part.split("=", 1) for part in header.split(","))
    expected = hmac.new(secret.encode(), f"{parts['t']}.".encode() + body, hashlib.sha256).hexdigest()
    recent = abs(timezone.now().timestamp() - int(parts["t"])) < 300
    return recent and hmac.compare_digest(expected, parts["v1"])


def test_a_failure_is_tried_again_later_and_later_until_it_ends(world: World, receiver: Receiver) -> None:
    receiver.answers = [(500, b"out of order")]
    row = hook(world.a.restaurant, receiver.url)
    delivery, now = happens(world.a.restaurant), timezone.now()
    for pause in (*PAUSES, None):
        assert deliver(row.pk, clock(now)) == 1
        delivery.refresh_from_db()
        if pause is None:
            break
        assert delivery.status == Status.WAITING
        assert pause * 0.89 < delivery.due_at - now < pause * 1.11
        assert deliver(row.pk, clock(now)) == 0
        now = delivery.due_at
    assert (delivery.status, delivery.attempts, len(receiver.calls)) == (Status.FAILED, MOST_TRIES, MOST_TRIES)
    assert timedelta(hours=22) < sum(PAUSES, timedelta()) < timedelta(hours=26)
    assert len({call.body for call in receiver.calls}) == 1
    assert [(t.number, t.answer, t.excerpt) for t in delivery.tries.all()] == [
        (number, 500, "out of order") for number in range(1, MOST_TRIES + 1)
    ]


def test_it_arrives_after_a_failure(world: World, receiver: Receiver) -> None:
    receiver.answers = [(503, b""), (204, b"")]
    row = hook(world.a.restaurant, receiver.url)
    delivery = happens(world.a.restaurant)
    deliver(row.pk, timezone.now)
    row.refresh_from_db()
    assert row.failing_since is not None
    made_due(delivery)
    assert wake_due(timezone.now()) == 0  # the job of the announcement still waits
    run_jobs()
    delivery.refresh_from_db()
    row.refresh_from_db()
    assert delivery.status == Status.DELIVERED
    assert not row.failing_since


def test_a_lost_job_is_found_by_the_sweep(world: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    hook(world.a.restaurant, receiver.url)
    monkeypatch.setattr("bots.hooks.recording.wake", lambda *_, **__: None)
    happens(world.a.restaurant)
    assert waiting_jobs() == []
    assert wake_due(timezone.now()) == 1
    assert wake_due(timezone.now()) == 0
    run_jobs()
    assert len(receiver.calls) == 1


def test_no_address_is_always_served_first(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [hook(world.a.restaurant, f"https://till{n}.example.com/") for n in range(3)]
    happens(world.a.restaurant)
    woken: list[list[int]] = []
    monkeypatch.setattr(delivering, "wake_missing", lambda name, argument, ids: woken.append(ids))
    for _ in range(40):
        wake_due(timezone.now())
    assert all(sorted(ids) == sorted(row.pk for row in rows) for ids in woken)
    assert {ids[0] for ids in woken} == {row.pk for row in rows}


def test_what_a_killed_worker_held_goes_on_after_its_lease(world: World, receiver: Receiver) -> None:
    row = hook(world.a.restaurant, receiver.url)
    delivery = happens(world.a.restaurant)
    held = claim_next(row.pk, timezone.now())
    assert held == delivery
    assert deliver(row.pk, timezone.now) == 0
    later = timezone.now() + LEASE
    assert wake_due(later - timedelta(seconds=5)) == 0
    HookDelivery.objects.filter(pk=delivery.pk).update(due_at=timezone.now())
    run_jobs()
    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts, len(receiver.calls)) == (Status.DELIVERED, 2, 1)


def test_a_worker_that_comes_back_late_changes_nothing(world: World, receiver: Receiver) -> None:
    row = hook(world.a.restaurant, receiver.url)
    delivery = happens(world.a.restaurant)
    late = claim_next(row.pk, timezone.now())
    assert late is not None
    made_due(delivery)
    deliver(row.pk, timezone.now)
    failed = Outcome(timezone.now(), 1, None, "connection", "", is_success=False)
    settle(late, failed, timezone.now())
    delivery.refresh_from_db()
    assert delivery.status == Status.DELIVERED
    assert HookAttempt.objects.filter(delivery=delivery).count() == 2


def test_many_workers_deliver_each_once(world: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    row = hook(world.a.restaurant, receiver.url)
    for version in range(12):
        happens(world.a.restaurant, version)
    at_once(lambda _: deliver(row.pk, timezone.now), 4)
    deliver(row.pk, timezone.now)
    assert sorted(json.loads(call.body)["data"]["version"] for call in receiver.calls) == list(range(12))


def test_slow_receivers_take_two_places_at_most(world: World, receiver: Receiver) -> None:
    row = hook(world.a.restaurant, receiver.url)
    happens(world.a.restaurant)
    with delivering._places, delivering._places:
        assert deliver(row.pk, timezone.now) == 0
    assert deliver(row.pk, timezone.now) == 1


def test_an_address_that_leads_inside_is_refused_at_each_attempt(world: World, settings: Any) -> None:
    row = hook(world.a.restaurant, "http://127.0.0.1:9/")
    delivery = happens(world.a.restaurant)
    settings.HOOKS_ALLOW_LOOPBACK = False
    deliver(row.pk, timezone.now)
    assert (delivery.tries.get().problem, delivery.tries.get().answer) == ("refused", None)


def test_a_secret_whose_key_is_lost_is_a_failure_in_words(world: World, receiver: Receiver) -> None:
    row = hook(world.a.restaurant, receiver.url)
    HookEndpoint.objects.update(secret=Secret("gAAAAAB-nonsense"))
    delivery = happens(world.a.restaurant)
    deliver(row.pk, timezone.now)
    assert (delivery.tries.get().problem, receiver.calls) == ("secret", [])


def test_three_days_of_failures_switch_it_off(world: World, receiver: Receiver) -> None:
    receiver.answers = [(500, b""), (500, b""), (200, b"")]
    row = hook(world.a.restaurant, receiver.url)
    first, second = happens(world.a.restaurant, 1), happens(world.a.restaurant, 2)
    HookDelivery.objects.filter(pk=second.pk).update(due_at=timezone.now() + timedelta(hours=1))
    HookEndpoint.objects.update(failing_since=timezone.now() - timedelta(days=3) + timedelta(minutes=1))
    deliver(row.pk, timezone.now)
    row.refresh_from_db()
    assert row.is_active
    HookEndpoint.objects.update(failing_since=timezone.now() - timedelta(days=3))
    made_due(first)
    deliver(row.pk, timezone.now)
    row.refresh_from_db()
    assert (row.is_active, row.off_reason) == (False, HookEndpoint.Off.FAILING)
    assert row.switched_off_at is not None
    event = AuditEvent.objects.get(action="webhook.switched_off")
    assert (event.restaurant, event.changes) == (world.a.restaurant, {"why": ["", "failing"]})
    assert set(HookDelivery.objects.values_list("status", flat=True)) == {Status.FAILED}
    world.a.restaurant.refresh_from_db()
    assert not world.a.restaurant.has_hooks

    assert endpoints.switch_on(row, by=world.operator) and not endpoints.switch_on(row, by=world.operator)
    endpoints.redeliver(first, by=world.operator, at=timezone.now())
    run_jobs()
    first.refresh_from_db()
    assert first.status == Status.DELIVERED


def test_while_it_is_off_nothing_is_written_or_sent(world: World, receiver: Receiver) -> None:
    row = hook(world.a.restaurant, receiver.url)
    told = happens(world.a.restaurant)
    assert endpoints.switch_off(row, by=None, at=timezone.now())
    assert not endpoints.switch_off(row, by=None, at=timezone.now())
    announce("order.created", world.a.restaurant, 9, orderId="x")  # loaded before it was switched off
    assert HookDelivery.objects.get() == told
    with pytest.raises(HookRefused):
        endpoints.redeliver(told, by=None, at=timezone.now())
    run_jobs()
    assert receiver.calls == []


def test_delivered_again_by_hand_has_all_attempts_anew(world: World, receiver: Receiver) -> None:
    row = hook(world.a.restaurant, receiver.url)
    told = happens(world.a.restaurant)
    with pytest.raises(HookRefused):
        endpoints.redeliver(told, by=None, at=timezone.now())
    deliver(row.pk, timezone.now)
    endpoints.redeliver(told, by=world.operator, at=timezone.now())
    told.refresh_from_db()
    assert (told.status, told.tries_left) == (Status.WAITING, MOST_TRIES)
    run_jobs()
    assert [call.headers["Sufrah-Delivery"] for call in receiver.calls] == [str(told.code)] * 2
    assert AuditEvent.objects.filter(action="webhook.redelivered", user=world.operator).count() == 1


def test_removed_while_it_is_being_sent(world: World, receiver: Receiver) -> None:
    row = hook(world.a.restaurant, receiver.url)
    happens(world.a.restaurant)
    held = claim_next(row.pk, timezone.now())
    assert held is not None
    endpoints.remove(row, by=None)
    settle(held, Outcome(timezone.now(), 1, 200, "", "", is_success=True), timezone.now())
    assert (HookDelivery.objects.count(), HookAttempt.objects.count(), HookEndpoint.objects.count()) == (0, 0, 0)
    world.a.restaurant.refresh_from_db()
    assert not world.a.restaurant.has_hooks


def test_ten_at_most_also_at_once(world: World) -> None:
    for number in range(9):
        hook(world.a.restaurant, f"http://127.0.0.1/{number}")

    def one_more(number: int) -> bool:
        try:
            endpoints.register(world.a.restaurant, f"http://127.0.0.1/more/{number}", ALL, by=None)
        except HookRefused:
            return False
        return True

    assert sorted(at_once(one_more, 3)) == [False, False, True]
    with pytest.raises(HookRefused):
        hook(world.b.restaurant, "http://127.0.0.1/b", ["bot.status"])


def test_what_ended_is_forgotten_after_thirty_days(world: World, receiver: Receiver) -> None:
    row = hook(world.a.restaurant, receiver.url)
    old, open_still = happens(world.a.restaurant), happens(world.a.restaurant)
    HookDelivery.objects.filter(pk=open_still.pk).update(due_at=timezone.now() + timedelta(days=1))
    deliver(row.pk, timezone.now)
    assert forget_old(timezone.now()) == 0
    HookDelivery.objects.update(created_at=timezone.now() - timedelta(days=31))
    forget_old(timezone.now())
    assert HookDelivery.objects.get() == open_still
    assert not HookAttempt.objects.filter(delivery_id=old.pk).exists()
