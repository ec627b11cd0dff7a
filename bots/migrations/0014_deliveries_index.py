"""The index of before, which the one by time replaces, goes once that is built."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("bots", "0013_webhook_description")]

    operations = [
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
