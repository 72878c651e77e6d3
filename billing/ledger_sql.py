"""The statements by which money moves; the account row is the mutex of them all.

Lock order: account, budget, hold, ledger; several accounts by id. The idempotent insert or the
state change gates the update of the balance, never the other way round. MOVE serves one
call and a thousand alike.
"""

# Stands in MOVE for an insert that joins its transaction.
RECORDED = "/* recorded */"

# Days and months of budgets are UTC.
TODAY = "(now() at time zone 'utc')::date"
THIS_MONTH = "date_trunc('month', now() at time zone 'utc')::date"

# Closes holds and grants new ones, many of each, in one statement and so in one transaction.
#
# Closing: state 1 settles, state 2 releases with cost 0; a hold that is not open is passed
# over, and with `expired` one that has not expired. A released hold with a fingerprint gives its
# request id up.
#
# Asking: grants in order, from what is free after the closings. The first request of an account
# is clamped to what is free and what its budget has room for, never below its `need`; what stands
# behind it must fit whole into both, else it is tried again with the next batch. What can never
# fit into its budget is left out, so that it keeps nobody waiting.
#
# Budgets: whoever writes one has locked its account, so `for update` never waits here. It makes
# the row be read as it is now, not as it was before the wait for the account. A request whose
# budget has no row is not granted. A statement that began before midnight may come after one of
# the new day: a counter never goes back to the day before.
#
# The accounts to lock are a parameter and not read from `closing` and `asking`: PostgreSQL asks
# the condition again of a row that it had to wait for, and of a join with a grouped union it
# then knows one group only, so that accounts of a contended batch would be passed over.
#
# A hold is found by its id: what else must be true of it is asked with `is not distinct from`,
# which no index serves. A plan made while the table was empty might else take the index by
# account or the one of open holds, and read all of them for each call.
#
# Gives (true, ord, cost, balance after it, null, null) of each hold that was closed, and
# (false, ord, granted, left, why not, earlier hold) of each request. Granted is what this very
# hold has, also where an earlier try took it; `left` is what the account then has free. `why`
# names the spend limit that is reached, or 'unopened' for a budget without a row, or says of the
# hold that this request id took before that it 'differs' in its fingerprint, is 'open', 'settled'
# or 'released'. Neither granted nor a reason means no money where `left` is below the need, else
# that the request is to be tried again.
MOVE = f"""
with closing as (
  select * from unnest(%(c_ord)s::int[], %(c_hold)s::uuid[], %(c_account)s::bigint[],
                       %(c_cost)s::bigint[], %(c_state)s::smallint[])
    t(ord, hold, account, cost, state)),
asking as (
  select * from unnest(%(a_ord)s::int[], %(a_hold)s::uuid[], %(a_account)s::bigint[],
                       %(a_request)s::text[], %(a_want)s::bigint[], %(a_need)s::bigint[],
                       %(a_fingerprint)s::uuid[]
                       , %(a_budget)s::uuid[], %(a_total)s::bigint[]                    -- budget
                       , %(a_month)s::bigint[], %(a_day)s::bigint[]                     -- budget
    ) t(ord, hold, account, request, want, need, fingerprint
        , budget, total, month, day                                                     -- budget
    )),
locked as materialized (
  select a.id, a.balance - a.held as free from billing_account a
  where a.id = any(%(accounts)s::bigint[])
  order by a.id for update),
closed as (
  update billing_hold h
  set state = c.state, cost = least(c.cost, h.amount),
      request_id = case when c.state = 2 and h.fingerprint is not null
                        then replace(h.id::text, '-', '') else h.request_id end
  from closing c join locked l on l.id = c.account
  where h.id = c.hold and h.account_id is not distinct from c.account
    and h.state is not distinct from 0
    and (not %(expired)s or h.expires_at < now())
  returning c.ord, h.id, h.account_id, h.budget_id, h.amount, h.cost),
freed as (
  select account_id, sum(amount)::bigint as amount, sum(cost)::bigint as cost
  from closed group by 1),
budget_freed as (                                                                       -- budget
  select budget_id, sum(amount - cost)::bigint as amount                                -- budget
  from closed where budget_id is not null group by 1),                                  -- budget
budget as materialized (                                                                -- budget
  select a.ord, a.total - b.total - b.held as total,                                    -- budget
         a.month - b.held                                                               -- budget
           - case when b.month < {THIS_MONTH} then 0 else b.month_spent end as month,   -- budget
         a.day - b.held                                                                 -- budget
           - case when b.day < {TODAY} then 0 else b.day_spent end as day               -- budget
  from asking a join locked l on l.id = a.account                                       -- budget
    join billing_budget b on b.id = a.budget                                            -- budget
  for update of b),                                                                     -- budget
known as (
  select a.ord, a.hold, a.account, a.request, a.want, a.need, a.fingerprint,
         h.id as earlier, h.amount as earlier_amount, h.state as earlier_state,
         h.fingerprint as earlier_fingerprint
         , a.budget, a.budget is not null and b.ord is null as unopened                 -- budget
         , b.total + coalesce(f.amount, 0) as total                                     -- budget
         , b.month + coalesce(f.amount, 0) as month                                     -- budget
         , b.day + coalesce(f.amount, 0) as day                                         -- budget
  from asking a
    left join billing_hold h on h.account_id = a.account and h.request_id = a.request
    left join budget b on b.ord = a.ord                                                 -- budget
    left join budget_freed f on f.budget_id = a.budget                                  -- budget
  ),
fresh as (
  select k.*, l.free + coalesce(f.amount - f.cost, 0) as free,
         row_number() over (partition by k.account order by k.ord) as nth
         , least(k.total, k.month, k.day) as room                                       -- budget
  from known k join locked l on l.id = k.account left join freed f on f.account_id = k.account
  where k.earlier is null
    and not k.unopened and coalesce(k.need <= least(k.total, k.month, k.day), true)     -- budget
  ),
sized as (
  select f.*, case when nth > 1 then want else greatest(need, least(want, free
                                                        , room                          -- budget
                                                        )) end as amount
  from fresh f),
fits as (
  select * from (
    select s.*, sum(amount) over (partition by account order by ord) as upto
           , sum(amount) over (partition by budget order by ord) as budget_upto         -- budget
    from sized s) q
  where upto <= free
    and coalesce(budget_upto <= room, true)                                             -- budget
  ),
granted as (
  insert into billing_hold (id, account_id, request_id, amount, expires_at, fingerprint
                            , budget_id                                                 -- budget
                            )
  select hold, account, request, amount, now() + %(ttl)s::int * interval '1 second', fingerprint
         , budget                                                                       -- budget
  from fits
  on conflict (account_id, request_id) do nothing
  returning id, account_id, budget_id, amount),
taken as (
  select account_id, sum(amount)::bigint as amount from granted group by 1),
moved as (
  update billing_account a
  set held = a.held - coalesce(f.amount, 0) + coalesce(t.amount, 0),
      balance = a.balance - coalesce(f.cost, 0),
      bonus = least(a.bonus, greatest(a.balance - coalesce(f.cost, 0), 0))
  from locked l
    left join freed f on f.account_id = l.id
    left join taken t on t.account_id = l.id
  where a.id = l.id and (f.account_id is not null or t.account_id is not null)
  returning a.id, a.balance, a.balance - a.held as free, coalesce(f.cost, 0) as cost),
budget_moved as (                                                                       -- budget
  update billing_budget b                                                               -- budget
  set held = b.held + m.held, total = b.total + m.cost,                                 -- budget
      month = greatest(b.month, {THIS_MONTH}), month_spent = m.cost                     -- budget
        + case when b.month < {THIS_MONTH} then 0 else b.month_spent end,               -- budget
      day = greatest(b.day, {TODAY}), day_spent = m.cost                                -- budget
        + case when b.day < {TODAY} then 0 else b.day_spent end                         -- budget
  from (select budget_id, sum(held)::bigint as held, sum(cost)::bigint as cost          -- budget
        from (select budget_id, -amount as held, cost from closed                       -- budget
              union all select budget_id, amount, 0 from granted) e                     -- budget
        where budget_id is not null group by 1) m                                       -- budget
  where b.id = m.budget_id),                                                            -- budget
charged as (
  select c.ord, c.id, c.account_id, c.cost,
         (m.balance + m.cost - sum(c.cost) over (partition by c.account_id order by c.ord))::bigint
           as balance_after
  from closed c join moved m on m.id = c.account_id),
entries as (
  insert into billing_ledgerentry (account_id, kind, amount, balance_after, reference)
  select account_id, 'usage', -cost, balance_after, replace(id::text, '-', '')
  from charged where cost > 0 order by ord)
/* recorded */
select true, ord, cost, balance_after, null::text, null::text from charged
union all
select false, k.ord,
       coalesce(g.amount, case when k.earlier = k.hold and k.earlier_state = 0
                               then k.earlier_amount end),
       coalesce(m.free, l.free, 0),
       case when k.earlier_state = 2 then 'released'
            when k.earlier is not null and k.fingerprint is distinct from k.earlier_fingerprint
              then 'differs'
            when k.earlier_state = 0 then 'open'
            when k.earlier_state = 1 then 'settled'
            when k.unopened then 'unopened'                                             -- budget
            when k.need > k.total then 'total'                                          -- budget
            when k.need > k.month then 'month'                                          -- budget
            when k.need > k.day then 'day'                                              -- budget
       end,
       replace(k.earlier::text, '-', '')
from known k
left join granted g on g.id = k.hold
left join locked l on l.id = k.account
left join moved m on m.id = k.account
"""  # noqa: S608  the words are our own

# The same for a batch in which nothing has a budget: the marked lines would cost it a tenth.
MOVE_UNCOUNTED = "\n".join(line for line in MOVE.splitlines() if not line.endswith("-- budget"))

# How holds that could not be closed stand: (id, state, cost, balance). The state is null where
# there is no such hold; the balance is the one after the hold's charge, else the present one.
READ_HOLDS = """
select replace(c.hold::text, '-', ''), h.state, h.cost, coalesce(e.balance_after, a.balance, 0)
from unnest(%(hold)s::uuid[], %(account)s::bigint[]) c(hold, account)
  left join billing_account a on a.id = c.account
  left join billing_hold h on h.id = c.hold and h.account_id is not distinct from c.account
  left join billing_ledgerentry e
    on e.kind = 'usage' and e.reference = replace(h.id::text, '-', '')
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
update billing_account a
set balance = a.balance + e.amount,
    bonus = least(a.bonus + case when %(bonus)s then e.amount else 0 end,
                  greatest(a.balance + e.amount, 0))
from entry e
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
