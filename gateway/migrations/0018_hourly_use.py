from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("gateway", "0017_route_holds")]

    operations = [
        migrations.CreateModel(
            name="HourlyUse",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("hour", models.DateTimeField(verbose_name="hour (UTC)")),
                ("model", models.CharField(blank=True, max_length=80)),
                ("provider", models.CharField(blank=True, max_length=40)),
                ("calls", models.PositiveBigIntegerField()),
                (
                    "refused",
                    models.PositiveBigIntegerField(
                        help_text="Answered with 4xx: the caller’s to mend."
                    ),
                ),
                (
                    "failed",
                    models.PositiveBigIntegerField(
                        help_text="Answered with 5xx: ours or a provider’s."
                    ),
                ),
                ("tokens_in", models.PositiveBigIntegerField()),
                ("tokens_out", models.PositiveBigIntegerField()),
                ("charge", models.BigIntegerField()),
                ("cost", models.BigIntegerField()),
                ("costed", models.BigIntegerField()),
                ("latencies", models.JSONField(default=dict)),
                ("first_tokens", models.JSONField(default=dict)),
            ],
            options={
                "verbose_name": "use of an hour",
                "verbose_name_plural": "use by hour",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("hour", "model", "provider"), name="hourly_use_once_an_hour"
                    ),
                ],
            },
        ),
    ]
