from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("privacy", "0006_inactivity")]

    operations = [
        migrations.CreateModel(
            name="ProbeResult",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("clause", models.CharField(max_length=40)),
                ("ran_at", models.DateTimeField()),
                ("passed", models.BooleanField()),
                ("applies", models.BooleanField(default=True)),
                ("said", models.CharField(max_length=400)),
                ("details", models.TextField(blank=True)),
                ("measured", models.JSONField(default=dict)),
                ("since", models.DateTimeField()),
                ("milliseconds", models.PositiveIntegerField()),
            ],
            options={
                "ordering": ["-ran_at", "id"],
                "indexes": [models.Index(fields=["clause", "-ran_at"], name="probe_by_clause")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("passed", False), ("applies", True), _connector="OR"),
                        name="probe_passed_applies",
                    )
                ],
            },
        ),
    ]
