"""Redemption codes give what they say, as often as they may, and are shown once."""

import re
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction
from django.utils import timezone

from billing import codes, freezes, ledger
from billing.codes import AlreadyRedeemed, CodeRefused, ExpiredCode, UnknownCode, UsedUpCode
from billing.models import MICRO, Code, LedgerEntry, Redemption
from tests.billing.ledgers import assert_sound
from tests.billing.races import race
from tests.customers import Customer
from tests.staff import make_staff

WRITTEN = re.compile(r"LUMYX(?:-[0-9A-HJKMNP-TV-Z]{5}){3}")


def test_a_code_gives_its_value_once(new_customer: Callable[..., Customer]) -> None:
    customer = new_customer(credit=0)
    code, text = codes.make(value=3 * MICRO, by=None)
    assert WRITTEN.fullmatch(text)
    redemption = codes.redeem(customer.account, text)
    assert customer.balance() == customer.account.bonus == 3 * MICRO
    entry = LedgerEntry.objects.get(account=customer.account)
    assert (entry.kind, entry.reference) == ("grant", f"code {redemption.id.hex}")
    with pytest.raises(AlreadyRedeemed):
        codes.redeem(customer.account, text)
    with pytest.raises(UsedUpCode):
        codes.redeem(new_customer(credit=0).account, text)
    assert Redemption.objects.get(code=code) == redemption
    assert customer.balance() == 3 * MICRO
    assert_sound(customer)


def test_a_code_that_is_no_bonus_gives_credits_like_bought_ones(
    new_customer: Callable[..., Customer],
) -> None:
    customer = new_customer(credit=0)
    _, text = codes.make(value=MICRO, by=None, bonus=False)
    codes.redeem(customer.account, text)
    assert (customer.balance(), customer.account.bonus) == (MICRO, 0)
    assert_sound(customer)


def test_an_account_redeems_as_often_as_the_code_lets_it(
    new_customer: Callable[..., Customer],
) -> None:
    customer = new_customer(credit=0)
    _, text = codes.make(value=MICRO, by=None, most=None, most_each=2)
    assert [codes.redeem(customer.account, text).nth for _ in range(2)] == [1, 2]
    with pytest.raises(AlreadyRedeemed):
        codes.redeem(customer.account, text)
    assert codes.redeem(new_customer(credit=0).account, text).nth == 1
    assert customer.balance() == 2 * MICRO
    assert_sound(customer)


