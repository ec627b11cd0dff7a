"""Deliveries are listed in the order of their times; the index is built while others write."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("bots", "0011_carry_sessions"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="hookdelivery",
            index=models.Index(fields=["endpoint", "created_at", "id"], name="hooks_newest"),
        ),
    ]
