"""The privacy officer sees how old things are, and which promises are kept."""

import uuid
from datetime import UTC, datetime, timedelta

from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from accounts import roles
from billing.models import StripeEvent
from privacy import ages, retention
from privacy.conformance.clauses import CLAUSES
from privacy.models import ProbeResult, ProbeState
from tests.staff import staff_client

PAGE = "/admin/privacy/promises"


def test_only_the_privacy_officer_sees_it(database: None) -> None:
    for role in roles.ROLES:
        expected = 200 if role == "privacy officer" else 403
        assert staff_client([role]).get(PAGE).status_code == expected, role
    assert Client().get(PAGE).status_code == 302


def test_what_is_swept_has_a_rule_of_its_own(database: None) -> None:
    now = timezone.now()
    retention.sweep()
    found = ages.ages(now=now)
    assert len({age.rule.what for age in found}) == len(ages.RULES)
    assert len(ages.RULES) >= len(retention.EXPIRES)


def test_a_row_that_is_too_old_is_first_and_then_swept(database: None) -> None:
    old = timezone.now() - timedelta(days=46)
    name = f"evt_{uuid.uuid4().hex}"
    StripeEvent.objects.create(
        id=name, type="test", created_at=old, received_at=old, handled_at=old
    )
    worst = ages.ages()[0]
    assert worst.state == "bad"
    assert "Ids of Stripe’s events" in {a.rule.what for a in ages.ages() if a.state == "bad"}
    page = staff_client(["privacy officer"]).get(PAGE).content.decode()
    assert "too old" in page
    retention.sweep()
    assert "Ids of Stripe’s events" not in {a.rule.what for a in ages.ages() if a.state == "bad"}


def test_the_age_of_a_row_is_judged_by_its_limit() -> None:
    now = datetime(2026, 11, 25, tzinfo=UTC)
    rule = ages.Rule("x", "y", timedelta(days=30), lambda: None)
    states = {
        hours: ages.Age(rule, now - timedelta(days=30, hours=hours), now).state
        for hours in (-1, 1, 3)
    }
    assert states == {-1: "good", 1: "warn", 3: "bad"}
    assert ages.Age(rule, None, now).words == "nothing is kept"


def test_the_last_sweep_is_told(database: None) -> None:
    cache.delete(ages.SWEPT)
    client = staff_client(["privacy officer"])
    assert "Not known" in client.get(PAGE).content.decode()
    retention.sweep()
    page = client.get(PAGE).content.decode()
    assert "Not known" not in page
    assert "The last sweep took" in page
    ages.note_sweep({}, now=timezone.now() - timedelta(hours=3))
    assert "overdue: it runs hourly" in client.get(PAGE).content.decode()


def test_a_broken_clause_stands_first_and_links_to_its_public_line(database: None) -> None:
    clause = CLAUSES[-1].id
    ProbeResult.objects.create(
        clause=clause,
        ran_at=timezone.now() + timedelta(seconds=1),
        passed=False,
        said="It is not kept.",
        since=timezone.now(),
        milliseconds=1,
    )
    answer = staff_client(["privacy officer"]).get(PAGE)
    states = [line.state for line in answer.context["lines"]]
    broken = states.count(ProbeState.BROKEN)
    assert set(states[:broken]) == {ProbeState.BROKEN}
    assert clause in {line.clause.id for line in answer.context["lines"][:broken]}
    assert f"/privacy/conformance#{clause}" in answer.content.decode()
    ProbeResult.objects.filter(clause=clause).delete()
