from django.db import migrations

# Which provider answered a call, and every route that was tried for it: an array of
# {"provider", "ms", "reason"}, the reason being one of our own words.
FORWARD = """
alter table gateway_requestlog
  add column provider varchar(40) not null default '',
  add column attempts jsonb not null default '[]';
"""
BACKWARD = "alter table gateway_requestlog drop column provider, drop column attempts;"


class Migration(migrations.Migration):
    dependencies = [("gateway", "0004_vip_levels")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
