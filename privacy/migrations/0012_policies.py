import uuid

import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("privacy", "0011_general_requests"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="PolicyDraft",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("kind", models.CharField(editable=False, max_length=16)),
                ("effective", models.DateField()),
                (
                    "text",
                    models.TextField(
                        max_length=200000,
                        validators=[
                            django.core.validators.MaxLengthValidator(200000),
                            django.core.validators.ProhibitNullCharactersValidator(),
                        ],
                    ),
                ),
                (
                    "summary",
                    models.TextField(
                        max_length=2000,
                        validators=[
                            django.core.validators.MaxLengthValidator(2000),
                            django.core.validators.ProhibitNullCharactersValidator(),
                        ],
                    ),
                ),
                ("material", models.BooleanField(default=True)),
                (
                    "changed_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False),
                ),
                (
                    "written_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-changed_at"],
            },
        ),
        migrations.CreateModel(
            name="PolicyVersion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(max_length=16)),
                ("version", models.DateField()),
                ("text", models.TextField()),
                ("sha256", models.CharField(max_length=64)),
                ("material", models.BooleanField()),
                ("announced", models.DateField()),
                (
                    "summary",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=2000), size=None
                    ),
                ),
                ("published_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "approved_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "written_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["kind", "-version"],
                "permissions": [
                    ("publish_policy", "Can draft policies and publish what others wrote")
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("kind", "version"), name="policy_version_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("approved_by", None),
                            models.Q(("approved_by", models.F("written_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="policy_approved_by_another",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("version__gt", models.F("announced"))),
                        name="policy_announced_before",
                    ),
                ],
            },
        ),
    ]
