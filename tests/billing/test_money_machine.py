"""All acts that move money, in any order, keep every invariant and a plain model's balance."""

import os
from typing import Any
from unittest import mock

from django.conf import settings
from hypothesis import HealthCheck
from hypothesis import settings as how
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
)

from billing import adjustments, codes, freezes, ids, invariants, ledger, payments
from billing.holds import Closing, HoldRequest, OpenHold
from billing.models import (
    MICRO,
    Account,
    Adjustment,
    AdjustmentKind,
    AdjustmentState,
    Hold,
    HoldState,
    Order,
    OrderKind,
    OrderState,
)
from billing.payments import View
from tests.customers import Customer, make_customer
from tests.staff import make_staff

EXAMPLES = int(os.environ.get("MACHINES", "4"))
"""How many stories of 50 steps are told; `make stories` tells 500."""
CENT = 10_000
cents = st.integers(1, 5_000)
parts = st.integers(0, 100)


class Money(RuleBasedStateMachine):
    """One account, and all that can happen to its money."""

    holds = Bundle("holds")
    orders = Bundle("orders")
    waiting = Bundle("waiting")
    gifts = Bundle("gifts")

    @initialize()
    def begin(self) -> None:
        self.customer: Customer = make_customer(credit=0)
        self.account: Account = self.customer.account
        self.one, self.two = make_staff("finance")[0], make_staff("finance")[0]
        self.balance = self.held = 0
        self.open: dict[str, int] = {}
        self.views: dict[Any, View] = {}

    @rule(target=orders, amount=cents, percent=st.sampled_from([0, 0, 10]))
    def order(self, amount: int, percent: int) -> Order:
        order: Order = Order.objects.create(
            account=self.account,
            kind=OrderKind.CHECKOUT,
            amount=amount,
            livemode=settings.STRIPE_LIVE_MODE,
            bonus=amount * CENT * percent // 100,
        )
        self.views[order.pk] = View()
        return order

    @rule(order=orders, right=st.sampled_from([True, True, True, False]))
    def pay(self, order: Order, right: bool) -> None:
        view = self.views[order.pk]
        if view.paid is None:
            paid = order.amount if right else order.amount - 1
            self.views[order.pk] = View(
                payment_intent=f"pi_{order.pk.hex}", paid=paid, currency="usd", livemode=False
            )

    @rule(order=orders, part=parts)
    def refund(self, order: Order, part: int) -> None:
        self._see(order, refunded=order.amount * part // 100)

    @rule(order=orders, part=parts)
    def dispute(self, order: Order, part: int) -> None:
        self._see(order, disputed=order.amount * part // 100)

    @rule(order=orders, won=st.booleans())
    def decide(self, order: Order, won: bool) -> None:
        view = self.views[order.pk]
        self._see(order, disputed=0, lost=0 if won else view.disputed)

    def _see(self, order: Order, **changes: int) -> None:
        view = self.views[order.pk]
        if view.paid is not None:
            fields = {name: getattr(view, name) for name in View.__dataclass_fields__}
            self.views[order.pk] = View(**{**fields, **changes})

    @rule(order=orders, times=st.integers(1, 3))
    def hear(self, order: Order, times: int) -> None:
        """Stripe's events come in, some of them again."""
        before = Order.objects.get(pk=order.pk)
        view = self.views[order.pk]
        with mock.patch.object(payments, "look", return_value=view):
            for _ in range(times):
                payments.apply(order.pk)
        after = Order.objects.get(pk=order.pk)
        paid = view.paid == order.amount
        assert (after.state == OrderState.PAID) == paid
        if paid:
            gone = min(view.refunded + view.lost, order.amount)
            kept = (order.amount - view.refunded - view.lost) * CENT
            bonus = order.bonus - order.bonus * gone // order.amount
            self.balance += kept + bonus - self._had(before)

    def _had(self, order: Order) -> int:
        if order.paid_at is None:
            return 0
        kept = order.amount - order.refunded - order.lost
        return kept * CENT + order.bonus - order.bonus_taken

    @rule(target=holds, want=st.integers(0, 60 * MICRO), least=parts)
    def hold(self, want: int, least: int) -> Any:
        need = want * least // 100
        request = HoldRequest(self.account.pk, ids.new(), want, need, ids.new())
        [hold] = ledger.authorize_now([request])
        assert (hold is not None) == (need <= self.balance - self.held)
        if hold is None:
            return multiple()
        self.open[hold.id] = hold.amount
        self.held += hold.amount
        return hold

    @rule(hold=holds, cost=st.integers(0, 80 * MICRO), settled=st.booleans())
    def close(self, hold: OpenHold, cost: int, settled: bool) -> None:
        state = HoldState.SETTLED if settled else HoldState.RELEASED
        closings = [Closing(hold, cost if settled else 0, state, None)]
        receipts = ledger.close_now(closings)
        amount = self.open.pop(hold.id, None)
        assert (0 in receipts) == (amount is not None)
        if amount is not None:
            self.held -= amount
            self.balance -= min(cost, amount) if settled else 0

    @rule()
    def expire(self) -> None:
        Hold.objects.filter(account=self.account, state=HoldState.OPEN).update(
            expires_at="2020-01-01T00:00Z"
        )
        ledger.release_expired()
        self.open.clear()
        self.held = 0

    @rule(target=gifts, value=st.integers(1, 9 * MICRO), most=st.integers(1, 2))
    def make_code(self, value: int, most: int) -> tuple[str, int]:
        return codes.make(value=value, by=None, most=most, most_each=2)[1], value

    @rule(gift=gifts)
    def redeem(self, gift: tuple[str, int]) -> None:
        text, value = gift
        try:
            codes.redeem(self.account, text)
        except codes.CodeRefused:
            return
        self.balance += value

    @rule(target=waiting, amount=st.integers(-90, 90).filter(bool), correction=st.booleans())
    def adjust(self, amount: int, correction: bool) -> Any:
        kind = AdjustmentKind.CORRECTION if correction or amount < 0 else AdjustmentKind.GRANT
        made = adjustments.request(
            account=self.account, kind=kind, amount=amount * MICRO, reason="x", by=self.one
        )
        self._adjusted(made)
        return made if made.state == AdjustmentState.WAITING else multiple()

    @rule(adjustment=consumes(waiting), approved=st.booleans())
    def decide_adjustment(self, adjustment: Adjustment, approved: bool) -> None:
        decide = adjustments.approve if approved else adjustments.decline
        self._adjusted(decide(adjustment, self.two))

    def _adjusted(self, made: Adjustment) -> None:
        if made.state == AdjustmentState.DONE:
            assert made.amount > 0 or self.balance - self.held + made.amount >= 0
            self.balance += made.amount

    @invariant()
    def the_books_agree(self) -> None:
        if not hasattr(self, "account"):
            return
        self.account.refresh_from_db()
        assert (self.account.balance, self.account.held) == (self.balance, self.held)
        assert 0 <= self.account.bonus <= max(self.balance, 0)
        # A hold that was open when money was taken back may be charged into a debt.
        assert not self.account.frozen or freezes.why(self.account)

    def teardown(self) -> None:
        if hasattr(self, "account"):
            broken = [v for v in invariants.check() if self.account.pk in v.accounts]
            assert broken == []


Money.TestCase.settings = how(
    max_examples=EXAMPLES,
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


class TestMoney(Money.TestCase):  # type: ignore[valid-type,misc]
    """Told by hypothesis."""
