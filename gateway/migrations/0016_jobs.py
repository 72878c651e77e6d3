from django.db import migrations, models
from django.db.models.functions import Now


class Migration(migrations.Migration):
    dependencies = [
        ("gateway", "0015_incidents"),
    ]

    operations = [
        migrations.CreateModel(
            name="JobRun",
            fields=[
                ("task", models.CharField(max_length=100, primary_key=True, serialize=False)),
                (
                    "known_since",
                    models.DateTimeField(db_default=Now()),
                ),
                ("begun_at", models.DateTimeField(null=True, verbose_name="last begun")),
                ("ended_at", models.DateTimeField(null=True, verbose_name="last ended")),
                (
                    "duration_ms",
                    models.PositiveBigIntegerField(null=True, verbose_name="took (ms)"),
                ),
                ("problem", models.CharField(blank=True, db_default="", default="", max_length=60)),
                ("succeeded_at", models.DateTimeField(null=True, verbose_name="last succeeded")),
            ],
            options={
                "verbose_name": "periodic job",
                "ordering": ["task"],
            },
        ),
    ]
