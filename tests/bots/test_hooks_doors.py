"""The doors of the webhooks: the API of a restaurant, and the operators' pages."""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from bots.hooks.delivery import deliver
from bots.hooks.models import HookDelivery, HookEndpoint
from bots.live import announce
from bots.models import ApiToken, AuditEvent, IdempotentCall, Restaurant
from tests.api_calls import Caller, body_of, caller, operator_for, refusal
from tests.jobs import waiting_jobs
from tests.receiver import Receiver
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)
TILL = "https://till.example.com/sufrah"


@pytest.fixture(autouse=True)
def here(settings: Any) -> None:
    settings.HOOKS_ALLOW_LOOPBACK = True


@pytest.fixture
def own(world: World) -> Caller:
    return caller(world.a.restaurant)


@pytest.fixture
def page(world: World, client: Client) -> Client:
    client.force_login(world.operator)
    return client


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as found:
        yield found


def made(by: Caller, url: str = TILL) -> dict[str, Any]:
    answer = by.post("/api/webhooks", {"url": url, "events": ["order.created"]})
    assert answer.status_code == 201, answer.content
    found: dict[str, Any] = body_of(answer)
    return found


def told(by: Caller, restaurant: Restaurant, receiver: Receiver) -> HookDelivery:
    """A delivery that has arrived."""
    made(by, receiver.url)
    restaurant.refresh_from_db()
    announce("order.created", restaurant, 1, orderId="x")
    found = HookDelivery.objects.latest("id")
    deliver(found.endpoint_id, timezone.now)
    return found


def text_of(response: Any) -> str:
    return html.unescape(response.content.decode())


def test_the_secret_is_shown_once(own: Caller, page: Client) -> None:
    hook = made(own)
    secret = hook.pop("secret")
    assert secret.startswith("whsec_") and len(secret) > 40
    row = HookEndpoint.objects.get()
    assert row.secret.reveal() == secret and secret not in row.secret.sealed
    assert body_of(own.get(f"/api/webhooks/{hook['id']}")) == hook
    assert body_of(own.get("/api/webhooks")) == [hook]
    shown = "".join(
        text_of(page.get(path))
        for path in (
            *("/admin/bots/hookendpoint/", f"/admin/bots/hookendpoint/{row.pk}/change/", "/admin/bots/auditevent/"),
            f"/admin/bots/auditevent/{AuditEvent.objects.get(action='webhook.made').pk}/change/",
        )
    )
    assert secret not in shown and row.secret.sealed not in shown
    assert TILL in shown


def test_an_answer_that_is_kept_for_a_key_is_without_the_secret(own: Caller) -> None:
    body = {"url": TILL, "events": ["order.created"]}
    first = body_of(own.post("/api/webhooks", body, Idempotency_Key="k"))
    again = own.post("/api/webhooks", body, Idempotency_Key="k")
    secret = first.pop("secret")
    assert (again.status_code, body_of(again)) == (201, first)
    assert secret not in str(IdempotentCall.objects.values_list())
    assert refusal(own.post("/api/webhooks", body))[0] == 409
    assert HookEndpoint.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({}, "Missing required fields: url, events"),
        ({"url": TILL, "events": []}, "events"),
        ({"url": TILL, "events": ["bot.status"]}, "events"),
        ({"url": TILL, "events": "order.created"}, "events"),
        ({"url": TILL, "events": ["order.created"], "secret": "mine"}, "Unknown fields: secret"),
        ({"url": "http://till.example.com/", "events": ["order.created"]}, "The address must begin with https://."),
        ({"url": "https://u:p@till.example.com/", "events": ["order.created"]}, "must not carry a user name"),
        ({"url": "https://10.0.0.1/", "events": ["order.created"]}, "This address is not on the public internet."),
        ({"url": "https://till.example.com:22/", "events": ["order.created"]}, "Only the ports 443 and 8443"),
    ],
)
def test_refused_webhooks(own: Caller, body: dict[str, Any], says: str) -> None:
    status, sentence = refusal(own.post("/api/webhooks", body))
    assert status == 400 and says in sentence
    assert not HookEndpoint.objects.exists() and not AuditEvent.objects.filter(action="webhook.made").exists()


