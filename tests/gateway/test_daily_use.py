"""Use is added up by day, about nobody, and without those who object to that."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from accounts import restrictions
from accounts.data_sets import Purpose
from accounts.models import RestrictionKind
from gateway import daily_use, partitions
from gateway.models import DailyUse
from lumyx.celery import app
from privacy import retention
from tests.calls import add_call
from tests.customers import Customer, make_customer
from tests.processes import Server
from tests.staff import staff_client

DAYS = iter(date(2021, 1, 1) + timedelta(days=n) for n in range(0, 400, 20))


@pytest.fixture
def day() -> date:
    """A day that no other test has calls on."""
    return next(DAYS)


@pytest.fixture(scope="module")
def people(database: None) -> list[Customer]:
    return [make_customer() for _ in range(6)]


@pytest.fixture(autouse=True)
def forget_days() -> object:
    yield
    partitions.drop_older()
    DailyUse.objects.filter(day__year__lt=2023).delete()


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def rows(day: date) -> dict[tuple[str, str], DailyUse]:
    return {(row.model, row.endpoint): row for row in DailyUse.objects.filter(day=day)}


def test_a_day_is_added_up_by_model_and_endpoint(people: list[Customer], day: date) -> None:
    for person in people:
        tokens = {"input_tokens": 10, "cache_read_tokens": 3, "cache_write_tokens": 2}
        add_call(person, at=noon(day), output_tokens=7, charge=100, **tokens)
        add_call(person, at=noon(day), endpoint="messages", status=503)
    add_call(people[0], at=noon(day), charge=1)
    midnight = noon(day) - timedelta(hours=12)
    add_call(people[0], at=midnight, charge=1)
    add_call(people[0], at=midnight - timedelta(microseconds=1), charge=1_000)
    add_call(people[0], at=midnight + timedelta(days=1), charge=1_000)
    assert daily_use.add_up(day) == 2
    found = rows(day)
    chat, messages = found["echo", "chat/completions"], found["echo", "messages"]
    assert (chat.accounts, chat.calls, chat.errors, chat.charge) == (6, 8, 0, 602)
    assert (chat.tokens_in, chat.tokens_out) == (90, 42)
    assert (messages.accounts, messages.calls, messages.errors) == (6, 6, 6)


def test_nothing_tells_of_fewer_than_five_accounts(people: list[Customer], day: date) -> None:
    for person in people[:4]:
        add_call(person, at=noon(day), model="rare")
    assert daily_use.add_up(day) == 0, "four people's use, under whatever name"
    for person in people[4:6]:
        add_call(person, at=noon(day), model="rarer")
    assert daily_use.add_up(day) == 1
    [(name, row)] = rows(day).items()
    assert name == ("", "")
    assert (row.accounts, row.calls) == (6, 6)
    with pytest.raises(IntegrityError), transaction.atomic():
        DailyUse.objects.filter(pk=row.pk).update(accounts=4)


@pytest.mark.parametrize("purpose", [Purpose.ANALYSIS, Purpose.SERVICE])
@pytest.mark.parametrize("kind", RestrictionKind)
def test_who_restricts_it_or_objects_is_left_out(
    people: list[Customer], day: date, purpose: Purpose, kind: RestrictionKind
) -> None:
    alone = make_customer()
    restrictions.restrict(alone.user, purpose, kind=kind)
    for person in (*people, alone):
        add_call(person, at=noon(day), charge=1_000 if person is alone else 1)
    daily_use.add_up(day)
    [row] = rows(day).values()
    assert (row.accounts, row.calls, row.charge) == (6, 6, 6)


def test_one_who_objects_can_leave_a_day_without_totals(day: date) -> None:
    five = [make_customer() for _ in range(5)]
    for person in five:
        add_call(person, at=noon(day))
    restrictions.restrict(five[0].user, Purpose.ANALYSIS, kind=RestrictionKind.OBJECT)
    assert daily_use.add_up(day) == 0


def test_the_service_and_billing_of_who_objects_go_on(server: Server, customer: Customer) -> None:
    for purpose in restrictions.OPTIONAL:
        restrictions.restrict(customer.user, purpose, kind=RestrictionKind.OBJECT)
    before = customer.balance()
    assert customer.chat(server).status_code == 200
    assert customer.balance() < before
    row = customer.wait_for_log(1)[0]
    assert customer.get(server, f"requests/req_{row.id.hex}").status_code == 200
    assert customer.get(server, "key").json()["limits"]["minute"]["used"] == 1


def test_days_that_were_missed_are_made_up_for_once_and_none_too_early(
    people: list[Customer],
) -> None:
    now = datetime(2022, 3, 10, 2, 15, tzinfo=UTC)
    for age in (0, 1, 3, 7, 9):
        for person in people:
            add_call(person, at=noon(now.date() - timedelta(days=age)))
    at_one = now.replace(hour=1)
    assert daily_use.add_up_missing(now=at_one) == 2, "yesterday's last calls may be under way"
    assert daily_use.add_up_missing(now=now) == 1
    assert daily_use.add_up_missing(now=now) == 0
    ages = [(now.date() - row.day).days for row in DailyUse.objects.filter(day__year=2022)]
    assert sorted(ages) == [1, 3, 7]
    assert daily_use.add_up(now.date() - timedelta(days=1)) == 0, "a second time adds nothing"


def test_totals_go_after_13_months() -> None:
    numbers = dict.fromkeys(("calls", "errors", "tokens_in", "tokens_out", "charge"), 1)
    for day in (date(2021, 10, 9), date(2021, 10, 10)):
        DailyUse.objects.create(day=day, model="echo", endpoint="messages", accounts=5, **numbers)
    daily_use.expire(now=datetime(2022, 11, 9, 23, tzinfo=UTC))
    assert DailyUse.objects.filter(day__year=2021).count() == 2
    daily_use.expire(now=datetime(2022, 11, 10, tzinfo=UTC))
    assert [row.day.day for row in DailyUse.objects.filter(day__year=2021)] == [10]
    assert retention.sweep()["totals by day"] == 1


def test_staff_read_it_and_change_nothing(people: list[Customer], day: date) -> None:
    for person in people:
        add_call(person, at=noon(day), model="echo-read", charge=250_000)
    daily_use.add_up(day)
    [row] = rows(day).values()
    for role in ("operator", "finance"):
        page = staff_client([role]).get("/admin/gateway/dailyuse/").content.decode()
        assert "echo-read" in page
        assert "1.5" in page
        assert not any(str(person.user) in page for person in people)
    operator = staff_client(["operator"])
    assert operator.get("/admin/gateway/dailyuse/add/").status_code == 403
    url = f"/admin/gateway/dailyuse/{row.pk}/change/"
    assert operator.post(url, {"calls": "1"}).status_code == 403
    assert staff_client(["support"]).get("/admin/gateway/dailyuse/").status_code == 403


def test_beat_adds_up_every_night() -> None:
    tasks = {entry["task"]: entry["schedule"] for entry in app.conf.beat_schedule.values()}
    schedule = tasks["gateway.tasks.add_up_days"]
    assert timedelta(hours=min(schedule.hour)) >= daily_use.SETTLED
