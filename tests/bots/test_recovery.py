"""Recovery codes: ten, shown once, each good for once; and who may switch a second factor off, and how."""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from bots import second_factor
from bots.models import AuditEvent, RecoveryCode
from tests.bots.test_second_factor import code_of, signed_in, text_of, tried, with_factor
from tests.bots.test_sign_in_counts import at_once
from tests.world import World

pytestmark = pytest.mark.django_db
CODE = re.compile(r"\d{4}(?:-\d{4}){4}")


def set_up(person: User, client: Client | None = None) -> list[str]:
    """As a person does on their page; the recovery codes that it shows."""
    client = client or signed_in(person)
    client.post("/account/second-factor/", {"sure": "yes"})
    answer = client.post("/account/second-factor/confirm/", {"code": code_of(person, -30)})
    assert "no-store" in answer.headers["Cache-Control"]
    return CODE.findall(text_of(answer))


def test_ten_are_shown_once_and_kept_as_digests(world: World) -> None:
    client = signed_in(world.a.agent)
    codes = set_up(world.a.agent, client)
    assert len(set(codes)) == 10
    assert not CODE.search(text_of(client.get("/account/")))
    kept = str(list(RecoveryCode.objects.values()))
    for code in codes:
        digits = code.replace("-", "")
        assert digits not in kept
        assert hashlib.sha256(digits.encode()).hexdigest() in kept
    assert "10 recovery codes are left." in text_of(client.get("/account/"))


def test_the_key_stands_beside_the_picture_for_who_types_it(world: World) -> None:
    page = text_of(signed_in(world.a.agent).post("/account/second-factor/", {"sure": "yes"}))
    key = str(re.findall(r"secret=([A-Z2-7]+)", page)[0])
    assert " ".join(re.findall(".{4}", key)) in page


@pytest.mark.parametrize("path", ["/login/", "/admin/login/"])
def test_each_opens_once_and_that_is_noted_and_said(world: World, path: str) -> None:
    code, *_ = set_up(world.operator)
    assert tried(path, world.operator, code, "guess-work").status_code == 200
    assert tried(path, world.operator, code).status_code == 302
    assert tried(path, world.operator, code).status_code == 200, "a code that was used"
    event = AuditEvent.objects.get(action="second_factor.recovery_code_used")
    assert (event.user, event.changes) == (world.operator, {"left": [10, 9]})
    assert code not in str(list(AuditEvent.objects.values()))
    page = text_of(signed_in(world.operator).get("/account/"))
    assert "9 recovery codes are left." in page
    assert "One was used last on" in page


def test_they_are_read_in_arabic_digits_and_without_dashes(world: World) -> None:
    codes = set_up(world.a.agent)
    arabic = codes[0].translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
    assert tried("/login/", world.a.agent, arabic.replace("-", " ")).status_code == 302
    assert tried("/login/", world.a.agent, codes[1].replace("-", "")).status_code == 302


def test_nobody_elses_opens_and_wrong_ones_are_misses(world: World) -> None:
    codes = set_up(world.a.owner)
    with_factor(world.a.agent)
    for _ in range(5):
        assert not second_factor.passes(world.a.agent, codes[0], at=timezone.now())
    assert not second_factor.passes(world.a.agent, code_of(world.a.agent), at=timezone.now()), "five misses"
    assert second_factor.recovery_of(world.a.owner).left == 10


@pytest.mark.django_db(transaction=True)
def test_one_opens_once_however_many_bring_it(world: World) -> None:
    code, *_ = set_up(world.a.agent)
    at = timezone.now()
    assert sum(at_once(6, lambda _: second_factor.passes(world.a.agent, code, at=at))) == 1
    assert second_factor.recovery_of(world.a.agent).left == 9


