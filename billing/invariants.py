"""What is always true of the money, and the query that would find it false."""

import logging
from dataclasses import dataclass

from django.db import connection
from django.utils import timezone

from billing.models import LedgerCheck

log = logging.getLogger("lumyx.billing")

# Each query gives the accounts (by id) for which its sentence is false.
INVARIANTS = {
    "the ledger adds up to the balance": """
        select a.id from billing_account a left join billing_ledgerentry e on e.account_id = a.id
        group by a.id having coalesce(sum(e.amount), 0) <> a.balance""",
    "the open holds add up to what is held": """
        select a.id from billing_account a
        left join billing_hold h on h.account_id = a.id and h.state = 0
        group by a.id having coalesce(sum(h.amount), 0) <> a.held""",
    "nothing negative is held": "select id from billing_account where held < 0",
    "the bonus is part of the balance": """
        select id from billing_account where bonus < 0 or bonus > greatest(balance, 0)""",
    "use never pushed an account below zero": """
        select a.id from billing_account a
        where a.balance - a.held < 0 and not exists (
            select 1 from billing_ledgerentry e where e.account_id = a.id
            and e.kind in ('refund', 'dispute', 'adjustment') and e.amount < 0)""",
    "each entry continues the balance before it": """
        select distinct account_id from (
            select account_id, amount, balance_after,
                   lag(balance_after, 1, 0::bigint) over (partition by account_id order by id) as b
            from billing_ledgerentry) e
        where b + amount <> balance_after""",
    "each settled hold that cost something was charged": """
        select h.account_id from billing_hold h
        left join billing_ledgerentry e
          on e.kind = 'usage' and e.reference = replace(h.id::text, '-', '')
        where h.state = 1 and h.cost > 0 and e.id is null""",
    # The holds of somebody who was erased go with them.
    "each charge belongs to one settled hold": """
        select e.account_id from billing_ledgerentry e
        join billing_account a on a.id = e.account_id and a.user_id is not null
        left join billing_hold h on h.id = e.reference::uuid and h.account_id = e.account_id
        where e.kind = 'usage' and e.created_at > now() - interval '7 days'
          and (h.id is null or h.state <> 1 or h.cost <> -e.amount)""",
    # Budgets know no account, so it is read from a hold, and is 0 where none is kept.
    "the open holds of a budget add up to what it has held": """
        select coalesce((select max(account_id) from billing_hold where budget_id = b.id), 0)
        from billing_budget b
        left join (select budget_id, sum(amount) as amount from billing_hold
                   where state = 0 group by 1) h on h.budget_id = b.id
        where coalesce(h.amount, 0) <> b.held""",
    # Closed holds are deleted in time, so a budget may have spent more than they say.
    "a budget has spent at least what its holds cost": """
        select h.account_id from (
            select budget_id, max(account_id) as account_id, sum(cost) as cost
            from billing_hold where budget_id is not null group by 1) h
        left join billing_budget b on b.id = h.budget_id
        where b.id is null or b.total < h.cost""",
    "a budget's day is within its month, and its month within all it has spent": """
        select coalesce((select max(account_id) from billing_hold where budget_id = b.id), 0)
        from billing_budget b
        where b.day_spent > b.month_spent or b.month_spent > b.total""",
    "all holds of a budget are of one account": """
        select max(account_id) from billing_hold where budget_id is not null
        group by budget_id having min(account_id) <> max(account_id)""",
}


@dataclass(frozen=True)
class Violation:
    """A sentence that is false, and the accounts for which it is."""

    sentence: str
    accounts: list[int]


def check() -> list[Violation]:
    """Return every invariant that does not hold, each judged on one snapshot."""
    violations = []
    with connection.cursor() as cursor:
        # A large ledger takes longer than a request may.
        cursor.execute("set statement_timeout = '300s'")
        try:
            for sentence, query in INVARIANTS.items():
                cursor.execute(query)
                accounts = [row[0] for row in cursor.fetchall()]
                if accounts:
                    violations.append(Violation(sentence, accounts))
        finally:
            cursor.execute("reset statement_timeout")
    return violations


def last() -> LedgerCheck | None:
    """Return the last look that came to its end."""
    return LedgerCheck.objects.filter(ended_at__isnull=False).order_by("-began_at").first()


def run() -> LedgerCheck:
    """Look at all of them, and keep what was found; each that is false raises an alarm."""
    looked = LedgerCheck.objects.create()
    violations = check()
    for violation in violations:
        log.error("alarm: %s is false for accounts %s", violation.sentence, violation.accounts)
    looked.broken = [violation.sentence for violation in violations]
    looked.ended_at = timezone.now()
    looked.save(update_fields=["broken", "ended_at"])
    return looked
