"""The session engine (SESSION_ENGINE): Django's database sessions, which also say whose they are."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.models import Session

from bots.sign_in.models import SignInSession


class SessionStore(DatabaseStore):
    """https://docs.djangoproject.com/en/5.2/topics/http/sessions/#extending-database-backed-session-engines"""

    @classmethod
    def get_model_class(cls) -> Any:
        return SignInSession

    def create_model_instance(self, data: dict[str, Any]) -> Any:
        row: Any = super().create_model_instance(data)
        whose = str(data.get(SESSION_KEY, ""))
        row.person_id = int(whose) if whose.isdecimal() else None
        return row


def end_sessions(person_id: int, *, but: str | None = None) -> int:
    """Ends all of the person, `but` the one with this key, and returns how many there were. One statement."""
    rows = SignInSession.objects.filter(person_id=person_id)
    ended, _by_model = (rows.exclude(session_key=but) if but else rows).delete()
    return ended


def forget_over(now: datetime) -> None:
    """Removes sessions that are over: ours, and those that a version before this one kept in Django's own table."""
    SignInSession.objects.filter(expire_date__lt=now).delete()
    Session.objects.filter(expire_date__lt=now).delete()
