"""Calls are added up by hour, model and provider, with what they cost us and how long they took."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from gateway import hourly_use, partitions, spending, tasks, traffic
from gateway.models import HourlyUse, Model, Provider, RequestLog, Route
from lumyx.celery import app
from privacy import retention
from tests.calls import add_call
from tests.customers import Customer
from tests.staff import staff_client

HOUR = timedelta(hours=1)
HOURS = iter(datetime(2021, 3, 1, 12, tzinfo=UTC) + timedelta(days=20 * n) for n in range(40))


@pytest.fixture
def hour() -> datetime:
    """An hour that no other test has calls in."""
    return next(HOURS)


@pytest.fixture(autouse=True)
def forget_hours() -> Iterator[None]:
    yield
    partitions.drop_older()
    HourlyUse.objects.filter(hour__year__lt=2024).delete()


@pytest.fixture
def route(database: None) -> Iterator[Route]:
    """A route that costs 1, 0.1, 1.25 and 5 dollars per 1,000,000 tokens."""
    name = f"costed-{uuid.uuid4().hex[:8]}"
    model = Model.objects.create(
        name=name, display_name=name, context_window=1_000, max_output_tokens=100
    )
    provider = Provider.objects.create(name=name, base_url="https://api.example.com/v1")
    yield Route.objects.create(
        model=model,
        provider=provider,
        upstream_name=name,
        upstream_input_price=1_000_000,
        upstream_cache_read_price=100_000,
        upstream_cache_write_price=1_250_000,
        upstream_output_price=5_000_000,
    )
    model.delete()
    provider.delete()


def rows(hour: datetime) -> dict[tuple[str, str], HourlyUse]:
    found = HourlyUse.objects.filter(hour=hour)
    return {(row.model, row.provider): row for row in found}


def test_an_hour_is_added_up_by_model_and_provider(customer: Customer, hour: datetime) -> None:
    tokens = {"input_tokens": 10, "cache_read_tokens": 3, "cache_write_tokens": 2}
    add_call(customer, at=hour, provider="one", output_tokens=7, charge=100, **tokens)
    add_call(customer, at=hour + HOUR / 2, provider="one", status=503)
    add_call(customer, at=hour + HOUR - timedelta(microseconds=1), provider="two", charge=4)
    add_call(customer, at=hour, model="", status=404, error_code="model_not_found")
    add_call(customer, at=hour + HOUR, provider="one")
    hourly_use.add_up(hour, hour + HOUR)
    found = rows(hour)
    assert set(found) == {("echo", "one"), ("echo", "two"), ("", "")}
    one = found["echo", "one"]
    assert (one.calls, one.refused, one.failed) == (2, 0, 1)
    assert (one.tokens_in, one.tokens_out, one.charge) == (15, 7, 100)
    assert (found["", ""].refused, found["", ""].failed) == (1, 0)
    assert rows(hour + HOUR) == {}


def test_what_comes_late_is_added_and_nothing_is_counted_twice(
    customer: Customer, hour: datetime
) -> None:
    for calls in (1, 2):
        add_call(customer, at=hour, charge=10)
        for _ in range(2):
            hourly_use.add_up(hour, hour + HOUR)
        assert [(row.calls, row.charge) for row in rows(hour).values()] == [(calls, 10 * calls)]


def test_a_call_costs_what_its_route_costs_at_its_provider(
    customer: Customer, hour: datetime, route: Route
) -> None:
    called = {"model": route.model.name, "provider": route.provider.name}
    tokens = {"input_tokens": 1_000, "cache_read_tokens": 100, "cache_write_tokens": 40}
    add_call(customer, at=hour, output_tokens=200, charge=4_120, **tokens, **called)
    add_call(customer, at=hour, output_tokens=200, charge=700, provider="elsewhere")
    hourly_use.add_up(hour, hour + HOUR)
    costed = rows(hour)[route.model.name, route.provider.name]
    assert (costed.cost, costed.costed) == (1_000 + 10 + 50 + 1_000, 4_120)
    unknown = rows(hour)["echo", "elsewhere"]
    assert (unknown.charge, unknown.cost, unknown.costed) == (700, 0, 0)
    [mine] = [one for one in spending.by("model", since=hour) if one.name == route.model.name]
    assert (mine.left, mine.margin) == (2_060, 0.5)
    all_of_it = spending.by_day(since=hour)[hour.date()]
    assert (all_of_it.charge, all_of_it.uncosted) == (4_820, 700)


def test_an_unknown_price_is_no_cost_of_nothing(
    customer: Customer, hour: datetime, route: Route
) -> None:
    Route.objects.filter(pk=route.pk).update(upstream_cache_read_price=None)
    called = {"model": route.model.name, "provider": route.provider.name}
    add_call(customer, at=hour, input_tokens=1_000, charge=5_000, **called)
    add_call(customer, at=hour, cache_read_tokens=1_000, charge=300, **called)
    hourly_use.add_up(hour, hour + HOUR)
    [row] = rows(hour).values()
    assert (row.charge, row.costed, row.cost) == (5_300, 5_000, 1_000)


def test_the_slowest_calls_are_read_from_counts_of_many_hours(
    customer: Customer, hour: datetime
) -> None:
    for n in range(20):
        at = hour + (n % 2) * HOUR
        add_call(customer, at=at, latency_ms=1_000 + n, first_token_ms=200 if n else None)
    add_call(customer, at=hour, latency_ms=9_000, first_token_ms=5_000, charge=1)
    add_call(customer, at=hour, latency_ms=90_000, status=504)
    hourly_use.add_up(hour, hour + 2 * HOUR)
    found = traffic.last_day(hour + 1.5 * HOUR)
    assert (found.calls, found.refused, found.failed) == (22, 0, 1)
    assert found.latency_ms == pytest.approx(1_019, rel=0.05)
    assert found.first_token_ms == pytest.approx(200, rel=0.05)
    lately = traffic.last_hour(hour + HOUR / 2)
    assert (lately.calls, lately.failed, lately.latency_ms, lately.first_token_ms) == (
        *(12, 1, 9_000, 5_000),
    )


def test_hours_without_calls_are_there_too(customer: Customer, hour: datetime) -> None:
    add_call(customer, at=hour, status=429)
    hourly_use.add_up(hour, hour + HOUR)
    found = traffic.by_hour(hour + 2.5 * HOUR, hours=4)
    assert [(at, one.calls, one.refused) for at, one in found.items()] == [
        (hour - HOUR, 0, 0),
        (hour, 1, 1),
        (hour + HOUR, 0, 0),
        (hour + 2 * HOUR, 0, 0),
    ]


def test_after_a_rest_all_that_was_missed_is_added_up(customer: Customer, hour: datetime) -> None:
    HourlyUse.objects.filter(hour__lte=hour + timedelta(days=10)).delete()
    for days in (0, 3, 9):
        add_call(customer, at=hour + timedelta(days=days), provider="rested")
    hourly_use.add_up_latest(now=hour + timedelta(days=1))
    assert [day for day in (0, 3, 9) if rows(hour + timedelta(days=day))] == [0]
    hourly_use.add_up_latest(now=hour + timedelta(days=9, minutes=30))
    assert [day for day in (0, 3, 9) if rows(hour + timedelta(days=day))] == [0, 3, 9]


def test_an_hour_is_settled_again_while_calls_may_be_under_way(
    customer: Customer, hour: datetime
) -> None:
    add_call(customer, at=hour, provider="settled")
    hourly_use.add_up_latest(now=hour + HOUR / 2)
    add_call(customer, at=hour + HOUR / 3, provider="settled")
    hourly_use.add_up_latest(now=hour + 2.5 * HOUR)
    assert rows(hour)["echo", "settled"].calls == 2


def test_totals_by_hour_go_with_the_days_of_the_log(customer: Customer) -> None:
    now = datetime.now(UTC)
    begins = hourly_use.log_begins(now)
    for at in (begins - HOUR, begins):
        add_call(customer, at=at, provider="leaving")
        hourly_use.add_up(at, at + HOUR)
    try:
        assert retention.sweep()["totals by hour"] >= 1
        kept = HourlyUse.objects.filter(provider="leaving").values_list("hour", flat=True)
        assert list(kept) == [begins]
        assert partitions.days_kept()[0] == begins.date()
    finally:
        HourlyUse.objects.filter(provider="leaving").delete()
        RequestLog.objects.filter(provider="leaving").delete()


def test_each_minute_the_hour_under_way_is_added_up(customer: Customer) -> None:
    entry = app.conf.beat_schedule["add up what was used by hour"]
    assert entry["task"] == tasks.add_up_hours.name
    assert entry["schedule"].minute == set(range(60))
    now = datetime.now(UTC)
    provider = f"now-{uuid.uuid4().hex[:8]}"
    add_call(customer, at=now, provider=provider)
    assert tasks.add_up_hours() >= 1
    assert rows(hourly_use.hour_of(now))["echo", provider].calls == 1


def test_the_age_of_the_log_is_that_of_its_oldest_row(customer: Customer) -> None:
    now = datetime.now(UTC)
    partitions.drop_older()
    add_call(customer, at=hourly_use.log_begins(now))
    age = traffic.age_of_log(now)
    assert age is not None
    assert now - hourly_use.log_begins(now) <= age < timedelta(days=30)


@pytest.mark.parametrize(
    ("role", "status"), [("finance", 200), ("operator", 200), ("support", 403)]
)
def test_who_runs_the_service_or_its_books_reads_the_totals(
    database: None, role: str, status: int
) -> None:
    answer = staff_client([role]).get("/admin/gateway/hourlyuse/")
    assert answer.status_code == status
