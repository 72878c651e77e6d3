"""An account that nobody uses for 24 months is closed, after two notices; any use ends that."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.core import mail as outbox
from django.test import override_settings
from django.utils import timezone

from accounts import mail, restrictions, visits
from accounts.data_sets import Purpose
from accounts.models import RestrictionKind, State, User
from billing import ids, ledger
from billing.models import MICRO, Order
from gateway.models import ApiKey
from lumyx.celery import app
from privacy import inactivity
from privacy.models import InactivityNotice
from tests.accounts.people import new_member
from tests.customers import Customer, make_customer
from tests.people import Browser, NabzClanProcess
from tests.processes import Server
from tests.shop import StripeProcess, bought
from tests.staff import staff_client

DAY = timedelta(days=1)
LAST = date(2018, 3, 15)
"""The last use of everybody here; others of the database came years later."""
OVER = date(2020, 3, 16)
"""The first day on which 24 months are over."""


def noon(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)


def unused(person: Customer, *, since: date = LAST) -> Customer:
    """Let somebody's account be last used on a day."""
    User.objects.filter(pk=person.user.pk).update(
        created_at=noon(since) - 100 * DAY, email=f"{person.user.username}@example.com"
    )
    person.user.refresh_from_db()
    visits.note(person.user.pk, since)
    return person


@pytest.fixture
def sleeper(customer: Customer) -> Customer:
    return unused(customer)


@pytest.fixture(autouse=True)
def nobody_else(database: None) -> object:
    yield
    # Else the next test would find these people, too.
    User.objects.filter(created_at__year__lt=2020).update(created_at=timezone.now())


class Closed:
    """Closes accounts as erasure does, and remembers whose."""

    def __init__(self) -> None:
        self.users: list[User] = []

    def __call__(self, user: User) -> None:
        self.users.append(user)
        user.state = State.CLOSING
        user.save(update_fields=["state"])


@pytest.fixture
def closed() -> Closed:
    return Closed()


def told(person: Customer) -> list[str]:
    return [str(one.subject) for one in outbox.outbox if one.to == [person.user.email]]


def body(person: Customer) -> str:
    return str([one.body for one in outbox.outbox if one.to == [person.user.email]][-1])


def days(person: Customer) -> dict[int, date]:
    rows = InactivityNotice.objects.filter(user=person.user)
    return {row.nth: row.sent_at.date() for row in rows}


def live(person: Customer, closed: Closed, *, until: date, since: date = LAST) -> None:
    """Let every day pass, with the daily task on each."""
    day = since
    while day < until:
        inactivity.tend(close=closed, now=noon(day))
        day += DAY


def test_two_notices_and_then_the_closing_each_once_and_none_too_early(
    sleeper: Customer, closed: Closed
) -> None:
    first, second = OVER - 60 * DAY, OVER - 14 * DAY
    inactivity.tend(close=closed, now=noon(first - DAY))
    assert days(sleeper) == {}
    live(sleeper, closed, since=first, until=second)
    assert days(sleeper) == {1: first}
    live(sleeper, closed, since=second, until=OVER)
    assert days(sleeper) == {1: first, 2: second}
    assert closed.users == [], "23 months and 29 days, and the last of the 24 months"
    live(sleeper, closed, since=OVER, until=OVER + 20 * DAY)
    assert closed.users == [sleeper.user]
    assert told(sleeper) == ["Your LumyxAI account will be closed on 16 March 2020"] * 2
    assert "on 15 March 2018" in body(sleeper)
    assert "for 24 months" in body(sleeper)


def test_nothing_happens_in_the_first_22_months(sleeper: Customer, closed: Closed) -> None:
    for month in range(0, 660, 30):
        assert inactivity.tend(close=closed, now=noon(LAST + month * DAY)).told == 0
    assert days(sleeper) == {}


