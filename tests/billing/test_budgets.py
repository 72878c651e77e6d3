"""A spend limit of a key is kept exactly, whoever races, and what was spent is counted."""

import asyncio
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib import admin
from django.test import RequestFactory

from billing import budgets, invariants, ledger
from billing.budgets import Spent
from billing.ledger import (
    Closing,
    InsufficientCredits,
    Ledger,
    OpenHold,
    Receipt,
    SpendLimitReached,
)
from billing.models import Budget, Hold, HoldState
from tests.billing.ledgers import assert_sound, request, with_ledgers
from tests.customers import Customer


def new_budget() -> str:
    budget = uuid.uuid4().hex
    budgets.open_for([budget])
    return budget


def test_of_10000_authorizes_at_once_with_a_limit_for_100_exactly_100_pass(
    customer: Customer,
) -> None:
    budget = new_budget()

    async def story(ledgers: list[Ledger]) -> list[object]:
        tries = [
            ledgers[n % 4].authorize(request(customer, 7, budget=budget, total_most=705))
            for n in range(10_000)
        ]
        return list(await asyncio.gather(*tries, return_exceptions=True))

    outcomes = with_ledgers(4, story)
    assert Counter(type(o) for o in outcomes) == {OpenHold: 100, SpendLimitReached: 9_900}
    assert budgets.spent(budget) == Spent(held=700)
    customer.account.refresh_from_db()
    assert customer.account.held == 700
    assert_sound(customer)


def test_racing_keys_of_one_account_each_keep_their_own_limit(
    new_customer: Callable[..., Customer],
) -> None:
    customer = new_customer(credit=10_000)
    limits = {new_budget(): most for most in (50, 200, 1_000, None)}

    async def story(ledgers: list[Ledger]) -> None:
        async def call(n: int, budget: str) -> None:
            one = ledgers[n % 4]
            wanted = request(customer, 20 + n % 7, need=5, budget=budget, day_most=limits[budget])
            try:
                hold = await one.authorize(wanted)
            except (SpendLimitReached, InsufficientCredits):
                return
            cost = n % 23
            await (one.release(hold) if n % 5 == 0 else one.settle(hold, cost=cost, record=None))

        await asyncio.gather(*[call(n, b) for n in range(600) for b in limits])

    with_ledgers(4, story)
    for budget, most in limits.items():
        counted = budgets.spent(budget)
        settled = Hold.objects.filter(budget_id=budget, state=HoldState.SETTLED)
        assert counted.held == 0
        assert counted.day == counted.month == counted.total == sum(h.cost for h in settled)
        assert counted.total > 0
        if most is not None:
            assert counted.total <= most
    assert sum(customer.spent()) == sum(budgets.spent(b).total for b in limits)
    assert_sound(customer)


def test_a_hold_is_clamped_to_the_room_of_the_budget_but_never_below_the_need(
    customer: Customer,
) -> None:
    budget = new_budget()

    async def story(ledgers: list[Ledger]) -> None:
        one = ledgers[0]

        async def ask(need: int) -> OpenHold:
            return await one.authorize(
                request(customer, 1_000, need=need, budget=budget, month_most=100)
            )

        with pytest.raises(SpendLimitReached):
            await ask(101)
        hold = await ask(10)
        assert hold.amount == 100
        with pytest.raises(SpendLimitReached):
            await ask(1)
        assert await one.settle(hold, cost=60, record=None) == Receipt(60, 9_999_940)
        assert (await ask(40)).amount == 40

    with_ledgers(1, story)
    assert budgets.spent(budget) == Spent(day=60, month=60, total=60, held=40)
    assert_sound(customer)


@pytest.mark.parametrize("window", ["day", "month", "total"])
def test_the_refusal_names_the_limit_that_is_reached(customer: Customer, window: str) -> None:
    budget = new_budget()
    limits = {"day_most": 1_000, "month_most": 1_000, "total_most": 1_000, f"{window}_most": 30}

    async def story(ledgers: list[Ledger]) -> None:
        with pytest.raises(SpendLimitReached) as caught:
            await ledgers[0].authorize(request(customer, 31, budget=budget, **limits))
        assert caught.value.window == window
        await ledgers[0].authorize(request(customer, 30, budget=budget, **limits))

    with_ledgers(1, story)