def test_a_webhook_is_changed(own: Caller, world: World) -> None:
    hook = made(own)
    secret, path = hook.pop("secret"), f"/api/webhooks/{hook['id']}"
    HookEndpoint.objects.update(failing_since=timezone.now())
    wanted = {"url": f"{TILL}/2", "events": ["order.updated", "order.created"], "description": "The till"}
    said = body_of(own("PATCH", path, wanted))
    assert said == {**hook, **wanted, "events": ["order.created", "order.updated"], "failingSince": None}
    assert body_of(own.get(path)) == said
    assert HookEndpoint.objects.get().secret.reveal() == secret
    event = AuditEvent.objects.get(action="webhook.changed")
    assert set(event.changes) == {"url", "events", "description"}
    assert body_of(own("PATCH", path, {})) == said
    assert body_of(own("PATCH", path, wanted)) == said
    assert AuditEvent.objects.filter(action="webhook.changed").count() == 1, "nothing has changed"
    off = body_of(own("PATCH", path, {"isActive": False}))
    assert (off["isActive"], off["offReason"]) == (False, "by_hand")
    assert not Restaurant.objects.get(pk=world.a.restaurant.pk).has_hooks
    on = body_of(own("PATCH", path, {"isActive": True, "description": ""}))
    assert (on["isActive"], on["offReason"], on["description"]) == (True, None, None)
    assert Restaurant.objects.get(pk=world.a.restaurant.pk).has_hooks


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"url": "https://10.0.0.1/"}, 400, "url"),
        ({"url": "https://168.63.129.16/"}, 400, "url"),
        ({"url": f"{TILL}/taken"}, 409, ""),
        ({"url": None}, 400, "url"),
        ({"events": []}, 400, "events"),
        ({"events": ["bot.status"]}, 400, "events"),
        ({"isActive": "no"}, 400, "isActive"),
        ({"description": "x" * 201}, 400, "description"),
        ({"secret": "mine"}, 400, "secret"),
    ],
)
def test_a_refused_change_changes_nothing(own: Caller, body: dict[str, Any], status: int, field: str) -> None:
    made(own, f"{TILL}/taken")
    hook = made(own)
    before = str(HookEndpoint.objects.order_by("pk").values())
    answer = own("PATCH", f"/api/webhooks/{hook['id']}", {"isActive": False, "description": "new", **body})
    assert refusal(answer)[0] == status
    assert not field or list(body_of(answer)["details"]) == [field]
    assert str(HookEndpoint.objects.order_by("pk").values()) == before
    assert not AuditEvent.objects.filter(action__in=["webhook.changed", "webhook.switched_off"]).exists()


