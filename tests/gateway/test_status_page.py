"""The status is measured and not claimed; what staff say of incidents is there for everybody."""

import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from gateway import incidents, own_health, probes, provider_health, status, uptime
from gateway.models import Incident, Part, Provider, ProviderCheck, UptimeSpell
from privacy.retention import sweep
from tests.models import add_provider
from tests.processes import Server, free_port
from tests.staff import staff_client

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture(autouse=True)
def unremembered(database: None) -> Iterator[None]:
    """Each test asks the database anew, and leaves nothing that others would read."""
    UptimeSpell.objects.all().delete()
    Incident.objects.all().delete()
    status.forget()
    yield
    UptimeSpell.objects.all().delete()
    Incident.objects.all().delete()
    status.forget()


def note(part: Part, at: datetime, reason: str = "", ms: int = 10) -> None:
    uptime.note(uptime.Found(part, at, reason, ms))


def own(part: Part, now: datetime) -> own_health.Own:
    return next(line for line in own_health.everything(now) if line.part == part)


def noon(days_ago: int = 0) -> datetime:
    today = timezone.now().astimezone(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    return today - days_ago * DAY


def test_each_part_is_asked_at_the_public_door_and_kept(server: Server) -> None:
    with override_settings(PUBLIC_URL=server.url):
        assert uptime.check() == 4
    assert set(UptimeSpell.objects.values_list("part", "ok")) == {(p, True) for p in Part.values}
    now = timezone.now()
    with override_settings(PUBLIC_URL=f"http://127.0.0.1:{free_port()}"):
        assert uptime.check(now=now + MINUTE) == 2, "who does not answer says nothing of the rest"
    down = UptimeSpell.objects.filter(ok=False)
    assert set(down.values_list("part", "reason")) == {
        ("website", "unreachable"),
        ("api", "unreachable"),
    }


def test_minutes_of_one_state_are_one_stretch_and_gaps_are_no_uptime() -> None:
    begin = noon(2)
    for minute in range(10):
        note(Part.API, begin + minute * MINUTE)
    note(Part.API, begin + 9 * MINUTE + timedelta(seconds=5))  # a second worker's
    for minute in range(40, 45):
        note(Part.API, begin + minute * MINUTE, "timeout")
    assert list(UptimeSpell.objects.order_by("began").values_list("checks", "ok")) == [
        (10, True),
        (5, False),
    ]
    stretches = uptime.spells(days=90, now=noon())["api"]
    assert uptime.measured(stretches, begin - DAY, noon()) == (10 * MINUTE, 15 * MINUTE)
    line = own(Part.API, noon())
    assert dict(line.shares)["7 d"] == "66.66 %", "never rounded up"
    assert dict(line.shares)["24 h"] == "no data"
    assert [day.words for day in line.days[-3:]] == ["66.66 %", "no data", "no data"]
    assert (line.state, line.mood) == ("Not measured right now", "none")


def test_no_stretch_passes_midnight(database: None) -> None:
    midnight = noon(1).replace(hour=0)
    for minute in range(-3, 2):
        note(Part.WEBSITE, midnight + minute * MINUTE + timedelta(seconds=30))
    first, second = UptimeSpell.objects.order_by("began")
    assert (first.checks, second.checks) == (3, 2)
    up, whole = uptime.measured([first], midnight, midnight + DAY)
    assert up == whole == timedelta()


def test_one_failure_is_a_warning_and_two_are_an_outage() -> None:
    now = noon()
    note(Part.WEBSITE, now - 2 * MINUTE)
    note(Part.WEBSITE, now - MINUTE, "timeout")
    assert own(Part.WEBSITE, now).mood == "warn"
    note(Part.WEBSITE, now, "timeout")
    line = own(Part.WEBSITE, now)
    assert (line.state, line.mood, line.since) == ("Down", "bad", now - MINUTE)


def test_what_cannot_be_written_waits_and_is_written_later(server: Server) -> None:
    at = noon() - 3 * MINUTE
    cache.set(uptime.WAITING, [uptime.Found(Part.DATABASE, at, "no_answer", 3)], 60)
    with override_settings(PUBLIC_URL=server.url):
        uptime.check(now=noon())
    late = UptimeSpell.objects.get(part=Part.DATABASE, ok=False)
    assert (late.began, late.reason) == (at, "no_answer")
    assert cache.get(uptime.WAITING) is None


def test_uptime_older_than_90_days_goes_with_the_sweep() -> None:
    note(Part.API, timezone.now() - 91 * DAY)
    note(Part.API, timezone.now() - 89 * DAY)
    assert sweep()["uptime"] == 1
    assert UptimeSpell.objects.count() == 1


def probed(provider: Provider, at: datetime, reason: str = "", ms: int = 20) -> None:
    check = ProviderCheck.objects.create(
        provider=provider,
        reachable=not reason,
        reason=reason,
        latency_ms=None if reason == "timeout" else ms,
    )
    ProviderCheck.objects.filter(pk=check.pk).update(checked_at=at)


def health(provider: Provider, now: datetime) -> provider_health.Health:
    return next(one for one in provider_health.everybody(now) if one.name == provider.name)


def test_a_providers_days_are_shares_of_its_probes_and_empty_days_stay_empty() -> None:
    now = noon()
    provider = add_provider("https://api.example.com/v1")
    for n in range(4):
        probed(provider, now - 3 * DAY + n * MINUTE, "timeout" if n == 0 else "")
    for n, ms in enumerate([10, 20, 30, 400]):
        probed(provider, now - n * MINUTE, ms=ms)
    found = health(provider, now)
    assert [day.words for day in found.days[-4:]] == ["75 %", "no data", "no data", "100 %"]
    assert dict(found.shares) == {"24 h": "100 %", "7 d": "87.5 %", "30 d": "87.5 %"}
    assert (found.p50_ms, found.p95_ms) == (20, 400)
    assert (found.state, found.mood) == ("Reachable", "good")
    assert "28 without data" in found.summary


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("timeout", "it does not answer in time"),
        ("key_refused", "it refuses us, which is ours to put right"),
        ("status_503", "it answers with errors"),
    ],
)
def test_why_a_provider_is_away_is_said_in_words_of_ours(reason: str, words: str) -> None:
    now = timezone.now()
    provider = add_provider("https://secret-host.example.com/v1")
    probes.note(provider, ProviderCheck(provider=provider, reachable=False, reason=reason))
    provider.refresh_from_db()
    assert health(provider, now).mood == "warn"
    probes.note(provider, ProviderCheck(provider=provider, reachable=False, reason=reason))
    found = health(provider, timezone.now())
    assert (found.state, found.why) == ("Unreachable", words)
    assert found.since is not None
    page = Client().get("/status").content.decode()
    assert provider.name in page
    assert "secret-host" not in page
    Provider.objects.filter(pk=provider.pk).update(enabled=False)
    status.forget()
    assert provider.name not in Client().get("/status").content.decode()
    assert health_of_old(now) == "Not probed lately"


