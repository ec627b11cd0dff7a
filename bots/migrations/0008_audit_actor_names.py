from django.db import migrations


class Migration(migrations.Migration):
    """The names of those who are still there, as they are today."""

    dependencies = [
        ("bots", "0007_audit_actor"),
    ]

    operations = [
        migrations.RunSQL(
            """
            UPDATE bots_auditevent AS event SET actor = left(person.username, 160)
            FROM auth_user AS person WHERE person.id = event.user_id AND event.actor = ''
            """,
            migrations.RunSQL.noop,
        ),
    ]
