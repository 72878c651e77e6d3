from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("privacy", "0010_disclosures_and_reviews"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="datarequest",
            options={
                "permissions": [("begin_datarequest", "Can begin exports and deletions for people")]
            },
        ),
    ]
