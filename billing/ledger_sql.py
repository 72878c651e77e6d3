"""The statements by which money moves; the account row is the mutex of them all.

Lock order: account, hold, ledger; several accounts by id. The idempotent insert or the
state change gates the update of the balance, never the other way round. MOVE serves one
call and a thousand alike.
"""

# Stands in MOVE for an insert that joins its transaction.
RECORDED = "/* recorded */"

# Closes holds and grants new ones, many of each, in one statement and so in one transaction.
#
# Closing: state 1 settles, state 2 releases with cost 0; a hold that is not open is passed
# over, and with `expired` one that has not expired. Asking: grants in order, from what is free
# after the closings. The first request of an account is clamped to what is free, never below
# its `need`; what stands behind it must fit whole, else it is tried again with the next batch.
#
# Gives (true, ord, cost) of each hold that was closed, and (false, ord, granted, left, earlier
# hold, its amount) of each request: granted 0 means no money or a duplicate, `left` is what the
# account then has free, and the earlier hold is the one that this request id took before.
MOVE = """
with closing as (
  select * from unnest(%(c_ord)s::int[], %(c_hold)s::uuid[], %(c_account)s::bigint[],
                       %(c_cost)s::bigint[], %(c_state)s::smallint[])
    t(ord, hold, account, cost, state)),
asking as (
  select * from unnest(%(a_ord)s::int[], %(a_hold)s::uuid[], %(a_account)s::bigint[],
                       %(a_request)s::text[], %(a_want)s::bigint[], %(a_need)s::bigint[])
    t(ord, hold, account, request, want, need)),
locked as materialized (
  select a.id, a.balance - a.held as free from billing_account a
  where a.id in (select account from closing union all select account from asking)
  order by a.id for update),
closed as (
  update billing_hold h set state = c.state, cost = least(c.cost, h.amount)
  from closing c join locked l on l.id = c.account
  where h.id = c.hold and h.account_id = c.account and h.state = 0
    and (not %(expired)s or h.expires_at < now())
  returning c.ord, h.id, h.account_id, h.amount, h.cost),
freed as (
  select account_id, sum(amount)::bigint as amount, sum(cost)::bigint as cost
  from closed group by 1),
known as (
  select a.*, h.id as earlier, h.amount as earlier_amount
  from asking a left join billing_hold h
    on h.account_id = a.account and h.request_id = a.request),
fresh as (
  select k.*, l.free + coalesce(f.amount - f.cost, 0) as free,
         row_number() over (partition by k.account order by k.ord) as nth
  from known k join locked l on l.id = k.account left join freed f on f.account_id = k.account
  where k.earlier is null),
sized as (
  select f.*, case when nth = 1 then least(want, greatest(free, need)) else want end as amount
  from fresh f),
fits as (
  select * from (
    select s.*, sum(amount) over (partition by account order by ord) as upto from sized s) q
  where upto <= free),
granted as (
  insert into billing_hold (id, account_id, request_id, amount, expires_at)
  select hold, account, request, amount, now() + %(ttl)s::int * interval '1 second' from fits
  on conflict (account_id, request_id) do nothing
  returning id, account_id, amount),
taken as (
  select account_id, sum(amount)::bigint as amount from granted group by 1),
moved as (
  update billing_account a
  set held = a.held - coalesce(f.amount, 0) + coalesce(t.amount, 0),
      balance = a.balance - coalesce(f.cost, 0)
  from locked l
    left join freed f on f.account_id = l.id
    left join taken t on t.account_id = l.id
  where a.id = l.id and (f.account_id is not null or t.account_id is not null)
  returning a.id, a.balance, a.balance - a.held as free, coalesce(f.cost, 0) as cost),
entries as (
  insert into billing_ledgerentry (account_id, kind, amount, balance_after, reference)
  select c.account_id, 'usage', -c.cost,
         m.balance + m.cost - sum(c.cost) over (partition by c.account_id order by c.ord),
         replace(c.id::text, '-', '')
  from closed c join moved m on m.id = c.account_id
  where c.cost > 0 order by c.ord)
/* recorded */
select true, ord, cost, null::bigint, null::text, null::bigint from closed
union all
select false, k.ord, coalesce(g.amount, 0), coalesce(m.free, l.free, 0),
       replace(k.earlier::text, '-', ''), k.earlier_amount
from known k
left join granted g on g.id = k.hold
left join locked l on l.id = k.account
left join moved m on m.id = k.account
"""

# How holds that could not be closed stand: (id, state, cost).
READ_HOLDS = """
select replace(id::text, '-', ''), state, cost from billing_hold where id = any(%(hold)s::uuid[])
"""

# One movement that is not use: a top-up, a grant, a refund. Gives the balance after it, or
# nothing where this kind and reference were posted before.
POST = """
with locked as materialized (
  select id, balance from billing_account where id = %(account)s for update),
entry as (
  insert into billing_ledgerentry (account_id, kind, amount, balance_after, reference)
  select id, %(kind)s, %(amount)s, balance + %(amount)s, %(reference)s from locked
  on conflict (kind, reference) do nothing
  returning account_id, amount)
update billing_account a set balance = a.balance + e.amount from entry e
where a.id = e.account_id
returning a.balance
"""

# One hold a statement: it locks a single row, so it cannot join a deadlock.
EXTEND = """
update billing_hold set expires_at = now() + %(ttl)s::int * interval '1 second'
where id = %(hold)s and state = 0
"""

EXPIRED = """
select replace(id::text, '-', ''), account_id from billing_hold
where state = 0 and expires_at < now()
order by account_id, id limit %(limit)s
"""

# Closed holds are a trace of single calls, so they go with the request log. Ids are UUIDs of
# version 7: their first 48 bits are a time, so the primary key finds the old ones.
DELETE_OLD = """
delete from billing_hold where id in (
  select h.id from billing_hold h
  where h.id < (lpad(to_hex((extract(epoch from now() - %(days)s::int * interval '1 day')
                             * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
    and h.state <> 0
    and not exists (select 1 from billing_uncollecteduse u where u.hold_id = h.id)
  order by h.id limit %(limit)s)
"""

UNCOLLECTED = """
insert into billing_uncollecteduse (hold_id, account_id, cost)
values (%(hold)s, %(account)s, %(cost)s) on conflict (hold_id) do nothing
"""
