from django.db import migrations

FORWARD = """
-- Whoever accepted a version must find it as it was. Only who wrote and who approved it are
-- forgotten, when they are erased.
create function privacy_keep_policy() returns trigger language plpgsql as $$
begin
  if tg_op <> 'UPDATE' then
    raise exception 'published policies are kept' using errcode = 'restrict_violation';
  end if;
  if (new.id, new.kind, new.version, new.text, new.sha256, new.material, new.announced,
      new.summary, new.published_at)
       is distinct from
     (old.id, old.kind, old.version, old.text, old.sha256, old.material, old.announced,
      old.summary, old.published_at)
     or (new.written_by_id is distinct from old.written_by_id and new.written_by_id is not null)
     or (new.approved_by_id is distinct from old.approved_by_id
         and new.approved_by_id is not null)
  then
    raise exception 'a published policy stays as it is' using errcode = 'restrict_violation';
  end if;
  return new;
end $$;

create trigger privacy_policy_kept
  before update or delete on privacy_policyversion
  for each row execute function privacy_keep_policy();

create trigger privacy_policy_no_truncate
  before truncate on privacy_policyversion
  for each statement execute function privacy_keep_policy();
"""

BACKWARD = """
drop trigger privacy_policy_no_truncate on privacy_policyversion;
drop trigger privacy_policy_kept on privacy_policyversion;
drop function privacy_keep_policy();
"""


class Migration(migrations.Migration):
    dependencies = [("privacy", "0012_policies")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
