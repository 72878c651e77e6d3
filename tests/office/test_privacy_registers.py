"""The privacy officer's registers: what is overdue comes first, and who looked is found."""

from datetime import timedelta

from django.test import Client
from django.utils import timezone

from privacy import data_requests, staff_access
from privacy.models import DataRequest, Look, RequestKind
from tests.customers import Customer, make_customer
from tests.staff import make_staff, staff_client

REQUESTS = "/admin/privacy/datarequest/"
LOOKS = "/admin/privacy/staffaccess/"
DAY = timedelta(days=1)


def opened(days_ago: float, kind: str = RequestKind.ACCESS) -> DataRequest:
    return data_requests.open_request(
        kind,
        "words",
        user=make_customer(credit=0).user,
        now=timezone.now() - days_ago * DAY,
    )


def listed(client: Client, **asked: str) -> list[DataRequest]:
    answer = client.get(REQUESTS, asked)
    assert answer.status_code == 200
    return list(answer.context["cl"].result_list)


def test_the_clock_is_told_in_words() -> None:
    now = timezone.now()
    told = {
        days: data_requests.urgency(
            DataRequest(kind=RequestKind.ACCESS, due_at=now + days * DAY), now=now
        )
        for days in (20, 7, 1.5, -0.5, -3)
    }
    assert told == {
        20: ("fine", "20 days left"),
        7: ("soon", "7 days left"),
        1.5: ("soon", "36 hours left"),
        -0.5: ("overdue", "overdue by 12 hours"),
        -3: ("overdue", "overdue by 3 days"),
    }
    child = DataRequest(kind=RequestKind.CHILD, due_at=now + 2 * DAY)
    assert data_requests.urgency(child, now=now)[0] == "fine"


def test_the_queue_begins_with_what_is_overdue_and_ends_with_what_is_refused(
    database: None,
) -> None:
    by, _ = make_staff("privacy officer")
    late, fresh, refused = opened(40), opened(1), opened(50)
    data_requests.close(refused, by=by, words="no", evidence="mail 7", refused=True)
    client = staff_client(["privacy officer"])
    mine = {late.pk, fresh.pk, refused.pk}
    assert [r.pk for r in listed(client) if r.pk in mine] == [late.pk, fresh.pk, refused.pk]
    page = client.get(REQUESTS).content.decode()
    assert "overdue by 10 days" in page
    assert "29 days left" in page or "28 days left" in page
    assert [r.pk for r in listed(client, clock="overdue") if r.pk in mine] == [late.pk]
    assert [r.pk for r in listed(client, clock="open") if r.pk in mine] == [late.pk, fresh.pk]
    assert refused.pk in {r.pk for r in listed(client, state__exact="refused")}


def test_who_looked_is_found_by_staff_person_and_time(customer: Customer) -> None:
    one, _ = make_staff("support")
    two, _ = make_staff("support")
    seen = {type(customer.user): [customer.user.pk]}
    for by, days in ((one, 0), (two, 10)):
        staff_access.note(
            by, seen, how=Look.OPENED, reason="ticket 5", now=timezone.now() - days * DAY
        )
    client = staff_client(["privacy officer"])

    def found(**asked: str) -> list[object]:
        rows = client.get(LOOKS, {"q": customer.user.username, **asked}).context["cl"].result_list
        return [row.staff_id for row in rows if row.reason == "ticket 5"]

    assert found() == [one.pk, two.pk]
    assert found(by=str(two.pk)) == [two.pk]
    assert found(days="7") == [one.pk]
    assert found(by="nobody", days="x") == [one.pk, two.pk]
    assert staff_client(["support"]).get(LOOKS).status_code == 403
    assert client.post(f"{LOOKS}add/").status_code == 403
