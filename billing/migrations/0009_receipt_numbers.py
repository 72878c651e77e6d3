from django.db import migrations

FORWARD = "create sequence billing_receipt_number start 1"
BACKWARD = "drop sequence billing_receipt_number"


class Migration(migrations.Migration):
    dependencies = [("billing", "0008_orders")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
