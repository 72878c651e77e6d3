from django.db import migrations

LEVELS = [
    # level, requests a minute, requests a day, price in % of the list price
    (1, 120, 2_000, 97),
    (2, 240, 4_000, 95),
    (3, 480, 6_000, 92),
    (4, 1_000, 10_000, 90),
]


def write_levels(apps, schema_editor):
    VipLevel = apps.get_model("gateway", "VipLevel")
    VipLevel.objects.bulk_create(
        VipLevel(level=level, minute_limit=minute, day_limit=day, price_percent=percent)
        for level, minute, day, percent in LEVELS
    )


def free_default_limits(apps, schema_editor):
    """Let keys that had the old defaults rise with their owner's VIP level."""
    ApiKey = apps.get_model("gateway", "ApiKey")
    ApiKey.objects.filter(minute_limit=60).update(minute_limit=None)
    ApiKey.objects.filter(day_limit=1_000).update(day_limit=None)


def restore_default_limits(apps, schema_editor):
    ApiKey = apps.get_model("gateway", "ApiKey")
    ApiKey.objects.filter(minute_limit=None).update(minute_limit=60)
    ApiKey.objects.filter(day_limit=None).update(day_limit=1_000)


class Migration(migrations.Migration):
    dependencies = [("gateway", "0003_keys")]

    operations = [
        migrations.RunPython(write_levels, migrations.RunPython.noop),
        migrations.RunPython(free_default_limits, restore_default_limits),
    ]