def test_a_past_day_and_month_count_as_nothing_and_the_total_stays(customer: Customer) -> None:
    budget = new_budget()

    def use(cost: int) -> None:
        [hold] = ledger.authorize_now([request(customer, cost, budget=budget)])
        assert hold is not None
        ledger.close_now([Closing(hold, cost, HoldState.SETTLED, None)])

    today = datetime.now(UTC).date()
    use(40)
    Budget.objects.filter(id=budget).update(day=today - timedelta(days=1))
    assert budgets.spent(budget) == Spent(day=0, month=40, total=40)
    assert ledger.authorize_now([request(customer, 30, budget=budget, month_most=69)]) == [None]
    [hold] = ledger.authorize_now([request(customer, 30, budget=budget, day_most=30)])
    assert hold is not None
    ledger.close_now([Closing(hold, 0, HoldState.RELEASED, None)])
    last_month = today.replace(day=1) - timedelta(days=1)
    Budget.objects.filter(id=budget).update(day=last_month, month=last_month.replace(day=1))
    assert budgets.spent(budget) == Spent(day=0, month=0, total=40)
    use(5)
    assert budgets.spent(budget) == Spent(day=5, month=5, total=45)
    row = Budget.objects.get(id=budget)
    assert (row.day, row.month) == (today, today.replace(day=1))


def test_a_statement_of_the_day_before_never_takes_a_counter_back(customer: Customer) -> None:
    # As if the row had been written after midnight by a statement that began later.
    budget = new_budget()
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    Budget.objects.filter(id=budget).update(
        day=tomorrow, month=tomorrow.replace(day=1), day_spent=10, month_spent=10, total=10
    )
    [hold] = ledger.authorize_now([request(customer, 5, budget=budget, day_most=15)])
    assert hold is not None
    ledger.close_now([Closing(hold, 5, HoldState.SETTLED, None)])
    row = Budget.objects.get(id=budget)
    assert (row.day, row.day_spent, row.month_spent, row.total) == (tomorrow, 15, 15, 15)


def test_a_budget_that_nobody_opened_is_opened_and_its_limit_kept(customer: Customer) -> None:
    budget = uuid.uuid4().hex

    async def story(ledgers: list[Ledger]) -> list[object]:
        tries = [
            ledgers[n % 4].authorize(request(customer, 10, budget=budget, total_most=50))
            for n in range(40)
        ]
        outcomes: list[object] = [*await asyncio.gather(*tries, return_exceptions=True)]
        assert await budgets.spent_on(ledgers[0]._pool, budget) == Spent(held=50)
        return outcomes

    assert budgets.spent(budget) == Spent()
    outcomes = with_ledgers(4, story)
    assert Counter(type(o) for o in outcomes) == {OpenHold: 5, SpendLimitReached: 35}
    assert_sound(customer)


def test_use_without_a_limit_counts_against_a_later_one(customer: Customer) -> None:
    budget = new_budget()

    async def story(ledgers: list[Ledger]) -> None:
        hold = await ledgers[0].authorize(request(customer, 80, budget=budget))
        await ledgers[0].settle(hold, cost=80, record=None)
        with pytest.raises(SpendLimitReached):
            await ledgers[0].authorize(request(customer, 21, budget=budget, total_most=100))
        # Another key of the same account is not concerned.
        await ledgers[0].authorize(request(customer, 21, total_most=None))

    with_ledgers(1, story)


