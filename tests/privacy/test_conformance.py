"""Every promise of the policy has a check on the running system, and all can see what it found."""

import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections, transaction
from django.test import Client, override_settings
from django.utils import timezone

from accounts import locks, second_factor
from accounts.models import Session, User
from lumyx.celery import app
from privacy import checks, policies, retention
from privacy.conformance import clauses, results, run
from privacy.conformance.finding import Clause, Finding, broken, kept, not_here
from privacy.conformance.sentences import sections, sentences
from privacy.models import ProbeResult, ProbeState
from privacy.policies import Policy
from privacy.tasks import check_conformance
from tests.staff import staff_client

HOUR = timedelta(hours=1)
PAGE = "/privacy/conformance"
Says = Callable[..., Clause]


@pytest.fixture
def says(database: None) -> Iterator[Says]:
    """A clause of a test's own in the policy's place, whose check says what it is told to."""
    names = []

    def make(probe: Callable[[datetime], Finding], name: str = "1-consent") -> Clause:
        names.append(name)
        known = next(c for c in clauses.CLAUSES if c.id == name)
        return replace(known, probe=probe)

    yield make
    ProbeResult.objects.filter(clause__in=names).delete()


def found(name: str, **query: Any) -> dict[str, Any]:
    told = Client().get(f"{PAGE}.json", **query).json()
    return next(clause for clause in told["clauses"] if clause["id"] == name)


def part_of(page: str, name: str) -> str:
    found = page.split(f'<article class="promise" id="{name}"')[1].split("</article>")[0]
    return found.replace("\xa0", " ")


def test_every_sentence_of_the_policy_has_a_clause_or_promises_nothing() -> None:
    assert clauses.faults() == []
    assert checks.every_promise_has_a_check(None) == []
    there = sentences(policies.current("privacy"))
    covered = {sentence for clause in clauses.CLAUSES for sentence in clause.sentences}
    assert set(there) == covered | set(clauses.PROMISE_NOTHING)
    assert not covered & set(clauses.PROMISE_NOTHING)
    assert len(there) > 60


def test_the_clauses_quote_the_policy_word_for_word() -> None:
    text = re.sub(r"\s+", " ", policies.current("privacy").text.replace("\xa0", "~"))
    for clause in clauses.CLAUSES:
        for sentence in clause.sentences:
            assert sentence.replace("\xa0", "~") in text


def test_no_text_of_the_policy_is_lost_between_its_sentences() -> None:
    policy = policies.current("privacy")
    parts = sections(policy)
    taken = "".join(f"{p.number}{p.title}{''.join(p.sentences)}" for p in parts[1:])
    wanted = policy.text.split("1. Introduction")[1]
    letters = re.compile(r"[^A-Za-z]")
    assert letters.sub("", taken) == letters.sub("", f"Introduction{wanted}")


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (("Email address", "Postal address"), "quotes what the policy does not say"),
        (("Comply with", "We never sleep.\n\nComply with"), "has no clause"),
        (("We cannot guarantee absolute security.", ""), "is not in the policy"),
    ],
)
def test_a_policy_that_says_something_else_fails_the_build(
    monkeypatch: pytest.MonkeyPatch, change: tuple[str, str], fault: str
) -> None:
    now = policies.shipped("privacy")
    assert change[0] in now.text
    other = Policy("privacy", now.version, now.text.replace(*change), now.declared)
    monkeypatch.setattr(policies, "shipped", lambda *args, **how: other)
    assert any(fault in error.msg for error in checks.every_promise_has_a_check(None))


def test_every_check_runs_on_the_running_system_in_a_few_seconds(database: None) -> None:
    rows = run.check()
    assert [row.clause for row in rows] == [clause.id for clause in clauses.CLAUSES]
    failed = [row.clause for row in rows if row.said.startswith("The check itself")]
    assert failed == []
    assert sum(row.milliseconds for row in rows) < 20_000
    for row in rows:
        assert row.said.endswith(".")
        assert len(row.said) <= 400


def test_a_check_leaves_nothing_behind(database: None) -> None:
    people, sessions = User.objects.count(), Session.objects.count()
    run.check()
    assert (User.objects.count(), Session.objects.count()) == (people, sessions)


