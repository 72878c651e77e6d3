"""Staff give and correct credits with a reason, and a second person approves what is much."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from billing import adjustments, alone, ledger
from billing.adjustments import NotWaiting, RequestDiffers, SamePerson
from billing.models import MICRO, Adjustment, AdjustmentKind, AdjustmentState, LedgerEntry
from tests.billing.ledgers import assert_sound, request
from tests.billing.races import race
from tests.customers import Customer
from tests.staff import make_staff

GRANT, CORRECTION = AdjustmentKind.GRANT, AdjustmentKind.CORRECTION
WAITING, DONE = AdjustmentState.WAITING, AdjustmentState.DONE
DECLINED, REFUSED = AdjustmentState.DECLINED, AdjustmentState.REFUSED


@pytest.fixture
def broke(new_customer: Callable[..., Customer]) -> Customer:
    return new_customer(credit=0)


@pytest.fixture(scope="module")
def one(database: None) -> User:
    return make_staff("finance")[0]


@pytest.fixture(scope="module")
def other(database: None) -> User:
    return make_staff("finance")[0]


def ask(customer: Customer, amount: int, by: User, **fields: Any) -> Adjustment:
    kind = fields.pop("kind", GRANT if amount > 0 else CORRECTION)
    fields = {"reason": "lost calls", **fields}
    return adjustments.request(account=customer.account, kind=kind, amount=amount, by=by, **fields)


def moved(customer: Customer) -> list[tuple[str, int]]:
    entries = LedgerEntry.objects.filter(
        account=customer.account, reference__startswith="adjustment "
    )
    return [(entry.kind, entry.amount) for entry in entries.order_by("id")]


def test_a_small_grant_is_posted_at_once(broke: Customer, one: User) -> None:
    adjustment = ask(broke, 50 * MICRO, one, bonus=True)
    adjustment.refresh_from_db()
    assert (adjustment.state, adjustment.decided_by) == (DONE, None)
    assert adjustment.decided_at is not None
    entry = LedgerEntry.objects.get(account=broke.account)
    assert (entry.kind, entry.reference) == ("grant", f"adjustment {adjustment.id.hex}")
    assert broke.balance() == broke.account.bonus == 50 * MICRO
    assert_sound(broke)


def test_a_grant_that_is_no_bonus_and_corrections_both_ways(broke: Customer, one: User) -> None:
    ask(broke, 3 * MICRO, one)
    ask(broke, 2 * MICRO, one, kind=CORRECTION)
    ask(broke, -4 * MICRO, one)
    assert moved(broke) == [
        ("grant", 3 * MICRO),
        ("adjustment", 2 * MICRO),
        ("adjustment", -4 * MICRO),
    ]
    assert (broke.balance(), broke.account.bonus) == (MICRO, 0)
    assert_sound(broke)


def test_a_large_grant_waits_until_another_person_approves_it(
    broke: Customer, one: User, other: User
) -> None:
    adjustment = ask(broke, 50 * MICRO + 1, one)
    assert (adjustment.state, broke.balance()) == (WAITING, 0)
    with pytest.raises(SamePerson):
        adjustments.approve(adjustment, one)
    assert broke.balance() == 0
    done = adjustments.approve(adjustment, other)
    assert (done.state, done.decided_by, broke.balance()) == (DONE, other, 50 * MICRO + 1)
    for decide in (adjustments.approve, adjustments.decline):
        with pytest.raises(NotWaiting):
            decide(adjustment, other)
    assert len(moved(broke)) == 1
    assert_sound(broke)


def test_what_was_declined_never_moves(broke: Customer, one: User, other: User) -> None:
    adjustment = ask(broke, 51 * MICRO, one)
    assert adjustments.decline(adjustment, other).state == DECLINED
    with pytest.raises(NotWaiting):
        adjustments.approve(adjustment, other)
    assert moved(broke) == []


def test_one_withdraws_what_one_requested(broke: Customer, one: User) -> None:
    assert adjustments.decline(ask(broke, 51 * MICRO, one), one).state == DECLINED


def test_splitting_does_not_pass_the_limit(broke: Customer, one: User, other: User) -> None:
    assert ask(broke, 30 * MICRO, one).state == DONE
    assert ask(broke, -20 * MICRO, one).state == DONE
    assert ask(broke, 1, one).state == WAITING
    # What was approved counts no more, nor what others move, nor another's account.
    adjustments.approve(ask(broke, 60 * MICRO, one), other)
    assert ask(broke, 50 * MICRO, other).state == DONE
    assert_sound(broke)


def test_what_was_moved_yesterday_counts_no_more(
    monkeypatch: pytest.MonkeyPatch, broke: Customer, one: User
) -> None:
    assert ask(broke, 50 * MICRO, one).state == DONE
    assert ask(broke, 1, one).state == WAITING
    later = timezone.now() + timedelta(hours=alone.SPLITTING_HOURS, seconds=1)
    monkeypatch.setattr("django.utils.timezone.now", lambda: later)
    assert ask(broke, 1, one).state == DONE


def test_splitting_by_many_requests_at_once_does_not_pass_the_limit(
    broke: Customer, one: User
) -> None:
    results = race([lambda: ask(broke, 10 * MICRO, one)] * 12)
    assert all(isinstance(result, Adjustment) for result in results)
    assert broke.balance() == 50 * MICRO
    assert_sound(broke)


def test_nobody_decides_about_their_own_account(broke: Customer, one: User, other: User) -> None:
    own = ask(broke, 1, broke.user)
    assert own.state == WAITING
    assert adjustments.approve(own, other).state == DONE
    with pytest.raises(SamePerson):
        adjustments.approve(ask(broke, 51 * MICRO, one), broke.user)
    assert broke.balance() == 1


def test_a_correction_takes_no_more_than_is_free(
    new_customer: Callable[..., Customer], one: User
) -> None:
    customer = new_customer(credit=10 * MICRO)
    assert ledger.authorize_now([request(customer, 4 * MICRO)]) != [None]
    refused = ask(customer, -6 * MICRO - 1, one)
    refused.refresh_from_db()
    assert (refused.state, customer.balance()) == (REFUSED, 10 * MICRO)
    assert ask(customer, -6 * MICRO, one).state == DONE
    assert customer.balance() == 4 * MICRO
    assert_sound(customer)


def test_what_is_spent_before_the_approval_is_not_taken(
    new_customer: Callable[..., Customer], one: User, other: User
) -> None:
    customer = new_customer(credit=60 * MICRO)
    adjustment = ask(customer, -60 * MICRO, one)
    assert adjustment.state == WAITING
    assert ledger.authorize_now([request(customer, MICRO)]) != [None]
    decided = adjustments.approve(adjustment, other)
    assert (decided.state, decided.decided_by) == (REFUSED, other)
    assert customer.balance() == 60 * MICRO
    assert_sound(customer)


def test_corrections_that_race_with_calls_never_take_what_is_held(
    new_customer: Callable[..., Customer], one: User
) -> None:
    customer = new_customer(credit=10 * MICRO)
    calls = [lambda: ledger.authorize_now([request(customer, MICRO)])] * 10
    race(calls + [lambda: ask(customer, -MICRO, one)] * 10)
    customer.balance()
    assert customer.account.available == 0
    taken = len(moved(customer))
    assert taken + customer.holds_open() == 10
    assert Adjustment.objects.filter(account=customer.account, state=REFUSED).count() == 10 - taken
    assert_sound(customer)


def test_many_who_approve_at_once_post_once(broke: Customer, one: User) -> None:
    adjustment = ask(broke, 70 * MICRO, one)
    approvers = [make_staff("finance")[0] for _ in range(8)]
    results = race([lambda by=by: adjustments.approve(adjustment, by) for by in approvers])  # type: ignore[misc]
    assert results.count(NotWaiting) == 7
    assert moved(broke) == [("grant", 70 * MICRO)]
    assert broke.balance() == 70 * MICRO
    assert_sound(broke)


def test_approving_races_with_declining_and_one_of_them_wins(
    broke: Customer, one: User, other: User
) -> None:
    adjustment = ask(broke, 70 * MICRO, one)
    acts = [adjustments.approve, adjustments.decline] * 3
    results = race([lambda act=act: act(adjustment, other) for act in acts])  # type: ignore[misc]
    assert results.count(NotWaiting) == 5
    adjustment.refresh_from_db()
    assert broke.balance() == (70 * MICRO if adjustment.state == DONE else 0)


def test_an_id_that_is_requested_again_moves_once(broke: Customer, one: User) -> None:
    name = uuid.uuid4()
    results = race([lambda: ask(broke, MICRO, one, id=name)] * 6)
    assert {result.pk for result in results} == {name}  # type: ignore[attr-defined]
    with pytest.raises(RequestDiffers):
        ask(broke, 2 * MICRO, one, id=name)
    assert moved(broke) == [("grant", MICRO)]


@pytest.mark.parametrize(
    "fields",
    [
        {"amount": 0},
        {"amount": -1, "kind": GRANT},
        {"amount": 1, "kind": CORRECTION, "bonus": True},
        {"amount": 1, "reason": " "},
        {"amount": 1, "reason": "x" * 1_001},
        {"amount": 1, "reason": "a\0b"},
        {"amount": 1, "kind": "gift"},
        {"amount": 2**70},
    ],
    ids=lambda fields: str(fields)[:60],
)
def test_a_request_out_of_bounds_is_refused(
    broke: Customer, one: User, fields: dict[str, Any]
) -> None:
    with pytest.raises(ValidationError):
        ask(broke, by=one, **fields)
    assert not Adjustment.objects.filter(account=broke.account).exists()


def test_the_database_keeps_what_was_decided(broke: Customer, one: User, other: User) -> None:
    rows = Adjustment.objects.filter(pk=ask(broke, MICRO, one).pk)
    changes: list[Callable[[], object]] = [
        lambda: rows.update(amount=2),
        lambda: rows.update(state=WAITING),
        lambda: rows.update(decided_by=other),
        lambda: rows.update(requested_by=other),
        lambda: rows.delete(),
    ]
    for change in changes:
        with pytest.raises(DatabaseError, match="adjustment"), transaction.atomic():
            change()
    waiting = Adjustment.objects.filter(pk=ask(broke, 51 * MICRO, one).pk)
    with pytest.raises(IntegrityError), transaction.atomic():
        waiting.update(state=DONE, decided_by=one)


def test_adjustments_stay_when_the_people_go(broke: Customer) -> None:
    people = [make_staff("finance")[0] for _ in range(2)]
    adjustment = adjustments.approve(ask(broke, 51 * MICRO, people[0]), people[1])
    for user in [*people, broke.user]:
        user.delete()
    adjustment.refresh_from_db()
    assert (adjustment.requested_by, adjustment.decided_by) == (None, None)
    assert (adjustment.state, adjustment.account) == (DONE, broke.account)
