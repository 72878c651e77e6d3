"""Whatever staff did to any row of somebody's is told, and is told of nobody once they left."""

from datetime import timedelta
from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.db.models import Model
from django.utils import timezone

from billing import adjustments
from billing.models import MICRO, AdjustmentKind, Order
from privacy import data_requests, inventory, personal_data
from privacy.models import Disclosure, Export
from tests.customers import Customer, make_customer
from tests.staff import make_staff


def rows_of(person: Customer) -> list[Model]:
    staff, _ = make_staff("finance")
    given: Any = {"amount": MICRO, "reason": "an outage", "by": staff}
    return [
        person.user,
        person.account,
        person.key_row,
        adjustments.request(account=person.account, kind=AdjustmentKind.GRANT, **given),
        Order.objects.create(account=person.account, amount=500, livemode=False),
        data_requests.open_request("access", "What?", user=person.user),
        Export.objects.create(user=person.user),
    ]


def act_on(*rows: Model) -> None:
    staff, _ = make_staff("support")
    for row in rows:
        LogEntry.objects.log_actions(staff.pk, [row], CHANGE, "Looked after.", single_object=True)


def acted_on(person: Customer) -> set[str | None]:
    return set(personal_data.acts_of_staff(person.user).values_list("object_id", flat=True))


def demanded(person: Customer, *, secret: bool) -> Disclosure:
    today = timezone.now().date()
    return Disclosure.objects.create(
        person=person.user,
        authority="a court",
        legal_basis="a law",
        reference="7",
        received_on=today,
        data_sets=["account"],
        secret_until=today + timedelta(days=9) if secret else None,
        secrecy_basis="an order" if secret else "",
    )


def test_acts_on_every_kind_of_row_are_found_and_nobody_elses(customer: Customer) -> None:
    other = make_customer()
    mine, theirs = rows_of(customer), rows_of(other)
    act_on(*mine, *theirs)
    assert acted_on(customer) == {str(row.pk) for row in mine}
    assert acted_on(other) == {str(row.pk) for row in theirs}


def test_they_are_blanked_when_the_person_is_erased(customer: Customer) -> None:
    mine = rows_of(customer)
    act_on(*mine)
    personal_data.erase_many(customer.user)
    left = LogEntry.objects.filter(object_id__in=[str(row.pk) for row in mine])
    assert not left.exists()


def test_the_person_does_not_read_of_a_demand_that_must_stay_secret(customer: Customer) -> None:
    hidden, known = demanded(customer, secret=True), demanded(customer, secret=False)
    act_on(hidden, known, customer.user)
    [acts] = [one for one in inventory.data_sets() if one.name == "acts-of-staff"]
    shown = set(acts.shown_to(customer.user).values_list("object_id", flat=True))
    assert shown == {str(known.pk), str(customer.user.pk)}
    assert acted_on(customer) == shown | {str(hidden.pk)}
