"""What waits to be tried again is shown with its reason, and can be tried again now."""

import uuid
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone

from billing import inbox
from billing.models import StripeEvent
from privacy import reasons
from privacy.erasure import SILENT, try_errands_again
from privacy.models import Erasure, ErasureState, Errand, ErrandKind, Look, StaffAccess
from tests.customers import Customer
from tests.staff import staff_client

INBOX, ERRANDS = "/admin/operations/inbox", "/admin/operations/errands"
LATER = timedelta(hours=3)


def failing(tries: int = 3) -> StripeEvent:
    now = timezone.now()
    return StripeEvent.objects.create(
        id=f"evt_{uuid.uuid4().hex}",
        type="charge.updated",
        created_at=now,
        tries=tries,
        next_try_at=now + LATER,
        problem="receivers: KeyError",
    )


def errand_of(customer: Customer, *, worked: bool = False) -> Errand:
    now = timezone.now()
    erasure = Erasure.objects.create(
        user=customer.user,
        state=ErasureState.RUNNING,
        grace_until=now,
        moved_at=now,
        next_at=now + (timedelta(minutes=1) if not worked else LATER),
    )
    return Errand.objects.create(
        erasure=erasure,
        kind=ErrandKind.STRIPE_CUSTOMER,
        tries=4,
        next_at=now + LATER,
        problem="Stripe is down",
    )


def times_logged(row: StripeEvent | Errand) -> int:
    return LogEntry.objects.filter(object_id=str(row.pk), change_message="Tried again.").count()


def test_events_are_tried_again_one_or_many_and_once_each(database: None) -> None:
    operator = staff_client(["operator"])
    first, second, left = failing(), failing(), failing()
    text = operator.get(INBOX, {"kind": "failing"}).content.decode()
    assert first.pk in text
    assert "receivers: KeyError" in text
    for _ in range(2):
        sent = operator.post(f"{INBOX}/try-again", {"row": [first.pk, second.pk]})
        assert sent.status_code == 302
    for event in (first, second):
        event.refresh_from_db()
        assert (event.tries, event.next_try_at <= timezone.now()) == (3, True)
        assert times_logged(event) == 1
    left.refresh_from_db()
    assert left.next_try_at > timezone.now()
    StripeEvent.objects.filter(pk__in=[first.pk, second.pk, left.pk]).delete()


def test_an_event_that_was_given_up_is_tried_once_more(database: None) -> None:
    operator = staff_client(["operator"])
    event = failing(inbox.MOST_TRIES)
    assert event.pk in operator.get(INBOX, {"kind": "given up"}).content.decode()
    operator.post(f"{INBOX}/try-again", {"row": event.pk})
    event.refresh_from_db()
    assert event.tries == inbox.MOST_TRIES - 1
    assert event.pk in set(
        inbox.waiting()["failing"]
        .filter(next_try_at__lte=timezone.now())
        .values_list("pk", flat=True)
    )
    StripeEvent.objects.filter(pk=event.pk).delete()


def test_no_more_than_a_hundred_are_tried_at_once(
    database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "MOST_AT_ONCE", 2)
    events = [failing() for _ in range(3)]
    assert len(inbox.try_again([event.pk for event in events])) == 2
    StripeEvent.objects.filter(pk__in=[event.pk for event in events]).delete()


def test_errands_are_tried_again_and_whose_they_are_is_noted(customer: Customer) -> None:
    officer = staff_client(["privacy officer"])
    errand = errand_of(customer)
    assert "Stripe is down" in officer.get(ERRANDS).content.decode()
    for _ in range(2):
        assert officer.post(f"{ERRANDS}/try-again", {"row": [errand.pk, "x"]}).status_code == 302
    errand.refresh_from_db()
    errand.erasure.refresh_from_db()
    assert errand.next_at <= timezone.now()
    assert errand.erasure.next_at <= timezone.now()
    assert times_logged(errand) == 1
    looks = StaffAccess.objects.filter(user=customer.user, kind="privacy.Errand")
    assert {look.how for look in looks} == {Look.LIST, Look.ACTED}
    Erasure.objects.filter(pk=errand.erasure_id).delete()


def test_a_deletion_that_a_worker_has_is_left_to_it(customer: Customer) -> None:
    errand = errand_of(customer)
    held = errand.erasure
    Erasure.objects.filter(pk=held.pk).update(next_at=held.moved_at + SILENT)
    assert try_errands_again([errand.pk]) == [errand]
    held.refresh_from_db()
    assert held.next_at == held.moved_at + SILENT
    Erasure.objects.filter(pk=held.pk).delete()


def test_errands_want_a_reason(customer: Customer) -> None:
    officer = staff_client(["privacy officer"])
    session = officer.session
    del session[reasons.IN_SESSION]
    session.save()
    errand = errand_of(customer)
    assert officer.get(ERRANDS).headers["Location"].startswith("/admin/reason")
    assert officer.post(f"{ERRANDS}/try-again", {"row": errand.pk}).status_code == 403
    errand.refresh_from_db()
    assert errand.next_at > timezone.now()
    assert not StaffAccess.objects.filter(user=customer.user).exists()
    Erasure.objects.filter(pk=errand.erasure_id).delete()


@pytest.mark.parametrize(
    ("role", "sees_inbox", "acts", "sees_errands"),
    [
        ("operator", True, True, False),
        ("finance", True, False, False),
        ("support", False, False, False),
        ("privacy officer", False, False, True),
    ],
)
def test_each_role_sees_and_does_its_own(
    database: None, role: str, sees_inbox: bool, acts: bool, sees_errands: bool
) -> None:
    client = staff_client([role])
    assert (client.get(INBOX).status_code == 200) is sees_inbox
    assert (client.post(f"{INBOX}/try-again").status_code == 302) is acts
    assert (client.get(ERRANDS).status_code == 200) is sees_errands
    assert (client.post(f"{ERRANDS}/try-again").status_code == 302) is sees_errands
    assert client.get(f"{INBOX}/try-again").status_code in (403, 405)


def test_customers_find_nothing_there(customer: Customer) -> None:
    client = Client()
    for path in (INBOX, ERRANDS):
        assert client.get(path).status_code == 302
    client.force_login(customer.user)
    for path in (INBOX, ERRANDS):
        assert client.get(path).status_code == 404