def test_a_reached_limit_keeps_no_other_key_waiting(
    new_customer: Callable[..., Customer],
) -> None:
    customer = new_customer(credit=100)
    spent_up, free = new_budget(), new_budget()

    async def story(ledgers: list[Ledger]) -> None:
        one = ledgers[0]
        tries: list[Awaitable[OpenHold]] = [
            one.authorize(request(customer, 90, budget=spent_up, day_most=10)),
            one.authorize(request(customer, 400, need=80, budget=free, day_most=95)),
        ]
        refused, hold = await asyncio.gather(*tries, return_exceptions=True)
        assert isinstance(refused, SpendLimitReached)
        assert isinstance(hold, OpenHold)
        assert hold.amount == 95

    with_ledgers(1, story)


def test_a_small_request_behind_a_large_one_of_its_budget_is_not_refused(
    customer: Customer,
) -> None:
    budget = new_budget()

    async def story(ledgers: list[Ledger]) -> list[object]:
        tries = [
            ledgers[0].authorize(request(customer, a, budget=budget, day_most=100))
            for a in (1, 60, 60, 39)
        ]
        return list(await asyncio.gather(*tries, return_exceptions=True))

    outcomes = with_ledgers(1, story)
    assert [isinstance(o, OpenHold) for o in outcomes] == [True, True, False, True]


def test_what_is_given_back_in_a_batch_can_be_held_in_the_same(customer: Customer) -> None:
    budget = new_budget()

    async def story(ledgers: list[Ledger]) -> None:
        one = ledgers[0]
        hold = await one.authorize(request(customer, 100, budget=budget, day_most=100))
        released = one.release(hold)
        again = await one.authorize(request(customer, 100, budget=budget, day_most=100))
        assert again.amount == 100
        await released

    with_ledgers(1, story)


def test_the_sweep_gives_back_what_a_budget_held(customer: Customer) -> None:
    budget = new_budget()
    [hold] = ledger.authorize_now([request(customer, 10, budget=budget, day_most=10)])
    assert hold is not None
    Hold.objects.filter(id=hold.id).update(expires_at="2020-01-01T00:00Z")
    assert budgets.spent(budget) == Spent(held=10)
    assert ledger.release_expired() >= 1
    assert budgets.spent(budget) == Spent()
    assert_sound(customer)


def test_a_caller_that_is_cancelled_leaves_nothing_held_by_its_budget(customer: Customer) -> None:
    budget = new_budget()

    async def story(ledgers: list[Ledger]) -> None:
        for pause in [0, 0.0005, 0.001, 0.002, 0.004] * 10:
            task = asyncio.create_task(
                ledgers[0].authorize(request(customer, 5, budget=budget, day_most=1_000))
            )
            await asyncio.sleep(pause)
            if not task.cancel():
                await ledgers[0].release(task.result())
        await asyncio.sleep(0.1)
        await ledgers[0].drain()

    with_ledgers(1, story)
    assert budgets.spent(budget) == Spent()
    assert_sound(customer)


def test_the_invariants_notice_a_wrong_budget(customer: Customer) -> None:
    budget = new_budget()
    [hold] = ledger.authorize_now([request(customer, 10, budget=budget)])
    assert hold is not None

    def false_with(**fields: int) -> set[str]:
        right = Budget.objects.filter(id=budget).values().get()
        Budget.objects.filter(id=budget).update(**fields)
        found = {v.sentence for v in invariants.check() if customer.account.id in v.accounts}
        Budget.objects.filter(id=budget).update(**right)
        return found

    assert false_with() == set()
    assert false_with(held=9) == {"the open holds of a budget add up to what it has held"}
    ledger.close_now([Closing(hold, 4, HoldState.SETTLED, None)])
    within = "a budget's day is within its month, and its month within all it has spent"
    assert false_with(day_spent=5) == {within}
    assert "a budget has spent at least what its holds cost" in false_with(total=3)
    assert_sound(customer)


def test_staff_can_look_at_budgets_and_change_none(rf: RequestFactory) -> None:
    shown = admin.site._registry[Budget]
    asked = rf.get("/admin/")
    assert not shown.has_add_permission(asked)
    assert not shown.has_change_permission(asked)
    assert not shown.has_delete_permission(asked)
