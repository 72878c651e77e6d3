from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("privacy", "0014_requests_on_behalf")]

    operations = [
        migrations.AlterModelOptions(
            name="datarequest",
            options={
                "permissions": [
                    ("begin_datarequest", "Can begin exports and deletions for people"),
                    ("answer_message", "Can answer messages that are not about data"),
                ]
            },
        ),
    ]