def health_of_old(now: datetime) -> str:
    provider = add_provider("https://api.example.com/v1")
    probed(provider, now - timedelta(minutes=11))
    state = health(provider, now).state
    Provider.objects.filter(pk=provider.pk).update(enabled=False)
    return state


def test_the_page_is_for_everybody_without_cookie_and_asks_the_database_now_and_then() -> None:
    site = Client()
    with CaptureQueriesContext(connection) as asked:
        page = site.get("/status")
    assert len(asked) <= 8
    with CaptureQueriesContext(connection) as asked:
        again = site.get("/status/live")
        as_json = site.get("/status.json")
    assert len(asked) == 0
    for answer in (page, again, as_json):
        assert answer.status_code == 200
        assert not answer.cookies
        assert answer["Cache-Control"] == "public, max-age=30"
    assert "Our own checks do not run" in page.content.decode()
    said = json.loads(as_json.content)
    assert {part["name"] for part in said["parts"]} == set(Part.labels)
    assert said["parts"][0]["days"][0]["share"] is None


def all_fine() -> None:
    for part in Part.values:
        note(Part(part), timezone.now())
    Provider.objects.update(enabled=False)
    status.forget()


@pytest.fixture
def providers_off(database: None) -> Iterator[None]:
    on = list(Provider.objects.filter(enabled=True).values_list("pk", flat=True))
    all_fine()
    yield
    Provider.objects.filter(pk__in=on).update(enabled=True)


