"""A backup brings nobody back who was erased."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings

from accounts.models import User
from privacy import (
    absence,
    erasure,
    identifiers,
    tombstones,
)
from privacy.models import Erasure
from tests.customers import Customer
from tests.people import NabzClanProcess
from tests.privacy.backups import back_up, restore
from tests.privacy.leavers import (
    after_grace,
    erased,
    everything_of,
    person_of_everything,
    traces,
)
from tests.processes import Server
from tests.shop import StripeProcess


@pytest.fixture(autouse=True)
def in_their_directories(exports_directory: None) -> None:
    """Exports and tombstones of tests lie in directories of their own."""


@pytest.fixture
def leaver(server: Server, nabzclan: NabzClanProcess, stripe: StripeProcess) -> Customer:
    return person_of_everything(server, nabzclan, stripe)


def test_a_backup_that_is_restored_has_its_people_erased_again(leaver: Customer) -> None:
    named, pk = identifiers.of(leaver.user), leaver.user.pk
    before, kept = everything_of(leaver.user), back_up(leaver.user)
    erased(leaver)
    assert pk in tombstones.every()
    restore(kept)
    leaver.user = User.objects.get(pk=pk)
    after = everything_of(leaver.user)
    assert {name: len(rows) for name, rows in after.items()} == {
        name: len(rows) for name, rows in before.items()
    }
    assert {trace.kind for trace in absence.scan(named).traces} >= {"email", "user id", "key id"}
    assert erasure.replay() >= 1
    [found] = Erasure.objects.filter(user=pk)
    assert found.why == "restored"
    assert erasure.carry_out(str(found.pk), now=after_grace(found)), traces(found)
    assert absence.scan(named).traces == []
    assert erasure.replay() == 0


def test_tombstones_hold_a_random_number_and_a_date_and_end_after_the_backups(
    customer: Customer,
) -> None:
    erased(customer)
    day = tombstones.every()[customer.user.pk]
    file = Path(settings.TOMBSTONE_DIR) / str(customer.user.pk)
    assert file.read_text() == f"{day}\n"
    assert file.stat().st_mode & 0o077 == 0
    begin = datetime(day.year, day.month, day.day, tzinfo=UTC)
    tombstones.expire(now=begin + timedelta(days=44))
    assert file.exists()
    tombstones.expire(now=begin + timedelta(days=44, seconds=1))
    assert not file.exists()
