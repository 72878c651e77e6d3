from django.db import migrations

FORWARD = """
create function billing_refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'the ledger is append-only: % refused', tg_op
    using errcode = 'restrict_violation';
end $$;

create trigger billing_ledger_append_only
  before update or delete on billing_ledgerentry
  for each row execute function billing_refuse_change();

create trigger billing_ledger_no_truncate
  before truncate on billing_ledgerentry
  for each statement execute function billing_refuse_change();

create function billing_keep_account() returns trigger language plpgsql as $$
begin
  raise exception 'accounts are kept for their ledger' using errcode = 'restrict_violation';
end $$;

create trigger billing_account_kept
  before delete on billing_account
  for each row execute function billing_keep_account();

-- Accounts are created once and then moved by every call: leave room to update in place.
alter table billing_account set (fillfactor = 50);
alter table billing_hold set (fillfactor = 70);
"""

BACKWARD = """
drop trigger billing_account_kept on billing_account;
drop function billing_keep_account();
alter table billing_hold reset (fillfactor);
alter table billing_account reset (fillfactor);
drop trigger billing_ledger_no_truncate on billing_ledgerentry;
drop trigger billing_ledger_append_only on billing_ledgerentry;
drop function billing_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_initial")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
