import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0002_append_only_ledger")]

    operations = [
        migrations.CreateModel(
            name="Budget",
            fields=[
                ("id", models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ("held", models.BigIntegerField(db_default=0, default=0)),
                ("total", models.BigIntegerField(db_default=0, default=0)),
                ("day", models.DateField()),
                ("day_spent", models.BigIntegerField(db_default=0, default=0)),
                ("month", models.DateField()),
                ("month_spent", models.BigIntegerField(db_default=0, default=0)),
            ],
        ),
        migrations.AddField(
            model_name="hold",
            name="budget",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="holds",
                to="billing.budget",
            ),
        ),
        migrations.AddField(
            model_name="hold",
            name="fingerprint",
            field=models.UUIDField(null=True),
        ),
        # As with accounts: made once and then moved by every call.
        migrations.RunSQL(
            "alter table billing_budget set (fillfactor = 50)",
            "alter table billing_budget reset (fillfactor)",
        ),
    ]
