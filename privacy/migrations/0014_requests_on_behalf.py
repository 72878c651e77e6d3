from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("privacy", "0013_published_policies_stand"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="datarequest",
            options={
                "permissions": [("begin_datarequest", "Can begin exports and deletions for people")]
            },
        ),
    ]
