"""How often providers answered is what the probes found, rounded in nobody's favour."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from gateway import availability, timelines
from gateway.availability import Day, Share
from gateway.models import Provider, ProviderCheck
from tests.models import add_provider

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
URL = "https://first.example/v1"


def note_checks(provider: Provider, *ages: tuple[timedelta, int | None]) -> None:
    """Note probes of so long ago, each with its milliseconds or none where nothing answered."""
    now = timezone.now()
    for age, latency in ages:
        check = ProviderCheck.objects.create(
            provider=provider, reachable=latency is not None, latency_ms=latency
        )
        ProviderCheck.objects.filter(pk=check.pk).update(checked_at=now - age)
    cache.delete(availability.CACHED)


def test_each_window_counts_its_own_probes_and_times_are_of_the_last_day(database: None) -> None:
    at, other = add_provider(URL), add_provider(URL)
    note_checks(at, *((n * HOUR, 100 + n) for n in range(20)), (21 * HOUR, 900), (22 * HOUR, None))
    note_checks(at, (3 * DAY, None), (20 * DAY, 5), (31 * DAY, None))
    note_checks(other, (HOUR, None))
    known = availability.of_all()
    found = known[at.pk]
    assert (found.day, found.week, found.month) == (Share(22, 21), Share(23, 21), Share(24, 22))
    assert (found.median_ms, found.slow_ms) == (110, 119)
    assert len(found.days) == timelines.DAYS
    assert found.by_day[(timezone.now() - 3 * DAY).date()] == Share(1, 0)
    assert (known[other.pk].day, known[other.pk].median_ms) == (Share(1, 0), None)


@pytest.mark.parametrize(
    ("probes", "answered", "percent", "mood"),
    [
        (0, 0, "", "none"),
        (720, 720, "100", "good"),
        # Nothing that failed once is ever 100.
        (100_000, 99_999, "99.99", "good"),
        (1_000, 995, "99.5", "good"),
        (720, 713, "99.02", "warn"),
        (100, 95, "95", "warn"),
        (720, 683, "94.86", "bad"),
        (3, 0, "0", "bad"),
    ],
)
def test_a_share_is_rounded_down_and_a_day_looks_as_on_the_status_page(
    probes: int, answered: int, percent: str, mood: str
) -> None:
    share, today = Share(probes, answered), timezone.now().date()
    assert share.percent == percent
    assert Day(today, share).mood == mood
    assert timelines.Day(today, answered / probes if probes else None).mood == mood


def test_all_providers_take_one_query_once_a_minute(database: None) -> None:
    note_checks(add_provider(URL), (HOUR, 50))
    note_checks(add_provider(URL), (HOUR, 60))
    with CaptureQueriesContext(connection) as first:
        availability.of_all()
    with CaptureQueriesContext(connection) as second:
        availability.of_all()
    assert (len(first), len(second)) == (1, 0)