@pytest.mark.parametrize("use", ["visit", "key", "purchase"])
def test_any_use_ends_it_and_the_months_begin_anew(
    stripe: StripeProcess, sleeper: Customer, closed: Closed, use: str
) -> None:
    order = bought(stripe, sleeper.account)
    Order.objects.filter(pk=order.pk).update(paid_at=noon(LAST - DAY))
    for nth in (1, 2):
        inactivity.tend(close=closed, now=noon(OVER - inactivity.AHEAD[nth]))
    back = OVER - DAY
    if use == "visit":
        visits.note(sleeper.user.pk, back)
    elif use == "key":
        ApiKey.objects.filter(pk=sleeper.key_row.pk).update(last_used_at=noon(back))
    else:
        Order.objects.filter(pk=order.pk).update(paid_at=noon(back))
    assert inactivity.tend(close=closed, now=noon(OVER)).returned == 1
    assert days(sleeper) == {}
    inactivity.tend(close=closed, now=noon(OVER + 600 * DAY))
    assert days(sleeper) == {}
    anew = date(2022, 3, 16)
    inactivity.tend(close=closed, now=noon(anew - 60 * DAY))
    assert days(sleeper) == {1: anew - 60 * DAY}
    assert closed.users == []


def test_who_comes_back_at_the_last_moment_is_not_closed(
    sleeper: Customer, new_customer: object
) -> None:
    other = unused(make_customer())
    for nth in (1, 2):
        inactivity.tend(now=noon(OVER - inactivity.AHEAD[nth]))
    begun: list[User] = []

    def close(user: User) -> None:
        begun.append(user)
        for person in (sleeper, other):
            visits.note(person.user.pk, OVER)

    assert inactivity.tend(close=close, now=noon(OVER)).closed == 1
    assert len(begun) == 1


def test_a_closing_that_fails_is_tried_again(sleeper: Customer, closed: Closed) -> None:
    for nth in (1, 2):
        inactivity.tend(now=noon(OVER - inactivity.AHEAD[nth]))

    def refuse(user: User) -> None:
        raise ConnectionRefusedError

    with pytest.raises(ConnectionRefusedError):
        inactivity.tend(close=refuse, now=noon(OVER))
    inactivity.tend(close=closed, now=noon(OVER + DAY))
    assert closed.users == [sleeper.user]


def test_notices_have_their_full_time_however_late_they_are(
    sleeper: Customer, closed: Closed
) -> None:
    late = OVER + 100 * DAY
    live(sleeper, closed, since=late, until=late + 60 * DAY)
    assert days(sleeper) == {1: late, 2: late + 46 * DAY}
    assert closed.users == []
    live(sleeper, closed, since=late + 60 * DAY, until=late + 62 * DAY)
    assert closed.users == [sleeper.user]
    assert set(told(sleeper)) == {
        f"Your LumyxAI account will be closed on {late + 60 * DAY:%d %B %Y}"
    }


