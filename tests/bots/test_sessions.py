"""Sessions say whose they are: all of one person end in one statement, and what is over goes by itself."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore as DjangosStore
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bots import staffing
from bots.models import SignInSession, TryCount
from sufrah.chores import tidy_rows
from tests.bots.test_second_factor import signed_in
from tests.world import World

pytestmark = pytest.mark.django_db


def statements_of_signing_out(world: World) -> int:
    with CaptureQueriesContext(
        connection,
    ) as seen:
        staffing.sign_out_everywhere(world.a.agent, by=world.a.agent)
    assert not any("session_data" in query["sql"] for query in seen), "no session is read"
    return len(seen)


def test_signing_out_everywhere_reads_no_session(world: World) -> None:
    signed_in(world.a.agent)
    alone = statements_of_signing_out(world)
    others = [signed_in(world.a.owner) for _ in range(20)]
    signed_in(world.a.agent)
    assert statements_of_signing_out(world) == alone
    assert all(other.get("/account/").status_code == 200 for other in others)


def test_a_session_says_whose_it_is_from_the_sign_in_on(world: World) -> None:
    client = Client()
    client.get("/login/")
    client.force_login(world.a.agent)
    assert SignInSession.objects.get().person_id == world.a.agent.pk
    assert SignInSession.objects.get().get_decoded()["_auth_user_id"] == str(world.a.agent.pk)
    client.post("/logout/")
    assert not SignInSession.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_what_is_over_goes_by_itself(world: World) -> None:
    now = timezone.now()
    fresh, old = signed_in(world.a.agent), signed_in(world.a.owner)
    SignInSession.objects.filter(person_id=world.a.owner.pk).update(expire_date=now - timedelta(seconds=1))
    Session.objects.create(session_key="before", session_data="", expire_date=now - timedelta(seconds=1))
    TryCount.objects.create(who="x", misses=1, missed_at=now - timedelta(days=2))
    tidy_rows(now)
    assert fresh.get("/account/").status_code == 200
    assert old.get("/account/").status_code == 302
    assert not Session.objects.exists()
    assert not TryCount.objects.exists()


def test_who_is_signed_in_stays_so_over_the_update(world: World) -> None:
    client = signed_in(world.a.agent)
    kept = SignInSession.objects.get()
    Session.objects.create(session_key=kept.pk, session_data=kept.session_data, expire_date=kept.expire_date)
    over = DjangosStore().encode({"_auth_user_id": str(world.a.agent.pk)})
    Session.objects.create(session_key="over", session_data=over, expire_date=timezone.now() - timedelta(days=1))
    SignInSession.objects.all().delete()
    assert client.get("/account/").status_code == 302
    client.cookies[settings.SESSION_COOKIE_NAME] = kept.pk
    carry: Any = import_module("bots.migrations.0011_carry_sessions").carry
    carry(apps, None)
    assert list(SignInSession.objects.values_list("pk", "person_id")) == [(kept.pk, world.a.agent.pk)]
    assert client.get("/account/").status_code == 200
    carry(apps, None)
