"""What waits, is open or is due at this moment, asked of PostgreSQL and Redis at each reading."""

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime

from django.db import connection
from django.db.models import F
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily, Metric

from billing import inbox, invariants
from gateway import breaker_records, jobs, queue, route_holds, traffic
from gateway.models import Route
from privacy import data_requests, errands

HOLDS = """
select count(*), coalesce(sum(amount), 0)::bigint, count(*) filter (where expires_at < now())
from billing_hold where state = 0
"""


def waiting_tasks() -> Iterable[Metric]:
    """Give how many tasks wait for a Celery worker, where Redis can be asked."""
    length = queue.length()
    if length is not None:
        yield _gauge("lumyx_celery_queue", "Tasks that no worker has taken yet.", length)


def holds() -> Iterable[Metric]:
    """Give the holds that are open."""
    with connection.cursor() as cursor:
        cursor.execute(HOLDS)
        [(number, amount, expired)] = cursor.fetchall()
    yield _gauge("lumyx_holds_open", "Holds of calls under way.", number)
    yield _gauge("lumyx_holds_open_micro_credits", "What they set aside.", amount)
    yield _gauge("lumyx_holds_expired", "Open holds whose time is over.", expired)


def stripe_events() -> Iterable[Metric]:
    """Give Stripe's events that are not done with."""
    backlog = inbox.backlog()
    found = GaugeMetricFamily(
        "lumyx_stripe_events", "Stripe's events that are not handled.", labels=("state",)
    )
    for state in ("waiting", "failing", "given_up"):
        found.add_metric((state,), getattr(backlog, state))
    yield found
    oldest = backlog.oldest.total_seconds() if backlog.oldest else 0
    yield _gauge("lumyx_stripe_event_oldest_seconds", "Age of the oldest of them.", oldest)


def outbox() -> Iterable[Metric]:
    """Give what other companies are still asked to delete."""
    waiting, failing = errands.backlog()
    found = GaugeMetricFamily(
        "lumyx_erasure_errands",
        "Deletions that other companies were asked for and have not confirmed.",
        labels=("state",),
    )
    found.add_metric(("waiting",), waiting - failing)
    found.add_metric(("failing",), failing)
    yield found


def request_log() -> Iterable[Metric]:
    """Give how old the request log is."""
    age = traffic.age_of_log(timezone.now())
    seconds = age.total_seconds() if age else 0
    yield _gauge("lumyx_request_log_oldest_seconds", "Age of the log's oldest row.", seconds)


def breakers() -> Iterable[Metric]:
    """Give how many routes of each provider calls take, and how many are left alone."""
    routes = Route.objects.filter(enabled=True).annotate(name=F("provider__name"))
    providers = dict(routes.values_list("pk", "name"))
    said = breaker_records.said(list(providers))
    held = route_holds.holds()
    states: Counter[tuple[str, str]] = Counter()
    for route, provider in providers.items():
        one = (said or {}).get(route)
        if route in held:
            state = "held"
        elif said is None:
            state = "unknown"
        else:
            state = "closed" if one is None else "half_open" if one.half_open else "open"
        states[provider, state] += 1
    found = GaugeMetricFamily(
        "lumyx_breakers", "Routes by the state of their breakers.", labels=("provider", "state")
    )
    for labels, number in sorted(states.items()):
        found.add_metric(labels, number)
    yield found


def ledger() -> Iterable[Metric]:
    """Give what the last look at the ledger's invariants found; nothing before the first."""
    last = invariants.last()
    if last is None:
        return
    yield _moment("lumyx_ledger_check", "When the ledger was last looked at.", last.ended_at)
    broken = len(last.broken)
    yield _gauge("lumyx_ledger_invariants_broken", "Invariants that were false then.", broken)


def privacy_requests() -> Iterable[Metric]:
    """Give the requests about personal data that are open."""
    open_ones = data_requests.queue()
    yield _gauge("lumyx_privacy_requests_open", "Requests that are not answered.", open_ones.open)
    late = len(data_requests.late())
    yield _gauge("lumyx_privacy_requests_late", "Those that an alarm was raised for.", late)
    if open_ones.due_at is not None:
        yield _moment("lumyx_privacy_request_due", "When the next is due.", open_ones.due_at)


def timetable() -> Iterable[Metric]:
    """Give how the jobs of the timetable run."""
    late = GaugeMetricFamily(
        "lumyx_job_troubled", "1 where a job is late, failed or was cut off.", labels=("job",)
    )
    succeeded = GaugeMetricFamily(
        "lumyx_job_success_timestamp_seconds", "When a job last succeeded.", labels=("job",)
    )
    for job in jobs.every():
        late.add_metric((job.task,), job.state[1] == "bad")
        if job.run is not None and job.run.succeeded_at is not None:
            succeeded.add_metric((job.task,), job.run.succeeded_at.timestamp())
    yield late
    yield succeeded


PARTS: tuple[Callable[[], Iterable[Metric]], ...] = (
    *(holds, stripe_events, outbox, request_log, breakers, ledger, privacy_requests, timetable),
)
"""What PostgreSQL is asked for."""


def _gauge(name: str, about: str, value: float) -> Metric:
    return GaugeMetricFamily(name, about, value=value)


def _moment(name: str, about: str, at: datetime | None) -> Metric:
    return _gauge(f"{name}_timestamp_seconds", about, at.timestamp() if at else 0)
