from django.db import migrations

# Partitioned by UTC day, so that 30 days of retention cost a dropped table. The order of the
# columns is that of the model; there is no default partition, which would outlive its days.
FORWARD = """
create table gateway_requestlog (
  id uuid not null,
  started_at timestamptz not null,
  account_id bigint not null,
  key_id uuid not null,
  endpoint varchar(32) not null,
  model varchar(80) not null,
  streamed boolean not null,
  status smallint not null,
  error_code varchar(40) not null,
  input_tokens integer not null,
  cache_read_tokens integer not null,
  cache_write_tokens integer not null,
  output_tokens integer not null,
  reasoning_tokens integer not null,
  input_price bigint not null,
  cache_read_price bigint not null,
  cache_write_price bigint not null,
  output_price bigint not null,
  charge bigint not null,
  charge_basis varchar(12) not null,
  latency_ms integer not null,
  first_token_ms integer,
  ip inet not null,
  country varchar(2) not null,
  client varchar(40) not null,
  system varchar(40) not null,
  device varchar(40) not null,
  primary key (id, started_at)
) partition by range (started_at);

create index gateway_requestlog_by_account on gateway_requestlog (account_id, started_at desc);
"""


class Migration(migrations.Migration):
    dependencies = [("gateway", "0001_initial")]

    operations = [migrations.RunSQL(FORWARD, "drop table gateway_requestlog")]
