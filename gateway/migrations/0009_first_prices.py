from django.db import migrations
from django.utils import timezone

PRICES = ("input_price", "cache_read_price", "cache_write_price", "output_price")


def copy_to_versions(apps, schema_editor):
    """Make each model's prices its first version; one that lacks a price cannot be called."""
    Model = apps.get_model("gateway", "Model")
    ModelPrice = apps.get_model("gateway", "ModelPrice")
    ModelPrice.objects.bulk_create(
        ModelPrice(
            model=model,
            starts_at=model.created_at,
            **{name: getattr(model, name) for name in PRICES},
        )
        for model in Model.objects.filter(**{f"{name}__isnull": False for name in PRICES})
    )


def copy_to_models(apps, schema_editor):
    """Write the prices in force back to the models; the versions go with their table."""
    ModelPrice = apps.get_model("gateway", "ModelPrice")
    # Later ones overwrite earlier ones.
    for price in ModelPrice.objects.filter(starts_at__lte=timezone.now()).order_by("starts_at"):
        apps.get_model("gateway", "Model").objects.filter(pk=price.model_id).update(
            **{name: getattr(price, name) for name in PRICES}
        )


class Migration(migrations.Migration):
    dependencies = [("gateway", "0008_started_prices_are_final")]

    operations = [migrations.RunPython(copy_to_versions, copy_to_models)]