def test_a_check_that_breaks_is_a_failure_and_says_no_more_than_its_kind(says: Says) -> None:
    def quotes(now: datetime) -> Finding:
        with connection.cursor() as cursor:
            cursor.execute("select 1 / 0 as quoted_here")
        raise AssertionError

    def raises(now: datetime) -> Finding:
        raise KeyError("quoted_here@example.com")

    rows = run.check([says(quotes), says(raises, "2.1-account"), says(lambda now: kept("Fine."))])
    assert [row.details for row in rows] == ["DataError", "KeyError", ""]
    assert rows[0].said == rows[1].said == "The check itself failed."
    assert [row.passed for row in rows] == [False, False, True]
    page = Client().get(PAGE).content.decode()
    assert "The check itself failed." in part_of(page, "2.1-account")
    assert "quoted_here" not in page


def test_a_check_may_not_keep_the_database_busy(says: Says) -> None:
    def guard(now: datetime) -> Finding:
        with connection.cursor() as cursor:
            cursor.execute("show statement_timeout")
            return kept(f"{cursor.fetchone()[0]}.")

    assert run.check([says(guard)])[0].said == "10s."


def test_one_process_checks_at_a_time(says: Says) -> None:
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            cursor.execute("select pg_advisory_lock(%s)", [locks.CONFORMANCE])
        with pytest.raises(run.Busy):
            run.check([says(lambda now: kept("Fine."))])
        assert check_conformance() == 0
        with pytest.raises(CommandError, match="right now"):
            call_command("privacy_check", stdout=io.StringIO())
        with other.cursor() as cursor:
            cursor.execute("select pg_advisory_unlock(%s)", [locks.CONFORMANCE])
    finally:
        other.close()
    assert run.check([says(lambda now: kept("Fine."))])[0].passed


def test_what_cannot_be_seen_on_a_development_server_is_a_failure_anywhere_else(
    says: Says,
) -> None:
    clause = says(lambda now: not_here("This is a development server."))
    assert run.check([clause])[0].state == ProbeState.NOT_HERE
    assert found("1-consent")["state"] == "not_applicable_here"
    with override_settings(STANDINS=False, DEBUG=False):
        row = run.check([clause])[0]
    assert (row.passed, row.applies) == (False, True)
    assert found("1-consent")["state"] == "not_kept"


def test_the_page_shows_the_sentence_the_check_the_result_and_since_when(says: Says) -> None:
    began = timezone.now() - 30 * HOUR
    for hours in (0, 10, 30):
        run.check([says(lambda now: kept("All is well.", rows=7))], now=began + hours * HOUR)
    page = Client().get(PAGE).content.decode()
    shown = part_of(page, "1-consent")
    assert "“By using the Service, you consent" in shown
    assert "All is well." in shown
    assert "How we look." in shown
    assert "kept for 1 day" in shown
    told = found("1-consent")
    assert told["measured"] == {"rows": 7}
    assert told["since"] == began.isoformat()


def test_a_failure_is_shown_with_when_it_began_and_raises_an_alarm_once(
    says: Says, caplog: pytest.LogCaptureFixture
) -> None:
    now = timezone.now()
    run.check([says(lambda now: kept("Fine."))], now=now - 3 * HOUR)
    for hours in (2, 1):
        clause = says(lambda now: broken("3 rows are too old.", details="in table t"))
        run.check([clause], now=now - hours * HOUR)
    alarms = [line for line in caplog.messages if "promise 1-consent" in line]
    assert len(alarms) == 1
    shown = part_of(Client().get(PAGE).content.decode(), "1-consent")
    assert "3 rows are too old." in shown
    assert "not kept" in shown
    assert "for 2 hours" in shown
    assert "in table t" not in shown
    run.check([says(lambda now: kept("Fine."))], now=now)
    assert found("1-consent")["since"] == now.isoformat()


def test_staff_who_may_see_the_details_see_them_and_nobody_else(says: Says) -> None:
    run.check([says(lambda now: broken("Something is wrong.", details="in gateway_secret_table"))])
    officer = staff_client(["privacy officer"]).get(PAGE)
    assert "in gateway_secret_table" in officer.content.decode()
    assert "public" not in officer["Cache-Control"]
    for client in (Client(), staff_client(["support"])):
        assert "in gateway_secret_table" not in client.get(PAGE).content.decode()
    assert "in gateway_secret_table" not in Client().get(f"{PAGE}.json").content.decode()
    half = staff_client(["privacy officer"])
    session = half.session
    del session[second_factor.SHOWN_AT]
    session.save()
    assert "in gateway_secret_table" not in half.get(PAGE).content.decode()


