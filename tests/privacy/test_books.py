"""The books outlive their customer, without a name, and for as long as the law asks."""

import io
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction

from billing import books
from billing.models import Account, Books, LedgerEntry, Order, SealedReceipt
from billing.stripe_api import api
from privacy import (
    absence,
    identifiers,
)
from tests.customers import Customer
from tests.people import NabzClanProcess
from tests.privacy.leavers import (
    erased,
    person_of_everything,
)
from tests.processes import Server
from tests.shop import StripeProcess, settle_events


@pytest.fixture(autouse=True)
def in_their_directories(exports_directory: None) -> None:
    """Exports and tombstones of tests lie in directories of their own."""


@pytest.fixture
def leaver(server: Server, nabzclan: NabzClanProcess, stripe: StripeProcess) -> Customer:
    return person_of_everything(server, nabzclan, stripe)


def test_books_end_with_the_year_that_the_law_names(leaver: Customer) -> None:
    found = erased(leaver)
    assert found.removed_at is not None
    account = leaver.account
    kept = Books.objects.get(account=account).retain_until
    last = datetime(kept.year, 12, 31, 23, 59, tzinfo=UTC)
    books.expire(now=last)
    assert Account.objects.filter(pk=account.pk).exists()
    with pytest.raises(DatabaseError), transaction.atomic():
        LedgerEntry.objects.filter(account=account).delete()
    books.expire(now=last + timedelta(minutes=1))
    assert not Account.objects.filter(pk=account.pk).exists()
    assert not LedgerEntry.objects.filter(account=account).exists()
    assert not SealedReceipt.objects.filter(order__account=account).exists()
    with pytest.raises(DatabaseError), transaction.atomic():
        LedgerEntry.objects.all()[:1].get().delete()


def test_money_that_moves_later_finds_the_books_and_brings_nobody_back(
    leaver: Customer, stripe: StripeProcess
) -> None:
    named = identifiers.of(leaver.user)
    [order] = Order.objects.filter(account=leaver.account, paid_at__isnull=False)
    erased(leaver)
    before = Account.objects.get(pk=leaver.account.pk).balance
    api().refunds.create({"payment_intent": str(order.payment_intent), "amount": 300})
    settle_events()
    assert Account.objects.get(pk=leaver.account.pk).balance < before
    assert absence.scan(named).traces == []


def test_a_sealed_receipt_is_opened_by_its_number_alone(leaver: Customer) -> None:
    name = leaver.user.username
    [order] = Order.objects.filter(account=leaver.account, paid_at__isnull=False)
    erased(leaver)
    said = io.StringIO()
    call_command("open_receipt", order.receipt_number, "--reference", "disclosure 1", stdout=said)
    assert name in said.getvalue()
    with pytest.raises(CommandError):
        call_command("open_receipt", "LX-999999", "--reference", "disclosure 1")
