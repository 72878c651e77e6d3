"""What moves on the imitated Stripe's balance."""

import time
from typing import Any

from lumyx.standins.stripe.store import Store, Thing

DISPUTE_FEE = 1_500


def move(store: Store, type: str, amount: int, source: str | None, fee: int = 0) -> Thing:
    """Write a balance transaction, in cents; the net is the amount without the fee."""
    details: list[dict[str, Any]] = []
    if fee:
        details = [
            {
                "amount": fee,
                "application": None,
                "currency": "usd",
                "description": "Stripe processing fees",
                "type": "stripe_fee",
            }
        ]
    return store.add(
        "balance_transaction",
        amount=amount,
        available_on=int(time.time()) + 172_800,
        balance_type="payments",
        currency="usd",
        fee=fee,
        fee_details=details,
        net=amount - fee,
        reporting_category="dispute" if type == "adjustment" else type,
        source=source,
        status="pending",
        type=type,
    )


def fee_of(amount: int) -> int:
    """Return what Stripe keeps of a charge: 2.9 % and 30 cents."""
    return amount * 29 // 1_000 + 30
