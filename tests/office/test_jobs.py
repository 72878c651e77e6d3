"""Operators read when each periodic job last ran, and nobody else does."""

import pytest
from django.test import Client
from django.utils import timezone

from gateway.models import JobRun
from lumyx.celery import app
from tests.customers import Customer
from tests.staff import staff_client

PAGE = "/admin/operations/jobs"


def test_every_job_of_the_timetable_stands_there_and_those_in_trouble_come_first(
    database: None,
) -> None:
    JobRun.objects.all().delete()
    now = timezone.now()
    JobRun.objects.create(
        task="privacy.tasks.run_canary",
        begun_at=now,
        ended_at=now,
        duration_ms=1_500,
        problem="KeyError",
    )
    text = staff_client(["operator"]).get(PAGE).content.decode()
    table = text.partition("<tbody>")[2]
    for name, entry in app.conf.beat_schedule.items():
        assert f">{entry['task']}<" in table, name
    assert "Failed: KeyError" in table.partition("</tr>")[0]
    assert "1.5 s" in table
    assert f"1 of {len(app.conf.beat_schedule)}" in text


@pytest.mark.parametrize(
    ("role", "status"),
    [("operator", 200), ("support", 403), ("finance", 403), ("privacy officer", 403)],
)
def test_it_is_the_operators_page(database: None, role: str, status: int) -> None:
    client = staff_client([role])
    assert client.get(PAGE).status_code == status
    assert (PAGE in client.get("/admin/").content.decode()) is (status == 200)


def test_customers_find_nothing_there_and_strangers_are_asked_who_they_are(
    customer: Customer,
) -> None:
    client = Client()
    assert client.get(PAGE).status_code == 302
    client.force_login(customer.user)
    assert client.get(PAGE).status_code == 404
