import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0009_receipt_numbers")]

    operations = [
        migrations.CreateModel(
            name="Books",
            fields=[
                (
                    "account",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="books",
                        serialize=False,
                        to="billing.account",
                    ),
                ),
                ("document_type", models.CharField(default="account book", max_length=20)),
                ("jurisdiction", models.CharField(max_length=80)),
                ("closed_on", models.DateField()),
                ("retain_until", models.DateField(db_index=True)),
            ],
            options={"verbose_name_plural": "books"},
        ),
        migrations.CreateModel(
            name="SealedReceipt",
            fields=[
                (
                    "order",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="sealed_receipt",
                        serialize=False,
                        to="billing.order",
                    ),
                ),
                ("sealed", models.BinaryField(editable=False)),
                ("document_type", models.CharField(default="receipt", max_length=20)),
                ("jurisdiction", models.CharField(max_length=80)),
                ("retain_until", models.DateField(db_index=True)),
            ],
        ),
    ]
