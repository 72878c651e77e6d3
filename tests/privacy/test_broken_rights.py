"""A right that fails somebody is on the public page within the hour."""

import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from gateway import daily_use
from privacy import reviews, tombstones
from privacy.models import (
    CanaryRun,
    Disclosure,
    Erasure,
    ErasureState,
    ProbeResult,
    SecurityReview,
)
from tests.customers import Customer
from tests.privacy.leaks import states
from tests.privacy.leavers import DAY, erased

NOW = timezone.now()


@pytest.fixture(autouse=True)
def nothing_before(database: None, exports_directory: Path) -> Iterator[None]:
    """Begin and end without the traces of other tests."""

    def clean() -> None:
        CanaryRun.objects.all().delete()
        for user in tombstones.risen():
            (Path(settings.TOMBSTONE_DIR) / str(user.pk)).unlink()
        unproven = Erasure.objects.exclude(state=ErasureState.CALLED_OFF)
        unproven.filter(receipt={}).delete()
        ProbeResult.objects.filter(ran_at__gt=timezone.now()).delete()

    clean()
    yield
    clean()


def deletion(**values: object) -> Erasure:
    known = {"state": ErasureState.RUNNING, "grace_until": NOW}
    return Erasure.objects.create(**(known | values))


@pytest.mark.parametrize(
    ("passed", "ago", "state"),
    [(True, DAY, "kept"), (False, DAY, "not_kept"), (True, 2 * DAY, "not_kept")],
)
def test_what_a_made_up_customer_finds_is_part_of_it(
    passed: bool, ago: timedelta, state: str
) -> None:
    assert states("2.3-content", "8-deletion") == {"2.3-content": "kept", "8-deletion": "kept"}
    at = timezone.now() - ago
    CanaryRun.objects.create(ran_at=at, ended_at=at, passed=passed, said="It was seen.")
    assert states("2.3-content", "8-deletion") == {"2.3-content": state, "8-deletion": state}


def test_a_deletion_that_is_late() -> None:
    last = timezone.now() - DAY
    found = deletion(grace_until=last + timedelta(minutes=5))
    assert states("4-deletion") == {"4-deletion": "kept"}
    Erasure.objects.filter(pk=found.pk).update(grace_until=last - timedelta(minutes=5))
    assert states("4-deletion") == {"4-deletion": "not_kept"}


def test_somebody_deleted_who_is_there_again(customer: Customer) -> None:
    assert states("4-deletion") == {"4-deletion": "kept"}
    tombstones.put(customer.user.pk)
    assert states("4-deletion") == {"4-deletion": "not_kept"}
    (Path(settings.TOMBSTONE_DIR) / str(customer.user.pk)).unlink()
    assert states("4-deletion") == {"4-deletion": "kept"}


def test_a_receipt_that_is_not_genuine(customer: Customer) -> None:
    found = erased(customer)
    assert states("8-deletion") == {"8-deletion": "kept"}
    forged = {**found.receipt, "number": str(uuid.uuid4())}
    Erasure.objects.filter(pk=found.pk).update(receipt=forged)
    assert states("8-deletion") == {"8-deletion": "not_kept"}
    Erasure.objects.filter(pk=found.pk).update(receipt=found.receipt, sealed=b"a name")
    assert states("8-deletion") == {"8-deletion": "not_kept"}
    Erasure.objects.filter(pk=found.pk).update(sealed=b"")


def test_an_objection_that_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert states("8-restriction") == {"8-restriction": "kept"}
    monkeypatch.setattr(daily_use, "PURPOSES", ())
    assert states("8-restriction") == {"8-restriction": "not_kept"}


def test_a_review_that_is_overdue() -> None:
    SecurityReview.objects.all().delete()
    assert states("6-reviews") == {"6-reviews": "not_kept"}
    held = NOW.date() - timedelta(days=10)
    reviews.enter(held_on=held, scope="All", findings="None", actions="None", by=None)
    assert states("6-reviews") == {"6-reviews": "kept"}
    assert states("6-reviews", now=NOW + timedelta(days=81)) == {"6-reviews": "kept"}
    assert states("6-reviews", now=NOW + timedelta(days=82)) == {"6-reviews": "not_kept"}


def test_a_disclosure_without_a_basis() -> None:
    assert states("5-legal") == {"5-legal": "kept"}
    row = Disclosure.objects.create(
        authority="Court of Canaries",
        legal_basis="",
        reference="1/26",
        received_on=NOW.date(),
        data_sets=["profile"],
    )
    assert states("5-legal") == {"5-legal": "not_kept"}
    row.delete()
    assert states("5-legal") == {"5-legal": "kept"}
