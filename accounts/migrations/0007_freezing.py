from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("accounts", "0006_last_visits")]

    operations = [
        migrations.AlterModelOptions(
            name="user",
            options={"permissions": [("freeze_user", "Can freeze and thaw accounts")]},
        ),
    ]
