"""Codes from an app beside the password: optional for staff, required of operators in production."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from cryptography.fernet import Fernet
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from bots import second_factor
from bots.models import AuditEvent, SecondFactor
from bots.rotation import rotate
from tests.world import PASSWORD, World

pytestmark = pytest.mark.django_db
DOORS = ["/login/", "/admin/login/"]


def text_of(response: Any) -> str:
    return html.unescape(response.content.decode())


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def code_of(user: User, seconds: int = 0) -> str:
    key = SecondFactor.objects.get(user=user).key.reveal()
    return pyotp.TOTP(key).at(timezone.now() + timedelta(seconds=seconds))


def with_factor(user: User) -> User:
    second_factor.begin(user)
    assert second_factor.confirm(user, code_of(user, -30), at=timezone.now())
    return user


def tried(path: str, user: User, code: str = "", password: str = PASSWORD) -> Any:
    return Client().post(path, {"username": user.username, "password": password, "code": code})


def test_it_is_set_up_with_a_code_and_then_asked_for(world: World) -> None:
    client = signed_in(world.a.agent)
    page = text_of(client.post("/account/second-factor/", {"sure": "yes"}))
    key = SecondFactor.objects.get().key
    assert "<svg" in page
    assert f"secret={key.reveal()}" in page
    assert key.reveal() not in key.sealed
    assert tried("/login/", world.a.agent).status_code == 302
    answer = client.post("/account/second-factor/confirm/", {"code": code_of(world.a.agent)})
    assert answer.status_code == 200, "the recovery codes are shown this one time"
    assert key.reveal() not in text_of(client.get("/account/"))
    assert tried("/login/", world.a.agent).status_code == 200
    said = AuditEvent.objects.order_by("id").values_list("action", flat=True)
    assert list(said) == ["second_factor.on", "user.signed_out"], "the sign-in before had only a password"


def test_a_wrong_code_does_not_switch_it_on(world: World) -> None:
    client = signed_in(world.a.agent)
    client.post("/account/second-factor/", {"sure": "yes"})
    assert client.post("/account/second-factor/confirm/", {"code": "000"}).status_code == 422
    assert not second_factor.is_on(world.a.agent)


def test_switched_on_it_ends_the_sign_ins_that_had_only_a_password(world: World) -> None:
    here, elsewhere, colleague = (signed_in(who) for who in (world.a.agent, world.a.agent, world.a.owner))
    here.post("/account/second-factor/", {"sure": "yes"})
    assert elsewhere.get("/account/").status_code == 200
    here.post("/account/second-factor/confirm/", {"code": code_of(world.a.agent)})
    assert [who.get("/account/").status_code for who in (here, elsewhere, colleague)] == [200, 302, 200]


@pytest.mark.parametrize("path", DOORS)
def test_password_and_code_open_the_door_once(world: World, path: str) -> None:
    operator = with_factor(world.operator)
    code = code_of(operator)
    assert tried(path, operator).status_code == 200
    assert tried(path, operator, code, "guess-work").status_code == 200
    assert tried(path, operator, code).status_code == 302
    assert tried(path, operator, code).status_code == 200, "a code that was used"


@pytest.mark.parametrize("code", ["", "000", "abcdef", "１２", "🍅", "0" * 12])
def test_what_is_no_code_opens_nothing(world: World, code: str) -> None:
    answer = tried("/login/", with_factor(world.a.agent), code)
    assert answer.status_code == 200
    assert "The user name, the password or the code is wrong." in text_of(answer)


def test_a_code_in_arabic_digits_and_with_a_space_is_understood(world: World) -> None:
    code = code_of(with_factor(world.a.agent)).translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
    assert tried("/login/", world.a.agent, f"{code[:3]} {code[3:]}").status_code == 302


@pytest.mark.parametrize("seconds", [-90, 90])
def test_codes_of_other_times_do_not_count(world: World, seconds: int) -> None:
    with_factor(world.a.agent)
    assert not second_factor.passes(world.a.agent, code_of(world.a.agent, seconds), at=timezone.now())


def test_the_sign_in_waits_after_five_wrong_codes(world: World) -> None:
    with_factor(world.a.agent)
    assert [tried("/login/", world.a.agent, "000").status_code for _ in range(5)] == [200] * 4 + [429]
    assert tried("/login/", world.a.agent, code_of(world.a.agent)).status_code == 429


def test_wrong_codes_count_through_every_door_and_the_pause_ends(world: World) -> None:
    client, now = signed_in(with_factor(world.a.agent)), timezone.now()
    for _ in range(5):
        assert client.post("/account/second-factor/off/", {"code": "000"}).status_code == 422
    assert client.post("/account/second-factor/off/", {"code": code_of(world.a.agent)}).status_code == 422
    later = now + timedelta(minutes=16)
    assert second_factor.passes(world.a.agent, code_of(world.a.agent, 960), at=later)


def test_it_is_switched_off_with_a_code(world: World) -> None:
    client = signed_in(with_factor(world.a.agent))
    assert client.post("/account/second-factor/off/", {}).status_code == 422
    assert client.post("/account/second-factor/", {"sure": "yes"}).headers["Location"] == "/account/"
    assert second_factor.is_on(world.a.agent)
    assert client.post("/account/second-factor/off/", {"code": code_of(world.a.agent)}).status_code == 302
    assert tried("/login/", world.a.agent).status_code == 302


def test_an_operator_switches_it_off_for_somebody_whose_phone_is_lost(world: World) -> None:
    with_factor(world.a.agent)
    form = {"action": "end_second_factor", "_selected_action": [world.a.agent.pk]}
    for outsider in (Client(), signed_in(world.a.owner)):
        outsider.post("/admin/auth/user/", form)
        assert second_factor.is_on(world.a.agent)
    answer = signed_in(world.operator).post("/admin/auth/user/", form, follow=True)
    assert "Switched off for 1 person." in text_of(answer)
    assert not second_factor.is_on(world.a.agent)
    assert AuditEvent.objects.filter(action="second_factor.off", user=world.operator).exists()


def test_in_production_operators_set_it_up_before_anything_else(world: World, settings: LazySettings) -> None:
    settings.SECOND_FACTOR_REQUIRED = True
    client = signed_in(world.operator)
    for path in ("/admin/", "/admin/bots/bot/", "/admin/bots/apitoken/add/"):
        assert client.get(path).headers["Location"] == "/account/"
        assert client.post(path, {}).headers["Location"] == "/account/"
    assert "Operators need a second factor." in text_of(client.get("/account/"))
    with_factor(world.operator)
    assert client.get("/admin/").status_code == 200
    assert signed_in(world.a.agent).get("/inbox/").status_code == 200, "staff may do without"
    assert Client().get("/admin/").headers["Location"].startswith("/admin/login/")


def test_the_doors_are_posts_of_somebody_signed_in(world: World) -> None:
    for name in ("", "confirm/", "off/"):
        path = f"/account/second-factor/{name}"
        assert Client().post(path, {"sure": "yes", "code": "000"}).headers["Location"].startswith("/login/")
        assert signed_in(world.a.agent).get(path).status_code == 405
        signed_in(world.a.agent).post(path, {})
    assert not SecondFactor.objects.exists()


@pytest.mark.parametrize("language", ["ar", "en"])
def test_the_doors_speak_both_languages(world: World, language: str) -> None:
    for path in DOORS:
        page = text_of(Client().get(path, headers={"accept-language": language}))
        assert re.search(rf'<html[^>]* lang="{language}"', page)
        assert 'name="code"' in page


def test_its_key_moves_to_the_newest_key_with_the_others(world: World, settings: LazySettings) -> None:
    with_factor(world.a.agent)
    before = code_of(world.a.agent, 3600)
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode(), *settings.FIELD_ENCRYPTION_KEYS]
    assert {result for _, result in rotate()} == {"rotated"}
    settings.FIELD_ENCRYPTION_KEYS = settings.FIELD_ENCRYPTION_KEYS[:1]
    assert code_of(world.a.agent, 3600) == before
