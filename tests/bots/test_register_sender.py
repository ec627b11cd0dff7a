"""`manage.py register_sender`."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from bots.models import AuditEvent, Bot, Restaurant
from tests.world import World

TOKEN = "aaaabbbbccccddddeeeeffff00001111"
ACCOUNT = "AC" + "1" * 32


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n")
    return path


def run(*args: object) -> str:
    out = io.StringIO()
    try:
        call_command("register_sender", *map(str, args), stdout=out, stderr=out)
    except CommandError as error:
        out.write(f"CommandError: {error}")
    return out.getvalue()


def test_a_known_sender_needs_only_account_and_token(db: None, token_file: Path, settings: Any) -> None:
    settings.PUBLIC_BASE_URL = "https://bot.example.com"
    said = run("--known", "ocean", "--account-sid", ACCOUNT, "--auth-token-file", token_file)
    bot = Bot.objects.get()
    assert (bot.name, bot.whatsapp_number, bot.waba_id) == ("Ocean Restaurant Bot", "+966502045939", "777730705047590")
    assert (bot.restaurant.name, bot.auth_token.reveal()) == ("مطعم شاورما وفلافل أوشن", TOKEN)
    assert "registered" in said
    assert "https://bot.example.com/whatsapp/webhook" in said
    assert TOKEN not in said


def test_again_says_that_nothing_changed(db: None, token_file: Path) -> None:
    order = ("--known", "sufrah", "--account-sid", ACCOUNT, "--auth-token-file", token_file)
    run(*order)
    assert "unchanged" in run(*order)
    assert "changed (name)" in run(*order, "--name", "New name")
    assert (Bot.objects.count(), Restaurant.objects.count()) == (1, 1)


def test_a_demo_sender_is_taken_live(world: World, token_file: Path) -> None:
    said = run(
        *("--whatsapp-number", "0500000101", "--name", "Live", "--restaurant-name", "Shawarma House"),
        *("--account-sid", ACCOUNT, "--auth-token-file", token_file),
    )
    assert "taken live" in said
    assert Bot.objects.get(pk=world.a.bot.pk).channel == "twilio"


def test_the_token_comes_from_the_environment_or_the_terminal(
    db: None, monkeypatch: pytest.MonkeyPatch, token_file: Path
) -> None:
    monkeypatch.setenv("OCEAN_TOKEN", TOKEN)
    run("--known", "ocean", "--account-sid", ACCOUNT, "--auth-token-env", "OCEAN_TOKEN")
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{TOKEN[::-1]}\n"))
    run("--known", "sufrah", "--account-sid", ACCOUNT)
    assert {bot.auth_token.reveal() for bot in Bot.objects.all()} == {TOKEN, TOKEN[::-1]}


def test_a_sender_that_is_there_is_not_handed_to_another_restaurant(world: World, token_file: Path) -> None:
    order = ("--known", "sufrah", "--account-sid", ACCOUNT, "--auth-token-file", token_file)
    run(*order)
    assert "A sender stays with its restaurant." in run(*order, "--restaurant", world.b.restaurant.code)
    bot = Bot.objects.get(whatsapp_number="+966508034010")
    assert (bot.restaurant.name, AuditEvent.objects.filter(bot=bot).count()) == ("Sufrah", 1)


def test_an_existing_restaurant_is_named_by_its_code(world: World, token_file: Path) -> None:
    order = ("--known", "sufrah", "--account-sid", ACCOUNT, "--auth-token-file", token_file)
    assert "There is no restaurant" in run(*order, "--restaurant", "0b8ff2cb-0000-4000-8000-000000000000")
    assert Bot.objects.count() == 2
    run(*order, "--restaurant", world.b.restaurant.code)
    assert Bot.objects.get(whatsapp_number="+966508034010").restaurant == world.b.restaurant


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("--known", "ocean"), "missing: account_sid"),
        (("--known", "ocean", "--account-sid", ACCOUNT, "--whatsapp-number", "12"), "Invalid WhatsApp number"),
        (("--known", "ocean", "--account-sid", "A" * 40), "account_sid"),
        (("--known", "ocean", "--account-sid", ACCOUNT, "--auth-token-env", "NOT_SET"), "NOT_SET is not set"),
    ],
)
def test_what_is_refused_is_said_and_leaves_nothing(
    db: None, monkeypatch: pytest.MonkeyPatch, args: tuple[str, ...], says: str
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{TOKEN}\n"))
    said = run(*args)
    assert says in said
    assert "CommandError: 1 of 1" in said
    assert (Bot.objects.count(), Restaurant.objects.count(), AuditEvent.objects.count()) == (0, 0, 0)


def test_a_file_registers_each_sender_or_says_why_not(db: None, tmp_path: Path) -> None:
    path = tmp_path / "senders.json"
    good = {
        "name": "One",
        "restaurantName": "Place",
        "whatsappNumber": "whatsapp:+966500000001",
        "accountSid": ACCOUNT,
        "authToken": TOKEN,
        "maxMessagesPerMin": 30,
        "createdAt": "2026-01-01T00:00:00Z",
    }
    path.write_text(json.dumps([good, {**good, "name": "Two", "whatsappNumber": "nonsense"}, {"known": "atlantis"}]))
    said = run("--from", path)
    assert "One, +966 50 000 0001: registered" in said
    assert "Two: Invalid WhatsApp number format. Nothing was changed." in said
    assert "atlantis: No sender is known as “atlantis”. Nothing was changed." in said
    assert "CommandError: 2 of 3" in said
    assert [(bot.name, bot.max_messages_per_min) for bot in Bot.objects.all()] == [("One", 30)]
    assert Restaurant.objects.count() == 1


@pytest.mark.parametrize("text", ["", "[]", "[1]", '{"whatsappNumer": "+966500000001"}', '{"name": '])
def test_a_file_that_makes_no_sense_is_refused(db: None, tmp_path: Path, text: str) -> None:
    path = tmp_path / "senders.json"
    path.write_text(text)
    assert "CommandError" in run("--from", path)
    assert "CommandError" in run("--from", tmp_path / "absent.json")
    assert not Bot.objects.exists()
