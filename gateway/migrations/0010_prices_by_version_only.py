from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("gateway", "0009_first_prices")]

    operations = [
        migrations.RemoveField(model_name="model", name="input_price"),
        migrations.RemoveField(model_name="model", name="cache_read_price"),
        migrations.RemoveField(model_name="model", name="cache_write_price"),
        migrations.RemoveField(model_name="model", name="output_price"),
    ]
