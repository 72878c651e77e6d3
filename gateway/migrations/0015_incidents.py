import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import gateway.models.incidents


class Migration(migrations.Migration):
    dependencies = [("gateway", "0014_uptime")]

    operations = [
        migrations.CreateModel(
            name="Incident",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("title", models.CharField(max_length=120)),
                (
                    "impact",
                    models.CharField(
                        choices=[
                            ("none", "no impact"),
                            ("minor", "minor impact"),
                            ("major", "major impact"),
                        ],
                        default="minor",
                        max_length=8,
                    ),
                ),
                (
                    "affected",
                    models.JSONField(
                        blank=True,
                        default=list,
                        validators=[gateway.models.incidents.check_affected],
                    ),
                ),
                ("planned", models.BooleanField(default=False, verbose_name="planned work")),
                (
                    "started_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, verbose_name="start (UTC)"
                    ),
                ),
                (
                    "ends_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="Of planned work only.",
                        null=True,
                        verbose_name="planned end (UTC)",
                    ),
                ),
                (
                    "resolved_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="Set by itself with an update that says so.",
                        null=True,
                        verbose_name="resolved (UTC)",
                    ),
                ),
            ],
            options={
                "ordering": ["-started_at", "-pk"],
                "indexes": [models.Index(fields=["-started_at"], name="incident_by_start")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("resolved_at__isnull", True),
                            ("resolved_at__gte", models.F("started_at")),
                            _connector="OR",
                        ),
                        name="incident_ends_after_its_start",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ends_at__isnull", True), ("planned", False)),
                            models.Q(("ends_at__gt", models.F("started_at")), ("planned", True)),
                            _connector="OR",
                        ),
                        name="incident_has_a_window_if_planned",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="IncidentUpdate",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, verbose_name="time (UTC)"
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("announced", "Announced"),
                            ("under-way", "Under way"),
                            ("investigating", "Investigating"),
                            ("identified", "Cause found"),
                            ("monitoring", "Watching the fix"),
                            ("resolved", "Resolved"),
                        ],
                        default="investigating",
                        max_length=16,
                    ),
                ),
                ("text", models.TextField(max_length=2000)),
                (
                    "incident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="updates",
                        to="gateway.incident",
                    ),
                ),
            ],
            options={
                "ordering": ["-at", "-pk"],
            },
        ),
    ]
