"""Of when people come, one day is kept: the last."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import visits
from accounts.models import LastVisit, User
from tests.accounts.people import new_member
from tests.customers import Customer
from tests.people import Browser, NabzClanProcess
from tests.processes import Server

DAY = timedelta(days=1)


@pytest.fixture
def browser(server: Server) -> Browser:
    return Browser(server)


@pytest.fixture
def member(browser: Browser, nabzclan: NabzClanProcess) -> User:
    return new_member(browser, nabzclan)


def test_a_sign_in_notes_its_day_alone(member: User) -> None:
    row = LastVisit.objects.get(user=member)
    assert timezone.now().date() - row.day <= DAY
    assert {field.name for field in LastVisit._meta.local_fields} == {"user", "day"}


def test_the_first_page_of_a_day_notes_it_and_no_other(browser: Browser, member: User) -> None:
    today = timezone.now().date()
    LastVisit.objects.filter(user=member).update(day=today - DAY)
    member.sessions.update(last_seen_at=timezone.now() - DAY)
    browser.open("/account")
    assert LastVisit.objects.get(user=member).day >= today
    LastVisit.objects.filter(user=member).update(day=today - 2 * DAY)
    member.sessions.update(last_seen_at=timezone.now() - timedelta(seconds=1))
    browser.open("/account")
    assert LastVisit.objects.get(user=member).day == today - 2 * DAY


def test_it_never_goes_back_in_time(customer: Customer) -> None:
    today = timezone.now().date()
    for day in (today, today - DAY):
        visits.note(customer.user.pk, day)
    assert LastVisit.objects.get(user=customer.user).day == today


def test_nothing_is_noted_of_somebody_who_is_gone(database: None) -> None:
    gone = uuid.uuid4()
    visits.note(gone, timezone.now().date())
    assert not LastVisit.objects.filter(pk=gone).exists()
