"""Hand events to dj-stripe, which copies Stripe's objects for staff to see."""

from typing import Any

from django.db import connection, transaction
from djstripe.models import Event

from billing import customers
from billing.stripe_api import id_in

COPIED = (
    "charge.",
    "checkout.session.",
    "customer.created",
    "customer.updated",
    "invoice.",
    "payment_intent.",
    "payment_method.",
    "refund.",
)


def copy(event: Any) -> None:
    """Have dj-stripe copy what an event is about.

    Only what concerns a customer who has an account here: else what was erased would come back.
    """
    if not event.type.startswith(COPIED):
        return
    thing = event.data.object
    customer = thing.id if thing.object == "customer" else id_in(thing, "customer")
    if not customer or not customers.is_known(customer):
        return
    with transaction.atomic(), connection.cursor() as cursor:
        # dj-stripe asks Stripe for more within its transaction.
        cursor.execute("set local idle_in_transaction_session_timeout = '120s'")
        Event.process(event.to_dict(for_json=True))
