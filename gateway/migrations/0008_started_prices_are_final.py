from django.db import migrations

FORWARD = """
create function gateway_keep_started_prices() returns trigger language plpgsql as $$
begin
  -- Who set a price may be forgotten; nothing else of one that has started ever changes.
  if tg_op = 'UPDATE' and new.created_by_id is null
     and to_jsonb(new) - 'created_by_id' = to_jsonb(old) - 'created_by_id' then
    return new;
  end if;
  -- The clock and not now(): a transaction may have begun before the prices started.
  if tg_op <> 'INSERT' and old.starts_at <= clock_timestamp() then
    raise exception 'prices that have started are final: % refused', tg_op
      using errcode = 'restrict_violation';
  end if;
  if tg_op = 'DELETE' then
    return old;
  end if;
  -- Past calls keep the prices that were in force. The seconds are for the way to the database.
  if new.starts_at < clock_timestamp() - interval '5 seconds' and exists (
    select 1 from gateway_modelprice
    where model_id = new.model_id and id <> new.id and starts_at <= clock_timestamp()
  ) then
    raise exception 'prices cannot start in the past' using errcode = 'restrict_violation';
  end if;
  return new;
end $$;

create trigger gateway_started_prices_final
  before insert or update or delete on gateway_modelprice
  for each row execute function gateway_keep_started_prices();

create function gateway_refuse_truncate() returns trigger language plpgsql as $$
begin
  raise exception 'prices that have started are final: % refused', tg_op
    using errcode = 'restrict_violation';
end $$;

create trigger gateway_prices_no_truncate
  before truncate on gateway_modelprice
  for each statement execute function gateway_refuse_truncate();
"""

BACKWARD = """
drop trigger gateway_prices_no_truncate on gateway_modelprice;
drop function gateway_refuse_truncate();
drop trigger gateway_started_prices_final on gateway_modelprice;
drop function gateway_keep_started_prices();
"""


class Migration(migrations.Migration):
    dependencies = [("gateway", "0007_model_prices")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
