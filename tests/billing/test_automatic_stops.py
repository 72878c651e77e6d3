"""What keeps an automatic top-up from being made, and never from being made twice."""

import pytest

from accounts.models import State
from billing import automatic, checkout, customers, tasks
from billing.models import MICRO, AutoTopUp, Order, OrderKind, OrderState, StripeCustomer
from billing.stripe_api import api
from tests.billing.ledgers import assert_sound
from tests.billing.test_automatic import orders, with_card
from tests.customers import Customer
from tests.shop import StripeProcess, settle_events


def lose_the_answer(stripe: StripeProcess, customer: Customer, *, charged: bool) -> None:
    """Make an attempt whose answer never comes, charged at Stripe or not."""
    stripe.control("faults", path="/v1/payment_intents", fault="reset", after=charged, times=3)
    try:
        automatic.consider(customer.account.pk)
    finally:
        stripe.control("faults", path="/v1/payment_intents", fault=None)


def leave(customer: Customer, how: str) -> None:
    if how == "erased":
        customer.key_row.delete()
        customer.user.delete()
    else:
        customer.user.state = State(how)
        customer.user.save(update_fields=["state"])


@pytest.mark.parametrize("how", ["closing", "frozen", "erased"])
def test_nobody_is_charged_who_cannot_call(
    stripe: StripeProcess, customer: Customer, how: str
) -> None:
    with_card(stripe, customer)
    leave(customer, how)
    assert customer.account.pk not in automatic.due()
    assert automatic.consider(customer.account.pk) is None
    assert orders(customer) == []


@pytest.mark.parametrize("how", ["closing", "off"])
@pytest.mark.parametrize("charged", [True, False])
def test_an_attempt_is_not_made_again_for_who_wants_none_any_more(
    stripe: StripeProcess, customer: Customer, how: str, charged: bool
) -> None:
    with_card(stripe, customer)
    before = customer.balance()
    lose_the_answer(stripe, customer, charged=charged)
    if how == "off":
        AutoTopUp.objects.filter(account=customer.account).update(enabled=False)
    else:
        leave(customer, how)
    automatic.consider(customer.account.pk)
    settle_events()
    state, more = (OrderState.PAID, 10 * MICRO) if charged else (OrderState.FAILED, 0)
    assert [order.state for order in orders(customer)] == [state]
    assert customer.balance() == before + more


def test_another_card_saved_meanwhile_is_no_second_charge(
    stripe: StripeProcess, customer: Customer
) -> None:
    plan = with_card(stripe, customer)
    before = customer.balance()
    lose_the_answer(stripe, customer, charged=True)
    stripe.pay(checkout.begin_saving_card(customer.account).rsplit("/", 1)[1])
    settle_events_of_cards(customer)
    automatic.consider(customer.account.pk)
    settle_events()
    assert [order.state for order in orders(customer)] == [OrderState.PAID]
    assert customer.balance() == before + 10 * MICRO
    plan.refresh_from_db()
    assert plan.enabled
    assert_sound(customer)


def settle_events_of_cards(customer: Customer) -> None:
    """Note the newest card, as if its event alone had come."""
    known = StripeCustomer.objects.get(account=customer.account)
    newest = api().payment_methods.list({"customer": known.id}).data[0]
    assert newest.id != known.payment_method
    automatic.keep_card(known.id, newest.id)


def test_what_can_never_be_charged_keeps_nobody_waiting(
    stripe: StripeProcess, customer: Customer
) -> None:
    plan = with_card(stripe, customer)
    assert customer.account.pk in automatic.due()
    Order.objects.create(
        account=customer.account,
        kind=OrderKind.AUTOMATIC,
        state=OrderState.PAID,
        amount=plan.monthly_ceiling - plan.amount + 1,
        livemode=False,
    )
    assert customer.account.pk not in automatic.due()
    AutoTopUp.objects.filter(pk=plan.pk).update(monthly_ceiling=plan.monthly_ceiling + 1)
    assert customer.account.pk in automatic.due()
    StripeCustomer.objects.filter(account=customer.account).update(payment_method="")
    assert customer.account.pk not in automatic.due()


def test_one_accounts_fault_keeps_no_other_waiting(
    stripe: StripeProcess, customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_card(stripe, customer)
    before = customer.balance()
    consider = automatic.consider

    def stumble(account_id: int) -> Order | None:
        if account_id == 0:
            raise RuntimeError
        return consider(account_id)

    monkeypatch.setattr(automatic, "due", lambda: [0, customer.account.pk])
    monkeypatch.setattr(automatic, "consider", stumble)
    tasks.top_up_all()
    assert customer.balance() == before + 10 * MICRO


def test_a_customer_lost_with_their_card_turns_it_off(
    stripe: StripeProcess, customer: Customer
) -> None:
    plan = with_card(stripe, customer)
    api().customers.delete(customers.of(customer.account).id)
    checkout.begin(customer.account, cents=500)
    plan.refresh_from_db()
    assert (plan.enabled, plan.why_off) == (False, "card_removed")
