import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("privacy", "0008_canary"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="StaffAccess",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                ("kind", models.CharField(max_length=100)),
                ("object_id", models.CharField(blank=True, max_length=255, verbose_name="row")),
                (
                    "how",
                    models.CharField(
                        choices=[
                            ("list", "seen in a list"),
                            ("found", "found by a search"),
                            ("opened", "opened"),
                            ("history", "its history opened"),
                            ("added", "something added to it"),
                            ("changed", "a change sent"),
                            ("acted", "acted on"),
                        ],
                        max_length=8,
                    ),
                ),
                ("reason", models.CharField(max_length=200)),
                (
                    "staff",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="staff_accesses",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "staff access",
                "verbose_name_plural": "staff accesses",
                "indexes": [
                    models.Index(fields=["user", "-at"], name="staff_access_of_person"),
                    models.Index(fields=["at"], name="staff_access_by_age"),
                ],
            },
        ),
    ]
