"""The sign-in is throttled by name and address, at the desk and in the admin; and signing out everywhere."""

from __future__ import annotations

import html
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.db.models import F
from django.test import Client, RequestFactory

from bots.models import AuditEvent, TryCount
from bots.throttle import address_of
from tests.world import PASSWORD, World

pytestmark = pytest.mark.django_db
DOORS = ["/login/", "/admin/login/"]


def text_of(response: Any) -> str:
    return html.unescape(response.content.decode())


def tried(path: str, name: str, password: str, client: Client | None = None, **more: Any) -> Any:
    return (client or Client()).post(path, {"username": name, "password": password}, **more)


def fail(path: str, name: str, times: int, **more: Any) -> Any:
    return [tried(path, name, "guess-work", **more) for _ in range(times)][-1]


def let_pass(time: timedelta) -> None:
    """As if all tries had been made so much earlier."""
    TryCount.objects.update(missed_at=F("missed_at") - time, until=F("until") - time)


@pytest.mark.parametrize("path", DOORS)
def test_the_fifth_failure_and_all_after_it_wait(world: World, path: str) -> None:
    assert fail(path, "operator", 4).status_code == 200
    fifth, right = fail(path, "operator", 1), tried(path, "operator", PASSWORD)
    for answer in (fifth, right):
        assert answer.status_code == 429
        assert 880 < int(answer.headers["Retry-After"]) <= 900
        assert answer.headers["Cache-Control"] == "no-store"
        assert "You can try again in 15 minutes." in text_of(answer)
        assert "sessionid" not in answer.cookies


@pytest.mark.parametrize("path", DOORS)
def test_the_wait_is_told_in_arabic(world: World, path: str) -> None:
    page = text_of(fail(path, "operator", 5, headers={"accept-language": "ar"}))
    assert '<html lang="ar" dir="rtl">' in page
    assert "15 دقيقة" in page


def test_the_wait_ends_and_is_not_made_longer_by_trying(world: World) -> None:
    fail("/login/", "agent_a", 9)
    let_pass(timedelta(minutes=14, seconds=30))
    answer = fail("/login/", "agent_a", 1)
    assert "You can try again in one minute." in text_of(answer)
    assert int(answer.headers["Retry-After"]) <= 30
    let_pass(timedelta(minutes=1))
    assert tried("/login/", "agent_a", PASSWORD).status_code == 302


def test_a_success_forgets_the_failures(world: World) -> None:
    for _ in range(3):
        fail("/login/", "agent_a", 4)
        assert tried("/login/", "agent_a", PASSWORD).status_code == 302


def test_other_names_and_other_addresses_go_on(world: World) -> None:
    fail("/login/", "agent_a", 5)
    assert tried("/login/", "owner_a", PASSWORD).status_code == 302
    assert tried("/login/", "agent_a", PASSWORD, REMOTE_ADDR="198.51.100.7").status_code == 302
    assert tried("/login/", "agent_a", PASSWORD).status_code == 429


def test_a_wait_at_one_door_is_a_wait_at_the_other(world: World) -> None:
    fail("/login/", "operator", 5)
    assert tried("/admin/login/", "operator", PASSWORD).status_code == 429


def test_another_browser_does_not_start_anew(world: World) -> None:
    for n in range(5):
        fail("/login/", "agent_a", 1, headers={"user-agent": f"browser {n}"})
    assert tried("/login/", "agent_a", PASSWORD).status_code == 429


def test_a_forged_header_does_not_help(world: World) -> None:
    for n in range(5):
        fail("/login/", "agent_a", 1, headers={"x-forwarded-for": f"198.51.100.{n}"})
    assert tried("/login/", "agent_a", PASSWORD, headers={"x-forwarded-for": "198.51.100.9"}).status_code == 429


@pytest.mark.parametrize("name", ["x" * 400, "ق" * 300, "no-body", "'; --"])
def test_names_that_cannot_be_are_counted_too(world: World, name: str) -> None:
    assert fail("/login/", name, 4).status_code == 200
    assert fail("/login/", name, 1).status_code == 429


