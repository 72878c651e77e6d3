from django.db import migrations

# Of names that differ in their letters' case alone, the first stays.
FORWARD = """
update accounts_user u set username = left(u.username, 140) || '-' || left(u.id::text, 8)
where exists (
  select 1 from accounts_user o
  where lower(o.username) = lower(u.username)
    and (o.created_at, o.id) < (u.created_at, u.id))
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_people")]

    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]
