from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("gateway", "0013_playground_keys")]

    operations = [
        migrations.CreateModel(
            name="UptimeSpell",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "part",
                    models.CharField(
                        choices=[
                            ("website", "Website"),
                            ("api", "API"),
                            ("database", "Database"),
                            ("redis", "Limits and cache"),
                        ],
                        max_length=16,
                    ),
                ),
                ("began", models.DateTimeField()),
                ("last_at", models.DateTimeField(verbose_name="last check")),
                ("checks", models.PositiveIntegerField(default=1)),
                ("ok", models.BooleanField(verbose_name="answered")),
                ("latency_ms", models.PositiveBigIntegerField(default=0, verbose_name="ms in all")),
                (
                    "reason",
                    models.CharField(blank=True, help_text="A word of ours.", max_length=24),
                ),
            ],
            options={
                "verbose_name": "stretch of uptime",
                "verbose_name_plural": "our own uptime",
                "ordering": ["-last_at", "part"],
                "indexes": [models.Index(fields=["part", "-last_at"], name="uptime_by_part")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ok", True), ("reason", "")),
                            models.Q(("ok", False), models.Q(("reason", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="uptime_fails_for_a_reason",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("last_at__gte", models.F("began"))), name="uptime_order"
                    ),
                ],
            },
        ),
    ]
