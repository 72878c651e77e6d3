"""The data sets of dj-stripe, which copies what Stripe says of a customer into JSON columns."""

from collections.abc import Callable
from typing import Any

from django.db.models import Model, Q, QuerySet
from djstripe import models as copies

from accounts.data_sets import Classified, DataSet, NotPersonal, OnErasure, Purpose, Recipient
from accounts.models import User
from billing.models import Order, StripeCustomer
from billing.unused_copies import UNUSED

DATES = ("djstripe_created", "djstripe_updated")
BASE = (*DATES, "djstripe_id", "djstripe_owner_account", "livemode")
SAID = ("id", "created", "metadata", "stripe_data")


def _customers(user: User) -> list[str]:
    return list(StripeCustomer.objects.filter(account__user=user.pk).values_list("id", flat=True))


def _payments(user: User) -> list[str]:
    orders = Order.objects.filter(account__user=user.pk, payment_intent__isnull=False)
    return [str(payment) for payment in orders.values_list("payment_intent", flat=True)]


def _find(model: type[Model], *conditions: Q, **lookups: Any) -> QuerySet[Any]:
    return model._default_manager.filter(*conditions, **lookups)


def _by_customer(model: type[Model]) -> Callable[[User], QuerySet[Any]]:
    def of(user: User) -> QuerySet[Any]:
        return model._default_manager.filter(customer_id__in=_customers(user))

    return of


def _charges(user: User) -> QuerySet[Any]:
    return _find(
        copies.Charge,
        Q(customer_id__in=_customers(user)) | Q(payment_intent_id__in=_payments(user)),
    )


def _refunds(user: User) -> QuerySet[Any]:
    return _find(copies.Refund, charge_id__in=_charges(user).values("id"))


def _disputes(user: User) -> QuerySet[Any]:
    return _find(
        copies.Dispute,
        Q(charge_id__in=_charges(user).values("id")) | Q(payment_intent_id__in=_payments(user)),
    )


def _intents(user: User) -> QuerySet[Any]:
    return _find(
        copies.PaymentIntent, Q(customer_id__in=_customers(user)) | Q(id__in=_payments(user))
    )


def _methods(user: User) -> QuerySet[Any]:
    return _find(
        copies.PaymentMethod,
        Q(customer_id__in=_customers(user))
        | Q(id__in=_charges(user).values("payment_method_id"))
        | Q(id__in=_intents(user).values("payment_method_id")),
    )


def _sources(user: User) -> QuerySet[Any]:
    return _find(
        copies.DjstripePaymentMethod,
        Q(id__in=_methods(user).values("id")) | Q(id__in=_charges(user).values("source_id")),
    )


def _movements(user: User) -> QuerySet[Any]:
    return _find(
        copies.BalanceTransaction,
        Q(source__in=_charges(user).values("id"))
        | Q(source__in=_refunds(user).values("id"))
        | Q(source__in=_disputes(user).values("id"))
        | Q(id__in=_charges(user).values("balance_transaction_id")),
    )


def _events(user: User) -> QuerySet[Any]:
    customers, payments = _customers(user), _payments(user)
    return _find(
        copies.Event,
        Q(data__object__customer__in=customers)
        | Q(data__object__id__in=[*customers, *payments])
        | Q(data__object__payment_intent__in=payments),
    )


def _triggers(user: User) -> QuerySet[Any]:
    return _find(copies.WebhookEventTrigger, event_id__in=_events(user).values("id"))


def _lines(user: User) -> QuerySet[Any]:
    invoices = _by_customer(copies.Invoice)(user)
    return _find(
        copies.LineItem, stripe_data__invoice__in=list(invoices.values_list("id", flat=True))
    )


def _copy(
    name: str,
    title: str,
    of: Callable[[User], QuerySet[Any]],
    *links: str,
    model: type[Model],
    columns: tuple[str, ...] = SAID,
    plumbing: tuple[str, ...] = BASE,
) -> DataSet:
    return DataSet(
        name=f"stripe-{name}",
        title=title,
        about="A copy of what Stripe says, without card numbers.",
        model=model,
        of=of,
        columns=(*columns, *links),
        plumbing=plumbing,
        purposes=(Purpose.ACCOUNT, Purpose.LAW),
        recipients=(Recipient.STRIPE,),
        kept="while the account is active; copies of events 29 days",
        on_erasure=OnErasure.DELETE,
    )


