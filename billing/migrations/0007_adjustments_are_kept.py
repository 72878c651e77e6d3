from django.db import migrations

FORWARD = """
create trigger billing_redemption_append_only
  before update or delete on billing_redemption
  for each row execute function billing_refuse_change();

create trigger billing_redemption_no_truncate
  before truncate on billing_redemption
  for each statement execute function billing_refuse_change();

-- What was requested stays as it was, and what was decided is decided. People may be erased from
-- it, and the reason be corrected, should somebody have named a person there.
create function billing_keep_adjustment() returns trigger language plpgsql as $$
begin
  if tg_op in ('DELETE', 'TRUNCATE') then
    raise exception 'adjustments are kept' using errcode = 'restrict_violation';
  end if;
  if (new.id, new.account_id, new.kind, new.amount, new.bonus, new.requested_at)
       is distinct from
     (old.id, old.account_id, old.kind, old.amount, old.bonus, old.requested_at)
     or (new.requested_by_id is distinct from old.requested_by_id
         and new.requested_by_id is not null)
     or (old.state <> 'waiting' and (
           (new.state, new.decided_at) is distinct from (old.state, old.decided_at)
           or (new.decided_by_id is distinct from old.decided_by_id
               and new.decided_by_id is not null)))
  then
    raise exception 'a decided adjustment stays as it is' using errcode = 'restrict_violation';
  end if;
  return new;
end $$;

create trigger billing_adjustment_kept
  before update or delete on billing_adjustment
  for each row execute function billing_keep_adjustment();

create trigger billing_adjustment_no_truncate
  before truncate on billing_adjustment
  for each statement execute function billing_keep_adjustment();
"""

BACKWARD = """
drop trigger billing_adjustment_no_truncate on billing_adjustment;
drop trigger billing_adjustment_kept on billing_adjustment;
drop function billing_keep_adjustment();
drop trigger billing_redemption_no_truncate on billing_redemption;
drop trigger billing_redemption_append_only on billing_redemption;
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0006_codes_and_adjustments")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
