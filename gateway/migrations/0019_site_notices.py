import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("gateway", "0018_hourly_use"),
    ]

    operations = [
        migrations.CreateModel(
            name="SiteNotice",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "text",
                    models.CharField(
                        help_text="On every page, for everybody. Say what, when and for how long.",
                        max_length=200,
                    ),
                ),
                (
                    "level",
                    models.CharField(
                        choices=[("info", "for information"), ("warn", "warning")],
                        default="info",
                        max_length=8,
                    ),
                ),
                (
                    "begins_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, verbose_name="shown from (UTC)"
                    ),
                ),
                (
                    "ends_at",
                    models.DateTimeField(
                        help_text="It goes by itself then.", verbose_name="shown until (UTC)"
                    ),
                ),
            ],
            options={
                "verbose_name": "banner",
                "ordering": ["-begins_at"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("ends_at__gt", models.F("begins_at"))),
                        name="site_notice_ends_after_its_start",
                    )
                ],
            },
        ),
    ]
