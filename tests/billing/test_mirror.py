"""dj-stripe copies Stripe's objects of customers who are here, and of nobody else."""

from djstripe.models import Charge, Event, PaymentIntent
from djstripe.models import Customer as CustomerMirror

from billing import checkout, mirror, payments
from billing.models import Account, StripeCustomer, StripeEvent
from billing.stripe_api import api
from tests.customers import Customer
from tests.shop import StripeProcess, bought, settle_events


def test_every_event_of_a_purchase_is_copied(stripe: StripeProcess, customer: Customer) -> None:
    order = bought(stripe, customer.account)
    api().refunds.create({"payment_intent": str(order.payment_intent), "amount": 100})
    dispute = stripe.dispute(order)
    stripe.control(f"disputes/{dispute['id']}", status="won")
    settle_events()
    for event in api().events.list({"limit": 100}).auto_paging_iter():
        mirror.copy(event)
    known = StripeCustomer.objects.get(account=customer.account)
    assert CustomerMirror.objects.filter(id=known.id).exists()
    assert PaymentIntent.objects.get(id=order.payment_intent).stripe_data["amount"] == 2_000
    charge = Charge.objects.get(payment_intent_id=order.payment_intent)
    assert charge.stripe_data["amount_refunded"] == 100
    copied = Event.objects.filter(data__object__id=order.checkout_session)
    assert copied.get().type == "checkout.session.completed"
    assert not StripeEvent.objects.filter(handled_at=None).exclude(problem="").exists()


def test_events_of_somebody_erased_bring_nothing_back(
    stripe: StripeProcess, customer: Customer
) -> None:
    order = bought(stripe, customer.account)
    balance = customer.balance()
    known = StripeCustomer.objects.get(account=customer.account)
    Event.objects.filter(data__object__customer=known.id).delete()
    CustomerMirror.objects.filter(id=known.id).delete()
    customer.key_row.delete()
    customer.user.delete()
    api().refunds.create({"payment_intent": str(order.payment_intent), "amount": 500})
    api().customers.update(known.id, {"metadata": {"note": "still there"}})
    settle_events()
    account = Account.objects.get(pk=customer.account.pk)
    assert account.user is None
    assert account.balance == balance - 5_000_000
    assert not CustomerMirror.objects.filter(id=known.id).exists()
    assert not Event.objects.filter(data__object__customer=known.id).exists()
    assert not StripeEvent.objects.filter(handled_at=None).exclude(problem="").exists()


def test_events_of_unknown_customers_are_passed_over(
    stripe: StripeProcess, customer: Customer
) -> None:
    stranger = api().customers.create({"email": "stranger@example.com"})
    intent = api().payment_intents.create(
        {"amount": 700, "currency": "usd", "customer": stranger.id}
    )
    settle_events()
    assert not CustomerMirror.objects.filter(id=stranger.id).exists()
    assert intent.status == "requires_payment_method"
    assert not StripeEvent.objects.filter(handled_at=None).exclude(problem="").exists()


def test_what_dj_stripe_cannot_copy_keeps_nobody_from_their_credits(
    stripe: StripeProcess, customer: Customer
) -> None:
    before = customer.balance()
    order, _ = checkout.begin(customer.account, cents=500)
    stripe.pay(str(order.checkout_session))
    # dj-stripe asks for the customer by itself; our receivers do not.
    stripe.control("faults", path="/v1/customers", fault="500")
    try:
        settle_events()
        assert customer.balance() == before + 5_000_000
    finally:
        stripe.control("faults", path="/v1/customers", fault=None)
    assert payments.apply(order.pk).state == "paid"
    StripeEvent.objects.filter(handled_at__isnull=True).update(next_try_at="2026-01-01T00:00Z")
    settle_events()
    assert not StripeEvent.objects.filter(handled_at=None).exclude(problem="").exists()
