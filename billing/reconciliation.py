"""Compare what Stripe says it moved with what the ledger says, to the cent."""

import logging
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Max
from django.utils import timezone

from billing import payments, receivers
from billing.models import Difference, Reconciliation, StripeMovement
from billing.stripe_api import StripeRefused, api, errors_as_ours, id_in

log = logging.getLogger("lumyx.billing")

OVERLAP = timedelta(days=3)
FIRST = timedelta(days=365)
SETTLING = timedelta(hours=1)
"""What is younger is compared the next time, lest it is seen on one side only."""
MOST_SUSPECTS = 500
"""How many payments that differ are looked at once more; where there are more, all is wrong."""

OUR_OWN = {
    "advance",
    "climate_order_purchase",
    "payout",
    "payout_cancel",
    "payout_failure",
    "payout_minimum_balance_hold",
    "payout_minimum_balance_release",
    "reserve_hold",
    "reserve_release",
    "reserve_transaction",
    "stripe_fee",
    "stripe_fx_fee",
    "tax_fee",
    "topup",
    "topup_reversal",
}
"""Kinds of balance transactions between Stripe and us, which concern no customer."""

# What the ledger has of each payment, in cents; an open dispute is withheld by Stripe already.
IN_LEDGER = """
with moved as (
  select o.payment_intent, e.amount
  from billing_order o join billing_ledgerentry e
    on e.account_id = o.account_id and e.kind in ('top_up', 'refund', 'dispute')
   and (e.reference = o.payment_intent
        or split_part(e.reference, ' ', 1) = replace(o.id::text, '-', ''))
  where o.payment_intent is not null
),
ledger as (
  select payment_intent, sum(amount) / 10000 as cents from moved group by 1
),
stripe as (
  select case when payment_intent = '' then id else payment_intent end as payment_intent,
         sum(amount) as cents
  from billing_stripemovement group by 1
)
select coalesce(s.payment_intent, l.payment_intent), coalesce(s.cents, 0),
       coalesce(l.cents, 0) - coalesce(o.disputed, 0)
from stripe s
full join ledger l on l.payment_intent = s.payment_intent
left join billing_order o on o.payment_intent = coalesce(s.payment_intent, l.payment_intent)
where coalesce(o.paid_at, '-infinity') < %(settled)s
"""


def run() -> Reconciliation:
    """Compare all payments; each difference is kept and raises an alarm. Raises StripeDown."""
    reconciliation = Reconciliation.objects.create()
    settled = reconciliation.began_at - SETTLING
    _look_again(fetch())
    rows = _compare(settled=settled)
    suspects = {row[0] for row in rows if row[1] != row[2]}
    if suspects:
        # Money may have moved between the two looks: a difference is what is there twice.
        fetch()
        _look_again(sorted(suspects)[:MOST_SUSPECTS])
        rows = _compare(settled=settled)
    different = [row for row in rows if row[1] != row[2] and row[0] in suspects]
    Difference.objects.bulk_create(
        Difference(
            reconciliation=reconciliation, payment=payment, at_stripe=stripe, in_ledger=ledger
        )
        for payment, stripe, ledger in different
    )
    for payment, stripe, ledger in different:
        log.error("alarm: payment %s: Stripe has %s cents, we %s", payment, stripe, ledger)
    reconciliation.movements = StripeMovement.objects.count()
    reconciliation.payments = len(rows)
    reconciliation.ended_at = timezone.now()
    reconciliation.save()
    return reconciliation


def last() -> Reconciliation | None:
    """Return the last comparison that came to its end."""
    return Reconciliation.objects.filter(ended_at__isnull=False).order_by("-began_at").first()


def fetch() -> set[str]:
    """Copy Stripe's balance transactions since the last time; return the payments they are of."""
    latest = StripeMovement.objects.aggregate(at=Max("created_at"))["at"]
    since = (latest - OVERLAP) if latest else timezone.now() - FIRST
    touched = set()
    with errors_as_ours():
        listed: Any = api().balance_transactions.list(
            {
                "created": {"gte": int(since.timestamp())},
                "expand": ["data.source"],
                "limit": 100,
            }
        )
        for moved in listed.auto_paging_iter():
            if moved.type in OUR_OWN:
                continue
            intent = id_in(moved.source, "payment_intent")
            StripeMovement.objects.update_or_create(
                id=moved.id,
                defaults={
                    "kind": moved.type[:60],
                    "amount": moved.amount,
                    "currency": moved.currency,
                    "source": id_in(moved, "source"),
                    "payment_intent": intent,
                    "created_at": datetime.fromtimestamp(moved.created, UTC),
                },
            )
            touched.add(intent)
    return touched - {""}


def _look_again(intents: Iterable[str]) -> None:
    """See that the ledger has what Stripe says, in case events are still on their way."""
    for intent in intents:
        order = receivers.find_by_payment(intent)
        if order is None:
            continue
        try:
            payments.apply(order.pk)
        except (payments.Busy, StripeRefused):
            log.warning("order %s could not be looked at", order.pk)


def _compare(*, settled: datetime) -> list[tuple[str, int, int]]:
    with connection.cursor() as cursor:
        cursor.execute("set statement_timeout = '300s'")
        try:
            cursor.execute(IN_LEDGER, {"settled": settled})
            return [(name, int(stripe), int(ledger)) for name, stripe, ledger in cursor.fetchall()]
        finally:
            cursor.execute("reset statement_timeout")