@pytest.mark.usefixtures("providers_off")
def test_an_incident_is_told_from_its_first_word_to_its_last() -> None:
    site = Client()
    assert "All systems work" in site.get("/status").content.decode()
    staff = staff_client(["operator"])
    title = f"Streams break off {uuid.uuid4().hex[:6]}"
    form = {
        "title": title,
        "impact": "major",
        "affected": ["api", "providers"],
        "started_at_0": "2026-01-02",
        "started_at_1": "10:00:00",
        "updates-TOTAL_FORMS": "1",
        "updates-INITIAL_FORMS": "0",
        "updates-0-state": "investigating",
        "updates-0-text": "Some <b>streams</b> end.",
        "updates-0-at_0": "2026-01-02",
        "updates-0-at_1": "10:05:00",
    }
    assert staff.post("/admin/gateway/incident/add/", form).status_code == 302
    incident = Incident.objects.get(title=title)
    page = site.get("/status").content.decode()
    assert "Something is down" in page
    assert "Some &lt;b&gt;streams&lt;/b&gt; end." in page
    banner = incidents.banner()
    assert banner is not None
    assert (banner.title, banner.url) == (f"{title}.", f"/status/incidents/{incident.pk}")
    assert banner.text == "It touches: API, AI providers."

    said = incident.updates.get()
    more = form | {
        "updates-TOTAL_FORMS": "2",
        "updates-INITIAL_FORMS": "1",
        "updates-0-id": str(said.pk),
        "updates-0-incident": str(incident.pk),
        "updates-1-incident": str(incident.pk),
        "updates-1-state": "resolved",
        "updates-1-text": "They go on.",
        "updates-1-at_0": "2026-01-02",
        "updates-1-at_1": "11:00:00",
    }
    assert staff.post(f"/admin/gateway/incident/{incident.pk}/change/", more).status_code == 302
    incident.refresh_from_db()
    assert incident.resolved_at == datetime(2026, 1, 2, 11, tzinfo=UTC)
    assert incidents.banner() is None
    assert "All systems work" in site.get("/status").content.decode()
    told = site.get(f"/status/incidents/{incident.pk}").content.decode()
    assert told.index("Resolved") < told.index("Investigating")
    assert title in site.get("/status/history?month=2026-01").content.decode()
    assert title not in site.get("/status/history").content.decode()
    feed = ElementTree.fromstring(site.get("/status/feed").content)
    [entry] = feed.findall(f"{ATOM}entry")
    assert entry.findtext(f"{ATOM}title") == title
    assert entry.findtext(f"{ATOM}updated") == "2026-01-02T11:00:00+00:00"


@pytest.mark.usefixtures("providers_off")
def test_planned_work_has_a_window_and_is_over_with_it() -> None:
    now = timezone.now()
    window = {"planned": True, "impact": "minor"}
    ahead = Incident.objects.create(
        title="Ahead", started_at=now + DAY, ends_at=now + 2 * DAY, **window
    )
    assert (ahead.is_ahead, ahead.over_at) == (True, None)
    page = Client().get("/status").content.decode()
    assert "All systems work" in page
    assert "Planned work" in page
    Incident.objects.create(title="Now", started_at=now - DAY, ends_at=now + DAY, **window)
    Incident.objects.create(title="Past", started_at=now - DAY, ends_at=now - MINUTE, **window)
    status.forget()
    report = status.report()
    assert [one.title for one in report.open] == ["Now"]
    assert [one.title for one in report.past] == ["Past"]
    assert report.headline == "We are at work on the service"


@pytest.mark.parametrize(
    ("role", "may"), [("operator", True), ("support", False), ("finance", False)]
)
def test_operators_alone_tell_of_incidents(role: str, may: bool) -> None:
    answer = staff_client([role]).get("/admin/gateway/incident/add/")
    assert (answer.status_code == 200) is may


@pytest.mark.parametrize("month", ["2026-13", "x", "2026-01-01", "0001-01", "9999-12"])
def test_months_that_never_were_are_not_found(month: str) -> None:
    assert Client().get("/status/history", {"month": month}).status_code == 404
