from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("gateway", "0011_log_days")]

    operations = [
        migrations.CreateModel(
            name="DailyUse",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("day", models.DateField(verbose_name="day (UTC)")),
                ("model", models.CharField(blank=True, max_length=80)),
                ("endpoint", models.CharField(blank=True, max_length=32)),
                ("accounts", models.PositiveIntegerField()),
                ("calls", models.PositiveBigIntegerField()),
                ("errors", models.PositiveBigIntegerField()),
                ("tokens_in", models.PositiveBigIntegerField()),
                ("tokens_out", models.PositiveBigIntegerField()),
                ("charge", models.BigIntegerField()),
            ],
            options={
                "verbose_name": "use of a day",
                "verbose_name_plural": "use by day",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("day", "model", "endpoint"), name="daily_use_once_a_day"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("accounts__gte", 5)),
                        name="daily_use_of_enough_accounts",
                    ),
                ],
            },
        ),
    ]
