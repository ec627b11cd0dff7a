"""The demo: there once, never over what people did, never in production."""

from __future__ import annotations

import io
import stat
import time
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from pytest_django import DjangoAssertNumQueries

from bots.demo import DemoRefused
from bots.models import Bot, Membership, Restaurant
from bots.registration import change, register
from orders import demo
from orders.catalogue import menu_of
from orders.models import Branch, Category, Item

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def data_dir(settings: Any, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path / "data"
    # As on a laptop: the demo's people are hashed by the usual hasher, not by the tests' quick one.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    return tmp_path / "data"


def opens(username: str, password: str) -> bool:
    return User.objects.get(username=username).check_password(password)


def test_two_restaurants_with_all_that_they_need() -> None:
    demo.load()
    assert list(Restaurant.objects.order_by("id").values_list("name", flat=True)) == [
        "Sufrah",
        "مطعم شاورما وفلافل أوشن",
    ]
    for restaurant in Restaurant.objects.all():
        menu = menu_of(restaurant)
        assert (len(menu.open_categories), len(list(menu.all_items())), len(menu.branches)) == (4, 25, 2)
        assert all(item.name.ar and item.name.en and item.price > 0 for item in menu.all_items())
        assert all(branch.latitude and branch.longitude and branch.address.ar for branch in menu.branches)


def test_the_senders_are_the_real_ones_in_the_simulator() -> None:
    demo.load()
    bots = {bot.whatsapp_number: bot for bot in Bot.objects.all()}
    assert set(bots) == {"+966508034010", "+966502045939"}
    for bot in bots.values():
        assert (bot.channel, bot.waba_id, bot.account_sid[:2], len(bot.account_sid)) == (
            *("simulator", "777730705047590"),
            *("AC", 34),
        )
        assert len(bot.auth_token.reveal()) == 32
    assert len({bot.account_sid for bot in bots.values()}) == 2


def test_everybody_can_sign_in() -> None:
    people = demo.load().people
    assert [login.username for login in people] == [
        "operator",
        "sufrah_owner",
        "sufrah_agent",
        "ocean_owner",
        "ocean_agent",
    ]
    for login in people:
        assert opens(login.username, login.password)
    assert User.objects.get(is_superuser=True).username == "operator"
    assert sorted(Membership.objects.values_list("user__username", "role")) == [
        *(("ocean_agent", "agent"), ("ocean_owner", "owner")),
        *(("sufrah_agent", "agent"), ("sufrah_owner", "owner")),
    ]


def test_again_changes_nothing_that_people_did(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    first = demo.load()
    Restaurant.objects.filter(name="Sufrah").update(name="Renamed")
    Item.objects.filter(name_en="Chicken kabsa").delete()
    Category.objects.filter(name_en="Falafel").update(is_active=False)
    User.objects.filter(username="sufrah_agent").delete()
    change(Bot.objects.get(whatsapp_number="+966508034010"), by=None, whatsapp_number="+966500000009")
    before = [model.objects.count() for model in (Restaurant, Bot, User, Membership, Category, Item, Branch)]
    with django_assert_num_queries(6):
        second = demo.load()
    assert [model.objects.count() for model in (Restaurant, Bot, User, Membership, Category, Item, Branch)] == before
    assert [login for login in first.people if login.username != "sufrah_agent"] == list(second.people)
    assert Restaurant.objects.filter(name="Renamed").exists()


def test_a_sender_that_is_live_already_keeps_its_number() -> None:
    live = register(
        by=None,
        name="Live",
        restaurant_name="Real",
        whatsapp_number="+966508034010",
        account_sid="AC" + "1" * 32,
        auth_token="a" * 32,
    )
    demo.load()
    assert Bot.objects.get(whatsapp_number="+966508034010") == live
    assert Restaurant.objects.count() == 2


def test_a_person_of_the_same_name_keeps_their_password() -> None:
    User.objects.create_superuser("operator", "me@example.com", "my very own")
    assert "operator" not in [login.username for login in demo.load().people]
    assert opens("operator", "my very own")


def test_passwords_are_kept_for_their_owner_alone(data_dir: Path) -> None:
    demo.load()
    assert stat.S_IMODE((data_dir / "demo_logins.json").stat().st_mode) == 0o600


def test_a_lost_file_means_new_passwords_that_work(data_dir: Path) -> None:
    old = demo.load()
    (data_dir / "demo_logins.json").unlink()
    new = demo.load()
    assert [login.username for login in new.people] == [login.username for login in old.people]
    assert opens("sufrah_owner", new.people[1].password)
    assert not opens("sufrah_owner", old.people[1].password)


def test_it_is_quick() -> None:
    started = time.process_time()
    demo.load()
    assert time.process_time() - started < 1


def test_production_never_loads_it(settings: Any) -> None:
    settings.IS_PRODUCTION = True
    with pytest.raises(DemoRefused):
        demo.load()
    settings.USES_EMBEDDED_DATABASE = False
    with pytest.raises(CommandError, match="never loaded in production"):
        call_command("load_demo", "--yes")
    assert not Restaurant.objects.exists()


def test_a_server_of_ones_own_must_be_asked_for_by_name(settings: Any) -> None:
    settings.USES_EMBEDDED_DATABASE = False
    with pytest.raises(CommandError, match="--yes"):
        call_command("load_demo")
    assert not Restaurant.objects.exists()
    out = io.StringIO()
    call_command("load_demo", "--yes", stdout=out)
    assert Restaurant.objects.count() == 2
    assert "sufrah_owner" in out.getvalue()