def test_a_mail_that_cannot_be_sent_is_no_notice_and_is_tried_again(
    sleeper: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise ConnectionRefusedError

    first = OVER - 60 * DAY
    with monkeypatch.context() as away:
        away.setattr(mail, "send_mail", refuse)
        assert inactivity.tend(now=noon(first)).told == 0
    assert days(sleeper) == {}
    assert inactivity.tend(now=noon(first + DAY)).told == 1
    assert days(sleeper) == {1: first + DAY}
    assert told(sleeper) == ["Your LumyxAI account will be closed on 17 March 2020"]


def test_who_has_no_address_gets_the_same_time_and_no_mail(
    sleeper: Customer, closed: Closed
) -> None:
    User.objects.filter(pk=sleeper.user.pk).update(email="")
    live(sleeper, closed, since=OVER - 60 * DAY, until=OVER + DAY)
    assert set(days(sleeper)) == {1, 2}
    assert closed.users == [sleeper.user]
    assert outbox.outbox == []


def test_who_restricts_mail_is_told_all_the_same(sleeper: Customer) -> None:
    restrictions.restrict(sleeper.user, Purpose.MESSAGES, kind=RestrictionKind.OBJECT)
    inactivity.tend(now=noon(OVER - 60 * DAY))
    assert len(told(sleeper)) == 1


def test_the_mail_says_what_was_bought_and_is_left(sleeper: Customer) -> None:
    ledger.post(
        account=sleeper.account.pk, kind="grant", amount=3 * MICRO, reference=ids.new(), bonus=True
    )
    inactivity.tend(now=noon(OVER - 60 * DAY))
    assert "You have 10 credits left that you bought." in body(sleeper)


def test_the_mail_says_nothing_of_credits_where_none_were_bought() -> None:
    person = unused(make_customer(credit=0))
    inactivity.tend(now=noon(OVER - 60 * DAY))
    assert "credits" not in body(person)


def test_staff_and_who_is_leaving_are_left_alone(sleeper: Customer, closed: Closed) -> None:
    leaving = unused(make_customer())
    User.objects.filter(pk=leaving.user.pk).update(state=State.CLOSING)
    User.objects.filter(pk=sleeper.user.pk).update(is_staff=True)
    live(sleeper, closed, since=OVER - 60 * DAY, until=OVER + DAY)
    assert (days(sleeper), days(leaving), closed.users) == ({}, {}, [])


@pytest.mark.parametrize(
    ("months", "first", "second", "over"),
    [
        (1, date(2018, 3, 31), date(2018, 4, 2), date(2018, 4, 16)),
        (3, date(2018, 5, 1), date(2018, 6, 2), date(2018, 6, 16)),
        (120, date(2028, 1, 16), date(2028, 3, 2), date(2028, 3, 16)),
    ],
)
def test_the_months_are_a_setting(
    sleeper: Customer, months: int, first: date, second: date, over: date
) -> None:
    with override_settings(INACTIVE_MONTHS=months):
        use = inactivity.Use(sleeper.user, LAST, {})
        assert use.over == over
        assert [use.due(first - DAY), use.due(first)] == [None, 1]
        use = inactivity.Use(sleeper.user, LAST, {1: first})
        assert [use.due(second - DAY), use.due(second)] == [None, 2]
        use = inactivity.Use(sleeper.user, LAST, {1: first, 2: second})
        assert [use.due(over - DAY), use.due(over)] == [None, inactivity.CLOSING]


def test_months_end_where_a_month_is_shorter() -> None:
    with override_settings(INACTIVE_MONTHS=24):
        assert inactivity.Use(User(), date(2024, 2, 29), {}).over == date(2026, 3, 1)
        assert inactivity.Use(User(), date(2024, 12, 31), {}).over == date(2027, 1, 1)


def test_without_a_way_to_close_people_are_told_and_nobody_is_closed(sleeper: Customer) -> None:
    for day in (OVER - 60 * DAY, OVER - 14 * DAY, OVER, OVER + DAY):
        assert inactivity.tend(now=noon(day)).closed == 0
    sleeper.user.refresh_from_db()
    assert sleeper.user.state == State.ACTIVE


def test_people_read_in_the_privacy_centre_when_that_would_be(
    server: Server, nabzclan: NabzClanProcess
) -> None:
    browser = Browser(server)
    user = new_member(browser, nabzclan)
    [use] = inactivity.read(User.objects.filter(pk=user.pk))
    page = browser.open("/privacy/centre").text
    assert f"{use.over.day} {use.over:%B %Y}" in page
    assert "After 24 months" in page


def test_the_privacy_officer_sees_who_was_told(sleeper: Customer) -> None:
    inactivity.tend(now=noon(OVER - 60 * DAY))
    page = staff_client(["privacy officer"]).get("/admin/privacy/inactivitynotice/")
    assert sleeper.user.username in page.content.decode()


def test_beat_looks_every_day() -> None:
    entry = app.conf.beat_schedule["tend accounts that nobody uses"]
    assert entry["task"] == "privacy.tasks.tend_unused_accounts"
    assert len(entry["schedule"].hour) == 1
