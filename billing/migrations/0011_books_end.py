"""Let the rows of books go once no law asks for them: in a transaction that says so."""

from django.db import migrations

PAST = "coalesce(current_setting('lumyx.past_retention', true), '') = 'on'"

FORWARD = f"""
create or replace function billing_refuse_change() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' and {PAST} then
    return old;
  end if;
  raise exception 'the ledger is append-only: % refused', tg_op
    using errcode = 'restrict_violation';
end $$;

create or replace function billing_keep_account() returns trigger language plpgsql as $$
begin
  if {PAST} then
    return old;
  end if;
  raise exception 'accounts are kept for their ledger' using errcode = 'restrict_violation';
end $$;

create function billing_adjustments_end() returns trigger language plpgsql as $$
begin
  if {PAST} then
    return old;
  end if;
  raise exception 'adjustments are kept' using errcode = 'restrict_violation';
end $$;

drop trigger billing_adjustment_kept on billing_adjustment;
create trigger billing_adjustment_kept
  before update on billing_adjustment
  for each row execute function billing_keep_adjustment();
create trigger billing_adjustment_ends
  before delete on billing_adjustment
  for each row execute function billing_adjustments_end();
"""

BACKWARD = """
drop trigger billing_adjustment_ends on billing_adjustment;
drop trigger billing_adjustment_kept on billing_adjustment;
create trigger billing_adjustment_kept
  before update or delete on billing_adjustment
  for each row execute function billing_keep_adjustment();
drop function billing_adjustments_end();

create or replace function billing_keep_account() returns trigger language plpgsql as $$
begin
  raise exception 'accounts are kept for their ledger' using errcode = 'restrict_violation';
end $$;

create or replace function billing_refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'the ledger is append-only: % refused', tg_op
    using errcode = 'restrict_violation';
end $$;
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0010_books")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