TRIGGER = (
    *("remote_ip", "headers", "body", "valid", "processed", "exception", "traceback"),
    *("created", "updated"),
)

DATA: list[Classified] = [
    _copy(
        *(
            "customers",
            "Customers",
            lambda user: _find(copies.Customer, Q(id__in=_customers(user)) | Q(subscriber=user.pk)),
        ),
        *("email", "default_payment_method", "subscriber", "date_purged"),
        model=copies.Customer,
    ),
    _copy(
        *("payments", "Payments", _intents),
        *("customer", "payment_method", "on_behalf_of"),
        model=copies.PaymentIntent,
    ),
    _copy(
        *("charges", "Charges", _charges),
        *("amount", "currency", "balance_transaction", "customer", "invoice", "payment_intent"),
        *("payment_method", "source", "status"),
        model=copies.Charge,
    ),
    _copy(
        *("refunds", "Refunds at Stripe", _refunds),
        *("amount", "balance_transaction", "charge", "currency", "failure_balance_transaction"),
        model=copies.Refund,
    ),
    _copy(
        *("disputes", "Disputes", _disputes),
        *("balance_transaction", "charge", "payment_intent"),
        model=copies.Dispute,
    ),
    _copy(
        *("movements", "Stripe's bookings", _movements),
        *("amount", "currency", "source", "type"),
        model=copies.BalanceTransaction,
    ),
    _copy("cards", "Saved cards", _methods, "customer", model=copies.PaymentMethod),
    _copy(
        *("sources", "Ways of paying", _sources),
        model=copies.DjstripePaymentMethod,
        columns=("id", "type"),
        plumbing=(),
    ),
    _copy(
        *("setups", "Cards being saved", _by_customer(copies.SetupIntent)),
        *("customer", "on_behalf_of", "payment_method"),
        model=copies.SetupIntent,
    ),
    _copy(
        *("checkouts", "Visits to the checkout", _by_customer(copies.Session)),
        *("customer", "payment_intent", "setup_intent", "subscription"),
        model=copies.Session,
    ),
    _copy(
        *("invoices", "Invoices", _by_customer(copies.Invoice)),
        *("charge", "customer", "default_payment_method", "payment_intent", "subscription"),
        model=copies.Invoice,
    ),
    _copy(
        *("invoice-lines", "Lines of invoices", _lines),
        *("invoice_item", "subscription", "subscription_item"),
        model=copies.LineItem,
    ),
    _copy(
        *("invoice-items", "Things invoiced", _by_customer(copies.InvoiceItem)),
        *("customer", "invoice", "price", "subscription"),
        model=copies.InvoiceItem,
    ),
    _copy(
        *("events", "Events", _events),
        *("api_version", "data", "request_id", "idempotency_key", "type"),
        model=copies.Event,
    ),
    _copy(
        *("webhooks", "Messages about events", _triggers),
        model=copies.WebhookEventTrigger,
        columns=TRIGGER,
        plumbing=(
            *("id", "event", "djstripe_version", "stripe_trigger_account", "webhook_endpoint"),
        ),
    ),
    NotPersonal(
        label="djstripe.Account",
        why="Our own account at Stripe.",
        columns=(*BASE, *SAID),
    ),
    NotPersonal(
        label="djstripe.APIKey",
        why="Our own keys at Stripe.",
        columns=(*BASE[:-1], "livemode", "id", "created", "stripe_data", "type", "name", "secret"),
    ),
    NotPersonal(
        label="djstripe.IdempotencyKey",
        why="Random keys against doubled requests.",
        columns=("uuid", "action", "livemode", "created"),
    ),
    *(
        NotPersonal(
            label=f"djstripe.{name}",
            why="Unused: LumyxAI has nothing of this kind at Stripe.",
            columns=columns,
            empty=True,
        )
        for name, columns in UNUSED.items()
    ),
]


def erase(user: User) -> int:
    """Delete every copy of what Stripe says of somebody, within the caller's transaction."""
    # All are found before any goes: one leads to another.
    found = [
        (entry.model, list(entry.of(user).values_list("pk", flat=True)))
        for entry in DATA
        if isinstance(entry, DataSet)
    ]
    gone = 0
    for model, keys in reversed(found):
        gone += int(model._default_manager.filter(pk__in=keys).delete()[0])
    return gone
