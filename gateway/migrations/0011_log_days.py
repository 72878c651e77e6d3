import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("gateway", "0010_prices_by_version_only")]

    operations = [
        migrations.AddField(
            model_name="apikey",
            name="log_days",
            field=models.PositiveSmallIntegerField(
                default=30,
                help_text="How long its calls stay in the request log. 0: they are not logged.",
                validators=[django.core.validators.MaxValueValidator(30)],
                verbose_name="days in the log",
            ),
        ),
        migrations.AddIndex(
            model_name="apikey",
            index=models.Index(
                condition=models.Q(("log_days__lt", 30)), fields=["id"], name="key_short_log"
            ),
        ),
        migrations.AddConstraint(
            model_name="apikey",
            constraint=models.CheckConstraint(
                condition=models.Q(("log_days__gte", 0), ("log_days__lte", 30)),
                name="key_log_days",
            ),
        ),
    ]
