"""How often one may try: by address, by name and by both, also at the same moment; and who is never kept out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pyotp
import pytest
from django.conf import LazySettings
from django.contrib.auth import authenticate
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.utils import timezone

from bots import second_factor
from bots.models import SecondFactor, TryCount
from bots.sign_in import hashing, tries
from bots.sign_in.hashing import PatientHasher, TooManyAtOnce
from bots.throttle import neighbourhood_of
from tests.bots.test_second_factor import with_factor
from tests.bots.test_sign_in import let_pass, text_of, tried
from tests.world import PASSWORD, World

pytestmark = pytest.mark.django_db
WRONG = "guess-work"


def statuses(answers: list[Any]) -> Counter[int]:
    return Counter(answer.status_code for answer in answers)


def test_one_64_of_ipv6_is_one_visitor(world: World) -> None:
    answers = [tried("/login/", "agent_a", WRONG, REMOTE_ADDR=f"2001:db8:0:7::{n:x}") for n in range(1, 41)]
    assert statuses(answers) == {200: 4, 429: 36}
    assert tried("/login/", "agent_a", PASSWORD, REMOTE_ADDR="2001:db8:0:7::beef").status_code == 429
    assert tried("/login/", "agent_a", PASSWORD, REMOTE_ADDR="2001:db8:0:8::1").status_code == 302


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("2001:db8:0:7:aaaa::1", "2001:db8:0:7::/64"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
    ],
)
def test_what_one_visitor_can_change_is_one_place(address: str, place: str) -> None:
    assert neighbourhood_of(address) == place


def test_forty_names_from_one_address_do_not_pass(world: World) -> None:
    answers = [tried("/login/", f"name {n}", WRONG) for n in range(40)]
    assert statuses(answers) == {200: 19, 429: 21}
    assert tried("/login/", "agent_a", PASSWORD).status_code == 429
    assert tried("/login/", "agent_a", PASSWORD, REMOTE_ADDR="198.51.100.7").status_code == 302


def test_signing_in_between_guesses_does_not_clear_the_address(world: World) -> None:
    for n in range(18):
        tried("/login/", f"name {n}", WRONG)
    assert tried("/login/", "agent_a", PASSWORD).status_code == 302
    assert statuses([tried("/login/", f"other {n}", WRONG) for n in range(3)]) == {200: 1, 429: 2}


def test_a_name_that_is_guessed_from_everywhere_pauses_shortly_and_longer_each_time(world: World) -> None:
    answers = [tried("/login/", "agent_a", WRONG, REMOTE_ADDR=f"198.51.100.{n}") for n in range(40)]
    assert statuses(answers) == {200: 19, 429: 21}
    pauses = []
    for n in range(6):
        pauses.append(int(tried("/login/", "agent_a", PASSWORD, REMOTE_ADDR="203.0.113.1").headers["Retry-After"]))
        let_pass(timedelta(seconds=pauses[-1]))
        assert tried("/login/", "agent_a", WRONG, REMOTE_ADDR=f"203.0.113.{n + 2}").status_code == 429
    assert [round(pause / 60) for pause in pauses] == [1, 2, 4, 8, 15, 15]
    let_pass(timedelta(minutes=15))
    assert tried("/login/", "agent_a", PASSWORD, REMOTE_ADDR="203.0.113.1").status_code == 302


def test_a_device_that_came_in_before_is_not_kept_out_by_strangers(world: World) -> None:
    tablet = Client()
    for name in ("agent_a", "owner_a"):
        assert tried("/login/", name, PASSWORD, tablet).status_code == 302
        tablet.post("/logout/")
    for n in range(30):
        tried("/login/", "agent_a", WRONG, REMOTE_ADDR=f"198.51.100.{n}")
        tried("/login/", f"name {n}", WRONG)
    assert tried("/login/", "agent_a", PASSWORD).status_code == 429
    for name in ("agent_a", "owner_a"):
        assert tried("/login/", name, PASSWORD, tablet).status_code == 302
        tablet.post("/logout/")
    assert tried("/login/", "stranger", PASSWORD, tablet).status_code == 429, "known under these names alone"


def test_a_known_device_has_five_tries_too(world: World) -> None:
    tablet = Client()
    tried("/login/", "agent_a", PASSWORD, tablet)
    tablet.post("/logout/")
    assert statuses([tried("/login/", "agent_a", WRONG, tablet) for _ in range(6)]) == {200: 4, 429: 2}
    assert tried("/login/", "agent_a", PASSWORD, tablet).status_code == 429


@pytest.mark.parametrize("cookie", ["", "nonsense", "WyJhIixbImIiXV0:1abcde:forged"])
def test_a_forged_device_is_a_stranger(world: World, cookie: str) -> None:
    client = Client()
    client.cookies["known_device"] = cookie
    assert statuses([tried("/login/", "agent_a", WRONG, client) for _ in range(5)]) == {200: 4, 429: 1}


def test_the_device_is_remembered_out_of_scripts_reach_and_says_no_name(world: World) -> None:
    cookie = tried("/login/", "agent_a", PASSWORD).cookies["known_device"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert "agent_a" not in cookie.value
    assert "known_device" not in tried("/login/", "agent_a", WRONG).cookies


@pytest.mark.parametrize("path", ["/login/", "/admin/login/"])
def test_the_answer_is_the_same_whether_or_not_the_password_was_right(world: World, path: str) -> None:
    with_factor(world.operator)
    given = [("operator", WRONG), ("operator", PASSWORD), ("nobody", WRONG)]
    if path == "/admin/login/":
        given.append(("agent_a", PASSWORD))
    for n, (name, password) in enumerate(given):
        answers = [tried(path, name, password, REMOTE_ADDR=f"198.51.100.{n}") for _ in range(6)]
        assert [answer.status_code for answer in answers] == [200] * 4 + [429] * 2, (name, password)
        assert "the password or the code is wrong" in text_of(answers[0])


def test_no_word_that_was_typed_is_kept(world: World) -> None:
    with_factor(world.a.agent)
    form = {"username": "agent_a", "password": PASSWORD, "code": "31415926"}
    Client().post("/login/?code=27182818", form)
    kept = str(list(TryCount.objects.values()) + list(SecondFactor.objects.values()))
    for word in ("31415926", "27182818", PASSWORD, "agent_a"):
        assert word not in kept


def test_the_old_password_is_no_place_to_guess(world: World) -> None:
    client = Client()
    client.force_login(world.a.agent)
    fields = {"new_password1": "a rather quiet word", "new_password2": "a rather quiet word"}
    answers = [client.post("/account/password/", {"old_password": WRONG, **fields}) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [422] * 4 + [429] * 2
    right = client.post("/account/password/", {"old_password": PASSWORD, **fields})
    assert right.status_code == 429
    assert 'href="/account/"' in text_of(right)
    assert User.objects.get(pk=world.a.agent.pk).check_password(PASSWORD)
    let_pass(timedelta(minutes=15))
    assert client.post("/account/password/", {"old_password": PASSWORD, **fields}).status_code == 302


def test_counts_that_hold_nobody_go(world: World) -> None:
    tried("/login/", "agent_a", WRONG)
    tries.forget_old(timezone.now() + timedelta(hours=23))
    assert TryCount.objects.count() == 3
    tries.forget_old(timezone.now() + timedelta(hours=25))
    assert not TryCount.objects.exists()


@pytest.fixture
def full_line() -> Iterator[None]:
    """As if others were being hashed, and others waited for their turn."""
    places = hashing.AT_ONCE + hashing.IN_LINE
    for _ in range(places):
        assert hashing._here.acquire(blocking=False)
    yield
    for _ in range(places):
        hashing._here.release()


@pytest.mark.parametrize(("language", "words"), [("en", "Try again in a moment."), ("ar", "بعد لحظات")])
def test_who_comes_when_too_many_sign_in_hears_so_and_loses_no_try(
    world: World, full_line: None, language: str, words: str
) -> None:
    answers = [tried("/login/", "agent_a", PASSWORD, headers={"accept-language": language}) for _ in range(7)]
    assert statuses(answers) == {503: 7}
    assert answers[0].headers["Retry-After"] == "3"
    assert words in text_of(answers[0])
    assert not TryCount.objects.exists()


def test_a_hash_that_found_no_turn_gives_its_try_back(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: object, **__: object) -> None:
        raise TooManyAtOnce

    monkeypatch.setattr("django.contrib.auth.forms.authenticate", busy)
    assert statuses([tried("/login/", "agent_a", PASSWORD) for _ in range(7)]) == {503: 7}
    assert set(TryCount.objects.values_list("misses", "until")) == {(0, None)}


def test_passwords_are_hashed_a_few_at_a_time(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PatientHasher, "iterations", 1000)
    monkeypatch.setattr(hashing, "PATIENCE_SECONDS", 0.01)
    settings.PASSWORD_HASHERS = ["bots.sign_in.hashing.PatientHasher"]
    encoded = make_password(PASSWORD)
    assert encoded.startswith("pbkdf2_sha256$1000$"), "as Django writes it"
    assert check_password(PASSWORD, encoded)
    with hashing._turn(), pytest.raises(TooManyAtOnce):
        check_password(PASSWORD, encoded)
    assert check_password(PASSWORD, encoded)


def at_once(how_many: int, guess: Callable[[int], Any]) -> list[Any]:
    """All threads start at the same moment, each with its own connection."""
    start = Barrier(how_many)

    def one(number: int) -> Any:
        start.wait(30)
        try:
            return guess(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(how_many) as crowd:
        return list(crowd.map(one, range(how_many)))


@pytest.mark.django_db(transaction=True)
def test_guesses_at_the_same_moment_are_all_counted(world: World) -> None:
    answers = at_once(12, lambda _: tried("/login/", "agent_a", WRONG))
    assert set(statuses(answers)) <= {200, 429}
    assert statuses(answers)[200] <= 4
    assert set(TryCount.objects.values_list("misses", flat=True)) == {5}


@pytest.mark.django_db(transaction=True)
def test_no_more_than_five_passwords_are_looked_at_however_many_come_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []

    def looks(*_: object, **given: Any) -> object:
        looked.append(given["password"])
        return authenticate(**given)

    monkeypatch.setattr("django.contrib.auth.forms.authenticate", looks)
    at_once(12, lambda n: tried("/login/", "agent_a", f"{WRONG} {n}"))
    assert len(looked) == 5


@pytest.mark.django_db(transaction=True)
def test_wrong_codes_at_the_same_moment_are_all_counted(world: World) -> None:
    person, at = with_factor(world.a.agent), timezone.now()
    SecondFactor.objects.update(misses=0)
    assert not any(at_once(4, lambda _: second_factor.passes(person, "000000", at=at)))
    assert SecondFactor.objects.get().misses == 4
    at_once(4, lambda _: second_factor.passes(person, "000000", at=at))
    assert SecondFactor.objects.get().misses == 5, "the fifth miss closes the door before the others"


@pytest.mark.django_db(transaction=True)
def test_one_code_opens_once_however_many_bring_it(world: World) -> None:
    person, at = with_factor(world.a.agent), timezone.now()
    from_app = pyotp.TOTP(SecondFactor.objects.get().key.reveal()).at(at)
    assert sum(at_once(6, lambda _: second_factor.passes(person, from_app, at=at))) == 1
