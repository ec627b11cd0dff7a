"""What whoever runs the house does on the server: restaurants listed, tokens revoked."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from bots.models import ApiToken, AuditEvent, Bot, Restaurant
from bots.tokens import bearer_of, create_token
from tests.world import World

pytestmark = pytest.mark.django_db


def listed(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[list[str], str]:
    """The lines, and what is said about them beside."""
    call_command("list_restaurants", *arguments)
    told = capsys.readouterr()
    return told.out.splitlines(), told.err.strip()


def test_restaurants_are_listed_with_code_state_and_senders(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    Restaurant.objects.filter(pk=world.b.restaurant.pk).update(is_active=False)
    Bot.objects.filter(pk=world.b.bot.pk).update(retired_at=timezone.now())
    (falafel, shawarma), told = listed(capsys)
    assert str(world.b.restaurant.code) in falafel
    assert "off" in falafel
    assert "senders   0" in falafel
    for words in (str(world.a.restaurant.code), "active", "senders   1", "Shawarma House", "بيت الشاورما"):
        assert words in shawarma
    assert told == "2 restaurants, page 1 of 1."


def test_they_come_in_pages_and_are_found_by_name(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    lines, told = listed(capsys, "--limit", "1", "--page", "2")
    assert ["Shawarma House" in line for line in lines] == [True]
    assert told == "2 restaurants, page 2 of 2."
    for wanted in ("falafel", "ركن"):
        assert len(listed(capsys, "--search", wanted)[0]) == 1
    assert listed(capsys, "--search", "nothing of that name") == ([], "0 restaurants, page 1 of 1.")


@pytest.mark.parametrize("arguments", [["--page", "3"], ["--page", "0"], ["--limit", "0"], ["--limit", "501"]])
def test_pages_that_cannot_be_are_said(world: World, arguments: list[str]) -> None:
    with pytest.raises(CommandError):
        call_command("list_restaurants", *arguments)


def test_a_token_is_revoked_by_its_beginning_or_its_number(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    for says in (lambda row: row.prefix, lambda row: f"{row.prefix}…", lambda row: str(row.pk)):
        row, plain = create_token("till", world.a.restaurant, ApiToken.Scope.READ)
        assert bearer_of(plain) is not None
        call_command("revoke_token", says(row))
        assert bearer_of(plain) is None
        assert plain not in capsys.readouterr().out
        event = AuditEvent.objects.filter(action="token.revoked").latest("pk")
        assert (event.user, event.restaurant) == (None, world.a.restaurant)
        with pytest.raises(CommandError, match="revoked before"):
            call_command("revoke_token", says(row))


@pytest.mark.parametrize("said", ["sfr_nothing", "sfr_abcdef", "0", "999999", "9" * 30, "٣", "till", ""])
def test_what_names_no_token_revokes_none(world: World, said: str) -> None:
    _row, plain = create_token("till", world.a.restaurant, ApiToken.Scope.READ)
    with pytest.raises(CommandError):
        call_command("revoke_token", said)
    assert bearer_of(plain) is not None


def test_a_whole_token_is_refused_and_not_repeated(world: World) -> None:
    _row, plain = create_token("till", None, ApiToken.Scope.WRITE)
    with pytest.raises(CommandError) as refused:
        call_command("revoke_token", plain)
    assert plain not in str(refused.value)
    assert bearer_of(plain) is not None


def test_two_of_one_beginning_are_told_apart_by_number(world: World) -> None:
    rows = [create_token("till", world.a.restaurant, ApiToken.Scope.READ)[0] for _ in range(2)]
    ApiToken.objects.update(prefix="sfr_aaaaaa")
    with pytest.raises(CommandError, match=f"{rows[0].pk}, {rows[1].pk}"):
        call_command("revoke_token", "sfr_aaaaaa")
    assert not ApiToken.objects.filter(revoked_at__isnull=False).exists()