def test_deliveries_and_their_attempts(
    own: Caller, world: World, receiver: Receiver, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    delivery = told(own, world.a.restaurant, receiver)
    path = f"/api/webhooks/{delivery.endpoint.code}/deliveries"
    with django_assert_num_queries(4):  # token, webhook, page, attempts
        answer = own.get(path)
    found = body_of(answer)[0]
    tried = found.pop("attempts")[0]
    assert found == {
        "id": str(delivery.code),
        "webhookId": str(delivery.endpoint.code),
        "event": "order.created",
        "status": "delivered",
        "payload": {"restaurantId": str(world.a.restaurant.code), "version": 1, "orderId": "x"},
        "createdAt": found["createdAt"],
        "nextAttemptAt": None,
    }
    assert (tried["number"], tried["answer"], tried["problem"], tried["excerpt"]) == (1, 200, None, "ok")


def test_the_list_costs_the_same_for_many(own: Caller, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    for number in range(4):
        made(own, f"{TILL}/{number}")
        with django_assert_num_queries(2):  # token with restaurant, page
            answer = own.get("/api/webhooks")
        assert len(body_of(answer)) == number + 1
    with django_assert_num_queries(3):  # and the place of the cursor
        assert len(body_of(own.get(f"/api/webhooks?before={body_of(answer)[1]['id']}"))) == 2


def test_delivered_again_switched_on_and_removed(own: Caller, world: World, receiver: Receiver) -> None:
    delivery = told(own, world.a.restaurant, receiver)
    again, hook = f"/api/webhooks/deliveries/{delivery.code}/redeliver", f"/api/webhooks/{delivery.endpoint.code}"
    answer = body_of(own.post(again))
    assert (answer["status"], bool(answer["nextAttemptAt"])) == ("waiting", True)
    assert "deliver_hooks" in waiting_jobs()
    assert refusal(own.post(again))[0] == 409
    HookEndpoint.objects.update(is_active=False, off_reason="failing", switched_off_at=timezone.now())
    assert body_of(own.get(hook))["offReason"] == "failing"
    on = body_of(own.post(f"{hook}/switch-on"))
    assert (on["isActive"], on["offReason"], on["switchedOffAt"]) == (True, None, None)
    assert body_of(own("DELETE", hook))["success"] is True
    assert refusal(own.get(hook))[0] == 404
    assert not HookDelivery.objects.exists()


def test_strangers_and_readers(own: Caller, world: World, receiver: Receiver) -> None:
    delivery = told(own, world.a.restaurant, receiver)
    hook = f"/api/webhooks/{delivery.endpoint.code}"
    calls = [
        *(("GET", hook), ("GET", f"{hook}/deliveries"), ("DELETE", hook), ("POST", f"{hook}/switch-on")),
        ("POST", f"/api/webhooks/deliveries/{delivery.code}/redeliver"),
    ]
    other, reader = caller(world.b.restaurant), caller(world.a.restaurant, ApiToken.Scope.READ)
    assert body_of(other.get("/api/webhooks")) == []
    for method, path in calls:
        assert refusal(other(method, path))[0] == 404
        assert refusal(operator_for(world.b.restaurant)(method, path))[0] == 404
        assert refusal(Caller()(method, path))[0] == 401
        assert reader(method, path).status_code == (200 if method == "GET" else 403)
    assert reader.post("/api/webhooks", {"url": TILL, "events": ["order.created"]}).status_code == 403
    assert HookDelivery.objects.get() == delivery and HookEndpoint.objects.count() == 1


def test_an_operator_registers_and_sees_the_secret_on_that_answer_alone(page: Client, world: World) -> None:
    form = {"restaurant": world.a.restaurant.pk, "url": f" {TILL} ", "events": ["order.created", "message.created"]}
    answer = page.post("/admin/bots/hookendpoint/add/", form)
    row = HookEndpoint.objects.get()
    assert answer.status_code == 200 and row.secret.reveal() in text_of(answer)
    assert (row.url, row.events) == (TILL, ["message.created", "order.created"])
    assert AuditEvent.objects.get(action="webhook.made").user == world.operator
    again = page.post("/admin/bots/hookendpoint/add/", form, follow=True)
    assert "already exists" in text_of(again)
    wrong = page.post("/admin/bots/hookendpoint/add/", {**form, "url": "https://10.0.0.1/"})
    assert "This address is not on the public internet." in text_of(wrong)
    assert HookEndpoint.objects.count() == 1


def test_an_operator_switches_repeats_and_removes(page: Client, own: Caller, world: World, receiver: Receiver) -> None:
    delivery = told(own, world.a.restaurant, receiver)
    row = delivery.endpoint
    chosen = {"_selected_action": [row.pk]}
    page.post("/admin/bots/hookendpoint/", {"action": "turn_off", **chosen})
    row.refresh_from_db()
    assert (row.is_active, row.off_reason) == (False, "by_hand")
    shown = text_of(page.get(f"/admin/bots/hookendpoint/{row.pk}/change/"))
    assert "switched off by hand" in shown
    assert "It is turned on and off on the list" in shown
    again = {"action": "deliver_again", "_selected_action": [delivery.pk]}
    assert "Its webhook is off" in text_of(page.post("/admin/bots/hookdelivery/", again, follow=True))
    page.post("/admin/bots/hookendpoint/", {"action": "turn_on", **chosen})
    assert "1 delivery is sent again." in text_of(page.post("/admin/bots/hookdelivery/", again, follow=True))
    delivery.refresh_from_db()
    assert delivery.status == HookDelivery.Status.WAITING
    shown = text_of(page.get(f"/admin/bots/hookdelivery/{delivery.pk}/change/"))
    assert str(delivery.code) in shown and ">200<" in shown.replace(" ", "").replace("\n", "")
    page.post(f"/admin/bots/hookendpoint/{row.pk}/delete/", {"post": "yes"})
    assert not HookEndpoint.objects.exists()
    assert AuditEvent.objects.filter(action="webhook.removed", user=world.operator).count() == 1


def test_staff_and_strangers_are_kept_out_of_the_pages(client: Client, world: World) -> None:
    for person in (world.stranger, world.a.owner):
        client.force_login(person)
        for path in ("hookendpoint/", "hookendpoint/add/", "hookdelivery/"):
            assert client.get(f"/admin/bots/{path}").status_code == 302
