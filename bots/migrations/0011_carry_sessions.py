"""Who is signed in stays so: sessions move to the table that says whose they are. What the counter of before noted of
failed sign-ins goes, because it kept codes as they were typed; its tables stay for processes that still run."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import migrations

FORGET_TYPED_CODES = """
DO $$ BEGIN
  IF to_regclass('axes_accessattempt') IS NOT NULL THEN
    UPDATE axes_accessattempt SET get_data = '', post_data = '';
  END IF;
END $$
"""


def carry(apps: Any, schema_editor: Any) -> None:
    old, new = apps.get_model("sessions", "Session"), apps.get_model("bots", "SignInSession")
    live = old._default_manager.filter(expire_date__gt=datetime.now(timezone.utc))
    batch: list[Any] = []
    for row in live.iterator(chunk_size=500):
        whose = str(SessionStore().decode(row.session_data).get(SESSION_KEY, ""))
        person = int(whose) if whose.isdecimal() else None
        batch.append(
            new(session_key=row.session_key, session_data=row.session_data, expire_date=row.expire_date, person_id=person)
        )
        if len(batch) == 500:
            new._default_manager.bulk_create(batch, ignore_conflicts=True)
            batch = []
    new._default_manager.bulk_create(batch, ignore_conflicts=True)


class Migration(migrations.Migration):
    dependencies = [("bots", "0010_sign_in"), ("sessions", "0001_initial")]
    operations = [
        migrations.RunPython(carry, migrations.RunPython.noop),
        migrations.RunSQL(FORGET_TYPED_CODES, migrations.RunSQL.noop),
    ]