def test_passwords_are_not_kept(world: World) -> None:
    fail("/login/", "agent_a", 2)
    assert "guess-work" not in str(list(TryCount.objects.values()))


@pytest.mark.parametrize(
    ("proxies", "header", "address"),
    [
        (0, "198.51.100.7", "127.0.0.1"),
        (1, "198.51.100.7", "198.51.100.7"),
        (1, "203.0.113.9, 198.51.100.7", "198.51.100.7"),
        (2, "203.0.113.9, 198.51.100.7", "203.0.113.9"),
        (2, "198.51.100.7", "127.0.0.1"),
        (1, "nonsense", "127.0.0.1"),
        (1, "", "127.0.0.1"),
        (1, "2001:DB8::7", "2001:db8::7"),
        (1, "fe80::1%eth0", "fe80::1"),
    ],
)
def test_the_address_is_what_our_own_proxy_saw(settings: LazySettings, proxies: int, header: str, address: str) -> None:
    settings.TRUSTED_PROXIES = proxies
    assert address_of(RequestFactory(headers={"x-forwarded-for": header}).get("/")) == address


def test_a_server_on_a_unix_socket_knows_no_address() -> None:
    assert address_of(RequestFactory(REMOTE_ADDR="").get("/")) is None


def two_devices(user: User) -> list[Client]:
    clients = [Client(), Client()]
    for client in clients:
        client.force_login(user)
    return clients


def test_signing_out_everywhere_ends_all_ones_own_sessions(world: World) -> None:
    (here, there), (other, _) = two_devices(world.a.agent), two_devices(world.a.owner)
    assert "Sign out everywhere" in text_of(here.get("/account/"))
    here.post("/account/sign-out-everywhere/", {})
    assert there.get("/inbox/").status_code == 200
    assert here.post("/account/sign-out-everywhere/", {"sure": "yes"}).headers["Location"] == "/login/"
    for client in (here, there):
        assert client.get("/inbox/").headers["Location"].startswith("/login/")
    assert other.get("/inbox/").status_code == 200
    event = AuditEvent.objects.get()
    assert (event.action, event.user, event.subject) == ("user.signed_out", world.a.agent, "agent_a")


def test_an_operator_signs_somebody_out(world: World) -> None:
    operator, (phone, laptop) = two_devices(world.operator)[0], two_devices(world.a.agent)
    form = {"action": "sign_out", "_selected_action": [world.a.agent.pk]}
    assert "2 sign-ins were ended." in text_of(operator.post("/admin/auth/user/", form, follow=True))
    for client in (phone, laptop):
        assert client.get("/inbox/").headers["Location"].startswith("/login/")
    assert AuditEvent.objects.get().user == world.operator


def test_others_end_no_sessions(world: World) -> None:
    phone = two_devices(world.a.agent)[0]
    form = {"action": "sign_out", "_selected_action": [world.a.agent.pk]}
    for client in (Client(), two_devices(world.a.owner)[0]):
        assert client.post("/admin/auth/user/", form).status_code == 302
    assert Client().post("/account/sign-out-everywhere/", {"sure": "yes"}).headers["Location"].startswith("/login/")
    assert phone.get("/account/sign-out-everywhere/").status_code == 405
    assert Client().get("/account/").headers["Location"].startswith("/login/")
    assert phone.get("/inbox/").status_code == 200


def test_operators_who_sign_in_at_the_admin_land_in_it_also_after_a_slip(world: World) -> None:
    client, door = Client(), "/admin/login/"
    assert 'name="next" value="/admin/"' in client.get(door).content.decode()
    slip = {"username": world.operator.username, "password": "guess-work", "next": "/admin/bots/bot/"}
    assert 'name="next" value="/admin/bots/bot/"' in client.post(door, slip).content.decode()
    answer = client.post(door, {**slip, "password": PASSWORD})
    assert answer.headers["Location"] == "/admin/bots/bot/"
