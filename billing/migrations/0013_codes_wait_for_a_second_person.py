import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0012_ledger_checks"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="code",
            name="waits",
            field=models.BooleanField(
                db_default=False,
                default=False,
                editable=False,
                verbose_name="waits for a second person",
            ),
        ),
        migrations.AddField(
            model_name="code",
            name="approved_by",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="code",
            name="approved_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddConstraint(
            model_name="code",
            constraint=models.CheckConstraint(
                condition=~Q(approved_by=F("created_by")), name="code_approved_by_another"
            ),
        ),
    ]