def test_a_code_that_pays_a_debt_off_thaws_the_account(
    new_customer: Callable[..., Customer],
) -> None:
    customer = new_customer(credit=0)
    ledger.post(
        account=customer.account.pk, kind="refund", amount=-MICRO, reference=uuid.uuid4().hex
    )
    assert freezes.review(customer.account.pk)
    for frozen in (True, False):
        _, text = codes.make(value=MICRO // 2, by=None)
        codes.redeem(customer.account, text)
        customer.account.refresh_from_db()
        assert customer.account.frozen == frozen
    assert_sound(customer)


def test_typing_is_forgiven(new_customer: Callable[..., Customer]) -> None:
    customer = new_customer(credit=0)
    _, text = codes.make(value=MICRO, by=None, most=None, most_each=7)
    written = [
        text.lower(),
        f"  {text.replace('-', ' ')}\n",
        text.replace("-", ""),
        text.removeprefix("LUMYX-"),
        text.replace("-", "\N{EN DASH}"),
        text.replace("0", "o").replace("1", "l"),
        text.replace("0", "O").replace("1", "I"),
    ]
    for each in written:
        codes.redeem(customer.account, each)
    assert customer.balance() == 7 * MICRO


@pytest.mark.parametrize(
    "text",
    [
        "",
        "LUMYX",
        "LUMYX-00000-00000-00000",
        "LUMYX-UUUUU-UUUUU-UUUUU",
        "LUMYX-00000-00000-0000\0",
        "\0" * 15,
        "9" * 10_000,
        "\N{MONEY BAG}" * 15,
        "٣" * 15,
        "\ud800" * 15,
        "' or 1=1; --",
    ],
    ids=ascii,
)
def test_what_is_no_code_is_unknown(customer: Customer, text: str) -> None:
    with pytest.raises(UnknownCode):
        codes.redeem(customer.account, text)


def test_a_disabled_code_looks_like_an_unknown_one_also_when_it_has_expired(
    customer: Customer,
) -> None:
    past = timezone.now() - timedelta(seconds=1)
    code, text = codes.make(value=MICRO, by=None, expires_at=past)
    with pytest.raises(ExpiredCode) as expired:
        codes.redeem(customer.account, text)
    assert expired.value.sentence == "This code has expired."
    assert codes.disable([code]) == 1
    assert codes.disable([code]) == 0
    with pytest.raises(CodeRefused) as disabled:
        codes.redeem(customer.account, text)
    with pytest.raises(CodeRefused) as unknown:
        codes.redeem(customer.account, "LUMYX-00000-00000-00000")
    assert type(disabled.value) is type(unknown.value) is UnknownCode
    assert str(disabled.value) == str(unknown.value)


def test_a_code_outlives_a_new_pepper(monkeypatch: pytest.MonkeyPatch, customer: Customer) -> None:
    code, text = codes.make(value=MICRO, by=None)
    monkeypatch.setattr(settings, "KEY_PEPPERS", settings.KEY_PEPPERS | {99: "n" * 32})
    assert codes.redeem(customer.account, text).code == code
    assert codes.make(value=MICRO, by=None)[0].pepper_version == 99


def test_fifty_who_race_for_a_code_of_ten_redeem_it_ten_times(
    new_customer: Callable[..., Customer],
) -> None:
    customers = [new_customer(credit=0) for _ in range(25)]
    code, text = codes.make(value=MICRO, by=None, most=10, most_each=2)
    results = race([lambda c=c: codes.redeem(c.account, text) for c in customers * 2])  # type: ignore[misc]
    assert results.count(UsedUpCode) == 40
    assert Redemption.objects.filter(code=code).count() == 10
    assert sum(customer.balance() for customer in customers) == 10 * MICRO
    for customer in customers:
        assert_sound(customer)


def test_one_account_that_races_with_itself_redeems_once(
    new_customer: Callable[..., Customer],
) -> None:
    customer = new_customer(credit=0)
    _, text = codes.make(value=MICRO, by=None, most=None)
    results = race([lambda: codes.redeem(customer.account, text)] * 10)
    assert results.count(AlreadyRedeemed) == 9
    assert customer.balance() == MICRO
    assert_sound(customer)


def test_a_redemption_can_be_neither_changed_nor_deleted(customer: Customer) -> None:
    _, text = codes.make(value=MICRO, by=None)
    rows = Redemption.objects.filter(pk=codes.redeem(customer.account, text).pk)
    acts: list[Callable[[], object]] = [lambda: rows.update(amount=1), rows.delete]
    for act in acts:
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            act()


@pytest.mark.parametrize(
    "terms",
    [
        {"value": 0},
        {"value": -MICRO},
        {"value": 51 * MICRO},
        {"value": 26 * MICRO, "most_each": 2},
        {"value": 2**70},
        {"value": MICRO, "most": 0},
        {"value": MICRO, "most_each": 0},
    ],
    ids=str,
)
def test_terms_out_of_bounds_make_no_code(database: None, terms: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        codes.make(by=None, **terms)  # type: ignore[arg-type]


def test_a_batch_that_two_forms_make_at_once_is_made_once(database: None) -> None:
    batch = uuid.uuid4()
    results = race([lambda: codes.make_batch(50, value=MICRO, by=None, batch=batch)] * 4)
    assert results.count(codes.MadeBefore) == 3
    assert Code.objects.filter(batch=batch).count() == 50


def test_a_code_stays_when_who_made_it_goes(database: None) -> None:
    user, _ = make_staff("finance")
    code, _ = codes.make(value=MICRO, by=user)
    user.delete()
    code.refresh_from_db()
    assert code.created_by is None


@pytest.mark.parametrize(
    ("count", "most"), [(1, 51), (51, 1), (1, None)], ids=["redemptions", "codes", "no limit"]
)
def test_codes_that_may_give_much_wait_for_a_second_person(
    customer: Customer, count: int, most: int | None
) -> None:
    maker, colleague = make_staff("finance")[0], make_staff("finance")[0]
    code, text = codes.make_batch(count, value=MICRO, by=maker, most=most)[0]
    with pytest.raises(UnknownCode):
        codes.redeem(customer.account, text)
    with pytest.raises(codes.SamePerson):
        codes.approve(code, by=maker)
    codes.approve(code, by=colleague)
    with pytest.raises(codes.NotWaiting):
        codes.approve(code, by=colleague)
    assert codes.redeem(customer.account, text).amount == MICRO


def test_a_disabled_code_is_approved_no_more(database: None) -> None:
    code, _ = codes.make(value=MICRO, by=make_staff("finance")[0], most=None)
    codes.disable([code])
    with pytest.raises(codes.NotWaiting):
        codes.approve(code, by=make_staff("finance")[0])


def test_splitting_codes_into_batches_does_not_get_around_the_limit(database: None) -> None:
    maker = make_staff("finance")[0]
    made = [
        codes.make_batch(count, value=value, by=maker)[0][0].waits
        for count, value in ((5, 5 * MICRO), (1, 25 * MICRO), (1, 1))
    ]
    assert made == [False, False, True]
    assert not codes.make(value=MICRO, by=make_staff("finance")[0])[0].waits
