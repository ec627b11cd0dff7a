"""The operators' page of the jobs."""

from __future__ import annotations

import html
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from procrastinate.contrib.django.models import ProcrastinateJob

from bots.jobs import wake
from tests.world import World

pytestmark = pytest.mark.django_db
DOOR = "/admin/procrastinate/procrastinatejob/"


@pytest.fixture
def page(world: World, client: Client) -> Client:
    client.force_login(world.operator)
    return client


def text_of(response: Any) -> str:
    assert response.status_code == 200
    return html.unescape(response.content.decode())


def job(status: str = "todo") -> ProcrastinateJob:
    wake("deliver", conversation_id=7)
    made: ProcrastinateJob = ProcrastinateJob.objects.latest("id")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = %s WHERE id = %s", [status, made.pk])
    made.refresh_from_db()
    return made


def states() -> list[str]:
    return list(ProcrastinateJob.objects.order_by("id").values_list("status", flat=True))


def test_it_says_what_waits_and_about_what(page: Client) -> None:
    waits = job()
    for address in (DOOR, f"{DOOR}{waits.pk}/change/"):
        shown = text_of(page.get(address))
        for words in ("Background work", "deliver", "waiting", '"conversation_id": 7'):
            assert words in shown


def test_it_is_arabic_for_who_reads_arabic(page: Client) -> None:
    job()
    shown = text_of(page.get(DOOR, headers={"accept-language": "ar"}))
    assert "rocrastinate jobs" not in shown
    assert "الأعمال" in shown


def test_the_list_narrows_to_a_state(page: Client) -> None:
    failed, waits = job("failed"), job()
    shown = text_of(page.get(f"{DOOR}?state=failed"))
    assert f"{DOOR}{failed.pk}/change/" in shown
    assert f"{DOOR}{waits.pk}/change/" not in shown
    assert text_of(page.get(f"{DOOR}?state=nonsense")).count("/change/") >= 2


def test_what_failed_is_tried_again_and_nothing_else(page: Client) -> None:
    chosen = [job("failed").pk, job("doing").pk]
    answer = page.post(DOOR, {"action": "try_again", "_selected_action": chosen}, follow=True)
    assert "1 job waits again." in text_of(answer)
    assert states() == ["todo", "doing"]


def test_who_may_only_look_tries_nothing_again(world: World) -> None:
    looker = User.objects.create_user("looker", password="x" * 12, is_staff=True)
    looker.user_permissions.add(Permission.objects.get(codename="view_procrastinatejob"))
    client = Client()
    client.force_login(looker)
    client.post(DOOR, {"action": "try_again", "_selected_action": [job("failed").pk]})
    assert states() == ["failed"]
    assert client.post(f"{DOOR}add/").status_code == 403