@pytest.mark.parametrize("path", [PAGE, f"{PAGE}.json", "/privacy/how-we-keep-it"])
def test_the_pages_give_nobody_a_cookie(database: None, path: str) -> None:
    answer = Client().get(path)
    assert answer.status_code == 200
    assert not answer.cookies
    if path.startswith(PAGE):
        assert answer["Cache-Control"] == "public, max-age=60"


def test_checks_that_stopped_running_are_a_failure_of_their_own(
    database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    run.check()
    assert "They should run every hour" not in Client().get(PAGE).content.decode()
    later = timezone.now() + 2 * HOUR + timedelta(minutes=1)
    monkeypatch.setattr(timezone, "now", lambda: later)
    assert "They should run every hour" in Client().get(PAGE).content.decode()
    told = Client().get(f"{PAGE}.json").json()
    assert told["overdue"]
    assert not told["all_kept"]


def test_a_clause_that_was_never_checked_counts_as_not_kept(database: None) -> None:
    with transaction.atomic():
        ProbeResult.objects.all().delete()
        report = results.report()
        page = Client().get(PAGE).content.decode()
        transaction.set_rollback(True)
    assert len(report.broken) == len(clauses.CLAUSES)
    assert report.overdue
    assert "Nobody has looked yet." in page
    assert "not checked yet" in page


def test_the_summary_counts_and_every_mark_has_words(database: None) -> None:
    run.check()
    told = Client().get(f"{PAGE}.json").json()
    page = Client().get(PAGE).content.decode()
    counted = told["kept"] + told["not_kept"]
    assert f"<strong>{told['kept']} of {counted}</strong> promises were kept" in page
    assert counted + told["not_applicable_here"] == len(clauses.CLAUSES)
    for clause in told["clauses"]:
        assert f'href="#{clause["id"]}"' in page
        assert f"{clause['id']}: " in page
        words = str(ProbeState(clause["state"]).label)
        assert f"</svg>{words}</span>" in part_of(page, clause["id"])


def test_the_command_says_all_of_it_and_fails_while_a_promise_is_broken(
    database: None, says: Says, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = (
        says(lambda now: broken("It is not.", details="why")),
        says(lambda n: kept("It is.")),
    )
    said = io.StringIO()
    monkeypatch.setattr(run, "CLAUSES", [bad])
    monkeypatch.setattr(results, "CLAUSES", [bad])
    with pytest.raises(CommandError, match="0 of 1 promises are kept; 1 are not") as raised:
        call_command("privacy_check", stdout=said)
    assert raised.value.returncode == 1
    assert re.search(r"NOT KEPT +1-consent .*It is not\.\n +\(why\)", said.getvalue())
    said = io.StringIO()
    with pytest.raises(CommandError):
        call_command("privacy_check", "--json", stdout=said)
    assert json.loads(said.getvalue())["clauses"][0]["state"] == "not_kept"
    monkeypatch.setattr(run, "CLAUSES", [good])
    said = io.StringIO()
    call_command("privacy_check", stdout=said)
    assert "1 of 1 promises are kept." in said.getvalue()


def test_the_checks_run_hourly_and_are_kept_90_days(says: Says) -> None:
    entry = next(
        entry
        for entry in app.conf.beat_schedule.values()
        if entry["task"] == "privacy.tasks.check_conformance"
    )
    assert entry["schedule"].hour == set(range(24))
    assert results.expire in retention.EXPIRES
    now = timezone.now()
    for days in (91, 89):
        run.check([says(lambda now: kept("Fine."))], now=now - timedelta(days=days))
    results.expire(now=now)
    rows = ProbeResult.objects.filter(clause="1-consent", ran_at__lt=now - 80 * 24 * HOUR)
    assert [(now - row.ran_at).days for row in rows] == [89]


def test_the_policy_the_front_page_and_the_footer_lead_there(database: None) -> None:
    for path in ("/", "/privacy", "/terms"):
        page = Client().get(path).content.decode()
        assert f'href="{PAGE}"' in page
        assert 'href="/privacy/how-we-keep-it"' in page
