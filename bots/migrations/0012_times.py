"""Deliveries are listed in the order of their times; the index is built while others write."""

import django.db.models.deletion
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
        migrations.AlterField(
            model_name="hookdelivery",
            name="endpoint",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="deliveries",
                to="bots.hookendpoint",
                verbose_name="webhook",
            ),
        ),
    ]
