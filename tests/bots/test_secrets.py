"""Secrets at rest, and moving them to a new key."""

from __future__ import annotations

import io
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core import serializers
from django.core.management import CommandError, call_command
from django.db import connection

from bots import rotation
from bots.models import Bot
from bots.secrets import Secret, SecretUnreadable
from tests.world import TOKEN_A, TOKEN_B, World

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


def stored(bot: Bot) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT auth_token FROM bots_bot WHERE id = %s", [bot.pk])
        return str(cursor.fetchone()[0])


def tokens() -> dict[str, str]:
    return {bot.name: bot.auth_token.reveal() for bot in Bot.objects.all()}


@pytest.fixture
def under_old_key(settings: Any, world: World) -> World:
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    for bot, token in ((world.a.bot, TOKEN_A), (world.b.bot, TOKEN_B)):
        Bot.objects.filter(pk=bot.pk).update(auth_token=token)
    return world


def test_the_database_holds_no_plain_token(world: World) -> None:
    assert stored(world.a.bot).startswith("gAAAA")
    assert TOKEN_A not in stored(world.a.bot)


def test_a_secret_says_hidden_wherever_it_goes(world: World) -> None:
    secret = Bot.objects.get(pk=world.a.bot.pk).auth_token
    assert isinstance(secret, Secret)
    assert f"{secret} {secret!r}" == "hidden Secret('hidden')"
    dump = serializers.serialize("json", Bot.objects.all())
    assert TOKEN_A not in dump
    assert stored(world.a.bot) not in dump


def test_without_its_key_a_secret_says_what_to_do(under_old_key: World, settings: Any) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    with pytest.raises(SecretUnreadable, match="FIELD_ENCRYPTION_KEYS"):
        Bot.objects.get(pk=under_old_key.a.bot.pk).auth_token.reveal()


def test_rotation_moves_all_to_the_newest_key(under_old_key: World, settings: Any) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    call_command("rotate_keys", stdout=io.StringIO())
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    assert set(tokens().values()) == {TOKEN_A, TOKEN_B}


def test_rotation_goes_on_where_it_was_stopped(under_old_key: World, settings: Any) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    steps = rotation.rotate()
    assert next(steps)[1] == "rotated"
    del steps
    first = stored(Bot.objects.order_by("pk")[0])
    out = io.StringIO()
    call_command("rotate_keys", stdout=out, verbosity=0)
    assert "1 already new, 1 rotated" in out.getvalue()
    assert stored(Bot.objects.order_by("pk")[0]) == first


def test_a_token_that_is_replaced_meanwhile_wins(under_old_key: World, settings: Any) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    seen = Bot.objects.get(pk=under_old_key.a.bot.pk)
    Bot.objects.filter(pk=seen.pk).update(auth_token="the new one")
    assert rotation._rotated(seen, "auth_token", Fernet(NEW)) == "changed meanwhile"
    assert Bot.objects.get(pk=seen.pk).auth_token.reveal() == "the new one"


def test_an_unreadable_secret_is_named_and_kept(under_old_key: World, settings: Any) -> None:
    before = stored(under_old_key.a.bot)
    Bot.objects.filter(pk=under_old_key.b.bot.pk).update(auth_token="")
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    with pytest.raises(CommandError, match=str(under_old_key.a.bot.code)):
        call_command("rotate_keys", stdout=io.StringIO(), verbosity=0)
    assert stored(under_old_key.a.bot) == before
