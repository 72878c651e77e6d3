import uuid

import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("privacy", "0009_staff_access"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="SecurityReview",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("held_on", models.DateField()),
                (
                    "scope",
                    models.TextField(
                        help_text="What was looked at, and how.",
                        max_length=10000,
                        validators=[
                            django.core.validators.MaxLengthValidator(10000),
                            django.core.validators.ProhibitNullCharactersValidator(),
                        ],
                    ),
                ),
                (
                    "findings",
                    models.TextField(
                        help_text="What was found; say so if it was nothing.",
                        max_length=10000,
                        validators=[
                            django.core.validators.MaxLengthValidator(10000),
                            django.core.validators.ProhibitNullCharactersValidator(),
                        ],
                    ),
                ),
                (
                    "actions",
                    models.TextField(
                        help_text="What is done about it, by whom, by when.",
                        max_length=10000,
                        validators=[
                            django.core.validators.MaxLengthValidator(10000),
                            django.core.validators.ProhibitNullCharactersValidator(),
                        ],
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False),
                ),
                ("warned_at", models.DateTimeField(editable=False, null=True)),
                ("alarmed_on", models.DateField(editable=False, null=True)),
                (
                    "by",
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
                "ordering": ["-held_on", "-id"],
            },
        ),
        migrations.CreateModel(
            name="Disclosure",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "authority",
                    models.CharField(
                        help_text="Who demands it, with place or court.", max_length=200
                    ),
                ),
                (
                    "legal_basis",
                    models.CharField(help_text="The law, warrant or order.", max_length=300),
                ),
                (
                    "reference",
                    models.CharField(help_text="The authority's own number.", max_length=200),
                ),
                ("received_on", models.DateField()),
                (
                    "data_sets",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=64), size=None, verbose_name="data"
                    ),
                ),
                (
                    "note",
                    models.TextField(
                        blank=True,
                        help_text="What was examined, and how the data goes out; no names.",
                        max_length=2000,
                        validators=[django.core.validators.MaxLengthValidator(2000)],
                    ),
                ),
                (
                    "secret_until",
                    models.DateField(
                        blank=True,
                        help_text="When the person may know; until then no reason may name it.",
                        null=True,
                    ),
                ),
                (
                    "secrecy_basis",
                    models.CharField(
                        blank=True,
                        help_text="The law or order that forbids to tell the person.",
                        max_length=300,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "waiting"),
                            ("disclosed", "disclosed"),
                            ("refused", "refused"),
                        ],
                        default="waiting",
                        editable=False,
                        max_length=9,
                    ),
                ),
                (
                    "requested_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False),
                ),
                ("decided_at", models.DateTimeField(editable=False, null=True)),
                ("told_person_at", models.DateTimeField(editable=False, null=True)),
                (
                    "decided_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        blank=True,
                        help_text="Whose data it is; empty where it is nobody's in particular.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="disclosures",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "requested_by",
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
                "permissions": [
                    ("approve_disclosure", "Can decide about disclosures that others entered")
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("secret_until", None),
                            models.Q(("secrecy_basis", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="disclosure_secret_by_a_law",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("decided_at", None), ("state", "waiting")),
                            models.Q(
                                models.Q(("state", "waiting"), _negated=True),
                                models.Q(("decided_at", None), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="disclosure_decided_at",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("decided_by", None),
                            models.Q(("decided_by", models.F("requested_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="disclosure_decided_by_another",
                    ),
                ],
            },
        ),
    ]