def test_they_are_made_anew_with_a_code_and_the_old_ones_open_nothing(world: World) -> None:
    client = signed_in(world.a.agent)
    old = set_up(world.a.agent, client)
    path = "/account/second-factor/recovery-codes/"
    refused = client.post(path, {"code": "000000"})
    assert (refused.status_code, CODE.findall(text_of(refused))) == (422, [])
    assert second_factor.recovery_of(world.a.agent).left == 10
    fresh = CODE.findall(text_of(client.post(path, {"code": code_of(world.a.agent)})))
    assert len(set(fresh) - set(old)) == 10
    assert tried("/login/", world.a.agent, old[0]).status_code == 200
    assert tried("/login/", world.a.agent, fresh[0]).status_code == 302
    assert AuditEvent.objects.filter(action="second_factor.new_recovery_codes", user=world.a.agent).exists()
    assert Client().post(path, {"code": fresh[1]}).headers["Location"].startswith("/login/")
    assert client.get(path).status_code == 405


def test_who_has_none_left_is_told(world: World) -> None:
    client = signed_in(with_factor(world.a.agent))
    RecoveryCode.objects.update(used_at=timezone.now())
    assert "No recovery code is left" in text_of(client.get("/account/"))


def test_it_is_switched_off_with_a_recovery_code(world: World) -> None:
    client = signed_in(world.a.agent)
    code, *_ = set_up(world.a.agent, client)
    assert client.post("/account/second-factor/off/", {"code": code}).status_code == 302
    assert not second_factor.is_on(world.a.agent)
    assert not RecoveryCode.objects.exists()


def off_in_the_admin(by: User, *people: User) -> Any:
    form = {"action": "end_second_factor", "_selected_action": [person.pk for person in people]}
    return signed_in(by).post("/admin/auth/user/", form, follow=True)


def test_an_operators_own_goes_off_only_with_a_code(world: World) -> None:
    for person in (world.operator, world.a.agent):
        with_factor(person)
    assert "Your own is switched off on your account’s page" in text_of(
        off_in_the_admin(world.operator, world.operator, world.a.agent)
    )
    assert second_factor.is_on(world.operator)
    assert second_factor.is_on(world.a.agent), "nothing of it was done"
    with pytest.raises(second_factor.OnlyWithACode):
        second_factor.switch_off(world.operator, by=world.operator)
    client = signed_in(world.operator)
    assert client.post("/account/second-factor/off/", {}).status_code == 422
    assert second_factor.is_on(world.operator)
    assert not AuditEvent.objects.filter(action="second_factor.off").exists()
    assert client.post("/account/second-factor/off/", {"code": code_of(world.operator)}).status_code == 302
    assert not second_factor.is_on(world.operator)


def test_a_command_switches_it_off_and_ends_the_sign_ins(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    client = signed_in(with_factor(world.operator))
    call_command("second_factor_off", "operator")
    assert "Sign-ins ended: 1." in capsys.readouterr().out
    assert not second_factor.is_on(world.operator)
    assert client.get("/account/").status_code == 302
    said = AuditEvent.objects.exclude(action="second_factor.on").order_by("id")
    assert list(said.values_list("action", "subject")) == [
        ("second_factor.off", "operator"),
        ("user.signed_out", "operator"),
    ]
    assert not said.filter(user__isnull=False).exists()


@pytest.mark.parametrize(("name", "words"), [("nobody", "There is nobody"), ("agent_a", "has no second factor")])
def test_the_command_says_what_it_could_not_do(world: World, name: str, words: str) -> None:
    client = signed_in(world.a.agent)
    with pytest.raises(CommandError, match=words):
        call_command("second_factor_off", name)
    assert client.get("/account/").status_code == 200
    assert not AuditEvent.objects.exists()


def test_the_pause_of_wrong_codes_holds_for_recovery_codes_too(world: World) -> None:
    code, *_ = set_up(world.a.agent)
    now = timezone.now()
    for _ in range(5):
        second_factor.passes(world.a.agent, "000000", at=now)
    assert not second_factor.passes(world.a.agent, code, at=now)
    assert second_factor.passes(world.a.agent, code, at=now + timedelta(minutes=16))
