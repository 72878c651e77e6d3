"""Credits that are given for a sign-up come once for each person and are spent last."""

from collections.abc import Callable

import pytest
from django.conf import settings

from accounts.models import User
from billing import accounts, bonuses, ledger
from billing.ledger import Closing
from billing.models import MICRO, Account, HoldState
from tests.billing.ledgers import assert_sound, request
from tests.customers import Customer


@pytest.fixture
def signup_credits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "SIGNUP_CREDITS", 2)


def spend(customer: Customer, cost: int) -> None:
    [hold] = ledger.authorize_now([request(customer, cost)])
    assert hold is not None
    ledger.close_now([Closing(hold, cost, HoldState.SETTLED, None)])
    customer.account.refresh_from_db()


def test_the_grant_comes_once_for_each_nabzclan_id_also_after_erasure(
    signup_credits: None, new_customer: Callable[..., Customer]
) -> None:
    customer = new_customer(credit=0)
    nabzclan_id = str(customer.user.nabzclan_id)
    assert bonuses.grant_signup(customer.account, nabzclan_id) == 2 * MICRO
    assert bonuses.grant_signup(customer.account, nabzclan_id) is None
    customer.user.delete()
    again = User.objects.create_customer(nabzclan_id=nabzclan_id, username=nabzclan_id, email="")
    account = accounts.open_for(again)
    assert bonuses.grant_signup(account, nabzclan_id) is None
    assert Account.objects.get(pk=account.pk).balance == 0


def test_a_new_pepper_does_not_give_it_again(
    signup_credits: None, monkeypatch: pytest.MonkeyPatch, new_customer: Callable[..., Customer]
) -> None:
    customer = new_customer(credit=0)
    nabzclan_id = str(customer.user.nabzclan_id)
    assert bonuses.grant_signup(customer.account, nabzclan_id) is not None
    monkeypatch.setattr(settings, "KEY_PEPPERS", settings.KEY_PEPPERS | {99: "n" * 32})
    assert bonuses.grant_signup(customer.account, nabzclan_id) is None


def test_bought_credits_are_spent_first_and_what_is_bought_later_is_no_bonus(
    signup_credits: None, new_customer: Callable[..., Customer]
) -> None:
    customer = new_customer(credit=0)
    bonuses.grant_signup(customer.account, str(customer.user.nabzclan_id))
    ledger.post(
        account=customer.account.id,
        kind="top_up",
        amount=3 * MICRO,
        reference=f"t {customer.user.pk}",
    )
    spend(customer, MICRO)
    assert (customer.account.balance, customer.account.bonus) == (4 * MICRO, 2 * MICRO)
    spend(customer, 3 * MICRO)
    assert (customer.account.balance, customer.account.bonus) == (MICRO, MICRO)
    ledger.post(
        account=customer.account.id,
        kind="top_up",
        amount=5 * MICRO,
        reference=f"u {customer.user.pk}",
    )
    customer.account.refresh_from_db()
    assert (customer.account.balance, customer.account.bonus) == (6 * MICRO, MICRO)
    assert_sound(customer)


def test_taking_money_back_takes_the_bonus_last_and_never_below_nothing(
    signup_credits: None, new_customer: Callable[..., Customer]
) -> None:
    customer = new_customer(credit=0)
    bonuses.grant_signup(customer.account, str(customer.user.nabzclan_id))
    ledger.post(
        account=customer.account.id,
        kind="dispute",
        amount=-3 * MICRO,
        reference=f"d {customer.user.pk}",
    )
    customer.account.refresh_from_db()
    assert (customer.account.balance, customer.account.bonus) == (-MICRO, 0)
    assert_sound(customer)
