"""Who is deleted is gone everywhere, provably; nobody else's data changes."""

import os
import signal
import time
import uuid
from collections.abc import Callable
from datetime import date, timedelta
from operator import attrgetter

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.db import connections

from accounts.models import User
from billing import books, invariants, ledger
from billing.ledger import Closing, HoldRequest
from billing.models import Books, HoldState, LedgerEntry, Order, SealedReceipt
from gateway.models import RequestLog
from lumyx.celery import app
from privacy import (
    absence,
    data_requests,
    erasure,
    identifiers,
    inventory,
    plan,
)
from privacy.models import DataRequest, Erasure, ErasureState, RequestState
from tests.customers import Customer
from tests.people import Browser, NabzClanProcess
from tests.privacy.leavers import (
    AT_A_DELETION,
    DAY,
    after_grace,
    erased,
    everything_of,
    person_of_everything,
    traces,
)
from tests.processes import Server, wait_until
from tests.shop import StripeProcess


@pytest.fixture(autouse=True)
def in_their_directories(exports_directory: None) -> None:
    """Exports and tombstones of tests lie in directories of their own."""


@pytest.fixture
def leaver(server: Server, nabzclan: NabzClanProcess, stripe: StripeProcess) -> Customer:
    return person_of_everything(server, nabzclan, stripe)


def test_a_person_with_every_kind_of_data_is_gone_and_the_books_go_on(
    leaver: Customer, server: Server, nabzclan: NabzClanProcess, stripe: StripeProcess
) -> None:
    other = person_of_everything(server, nabzclan, stripe)
    before = everything_of(other.user)
    named = identifiers.of(leaver.user)
    assert {one.kind for one in named} >= {
        *("user id", "NabzClan id", "username", "email", "avatar address", "avatar", "session"),
        *("key id", "key digest", "account number", "Stripe customer", "Stripe card"),
        *("Stripe payment",),
    }
    empty = {e.name for e in inventory.data_sets() if not e.of(leaver.user).exists()}
    assert empty == AT_A_DELETION
    account, balance = leaver.account, leaver.balance()
    old_number = account.public_id
    found = erased(leaver)
    assert absence.scan(named).traces == []
    assert not User.objects.filter(pk=leaver.user.pk).exists()
    assert not RequestLog.objects.filter(account_id=account.pk).exists()
    account.refresh_from_db()
    assert (account.user, account.balance) == (None, balance)
    assert account.public_id != old_number
    total = sum(LedgerEntry.objects.filter(account=account).values_list("amount", flat=True))
    assert total == balance
    assert not [v for v in invariants.check() if account.pk in v.accounts]
    [order] = Order.objects.filter(account=account, paid_at__isnull=False)
    receipt = SealedReceipt.objects.get(order=order)
    sealed = books.unseal(receipt)
    assert (sealed["name"], sealed["email"]) == (leaver.user.username, leaver.user.email)
    assert leaver.user.email.encode() not in bytes(receipt.sealed)
    assert order.paid_at is not None
    assert receipt.retain_until == date(order.paid_at.year + 10, 12, 31)
    assert Books.objects.get(account=account).jurisdiction
    assert everything_of(other.user) == before, "somebody else's data changed"
    assert bytes(found.sealed) == b""
    assert found.request is not None
    assert found.request.state == RequestState.DONE


def test_the_keys_stop_and_sessions_end_at_the_click(leaver: Customer, server: Server) -> None:
    assert leaver.chat(server).status_code == 200
    erasure.ask(leaver.user)
    asked = time.monotonic()
    assert not leaver.user.sessions.exists()
    wait_until(lambda: leaver.chat(server).status_code == 401, seconds=5, what="a refusal")
    assert time.monotonic() - asked < 2


def test_nothing_is_removed_before_the_grace_is_over(customer: Customer) -> None:
    found = erasure.ask(customer.user)
    assert found.grace_until - found.asked_at == 7 * DAY
    early = found.grace_until - timedelta(seconds=1)
    assert str(found.pk) not in erasure.due(now=early)
    assert not erasure.carry_out(str(found.pk), now=early)
    assert User.objects.filter(pk=customer.user.pk).exists()
    assert str(found.pk) in erasure.due(now=after_grace(found))


def test_who_comes_back_in_time_keeps_everything(server: Server, nabzclan: NabzClanProcess) -> None:
    browser = Browser(server)
    person = nabzclan.new_person()
    browser.sign_in(person["id"])
    user = User.objects.get(nabzclan_id=str(person["id"]))
    browser.open("/privacy/delete")
    page = browser.submit("/privacy/delete", name="somebody else")
    assert page.status_code == 400
    assert "not your username" in page.text
    page = browser.submit("/privacy/delete", name=user.username.upper())
    assert "Your account is closing" in page.text
    assert browser.open("/dashboard").url.endswith("/sign-in?next=/dashboard")
    page = browser.sign_in(person["id"])
    assert page.url.endswith("/privacy/closing")
    assert browser.open("/keys").url.endswith("/privacy/closing")
    assert browser.open("/privacy/centre").status_code == 200
    browser.open("/privacy/closing")
    page = browser.submit("/privacy/closing")
    assert page.url.endswith("/dashboard")
    user.refresh_from_db()
    assert user.state == "active"
    [found] = Erasure.objects.filter(user=user)
    assert found.state == ErasureState.CALLED_OFF
    assert not erasure.carry_out(str(found.pk), now=after_grace(found))
    [request] = DataRequest.objects.filter(user=user)
    assert request.state == RequestState.DONE


def test_who_comes_back_too_late_is_told_so(customer: Customer) -> None:
    found = erasure.ask(customer.user)
    assert not erasure.call_off(customer.user, now=found.grace_until)
    assert erasure.call_off(customer.user, now=found.grace_until - timedelta(seconds=1))


def test_a_plan_does_not_call_a_checkout_that_was_never_paid_a_purchase(
    customer: Customer,
) -> None:
    Order.objects.create(account=customer.account, kind="checkout", amount=1_000, livemode=False)
    titles = [line.entry.title for line in plan.of(customer.user).stays]
    assert "Purchases, paid or not" in titles
    assert "Purchases" not in titles


def test_it_is_the_same_deletion_however_often_it_is_asked_for(customer: Customer) -> None:
    assert erasure.ask(customer.user) == erasure.ask(customer.user)


def test_members_of_staff_are_not_deleted_before_they_leave(customer: Customer) -> None:
    User.objects.filter(pk=customer.user.pk).update(is_staff=True)
    customer.user.refresh_from_db()
    with pytest.raises(erasure.IsStaff):
        erasure.ask(customer.user)
    assert not Erasure.objects.filter(user=customer.user).exists()


def test_who_becomes_staff_meanwhile_is_not_removed_before_they_leave(customer: Customer) -> None:
    found = erasure.ask(customer.user)
    now = after_grace(found)
    User.objects.filter(pk=customer.user.pk).update(is_staff=True)
    assert not erasure.carry_out(str(found.pk), now=now)
    assert User.objects.filter(pk=customer.user.pk).exists()
    User.objects.filter(pk=customer.user.pk).update(is_staff=False)
    assert erasure.carry_out(str(found.pk), now=now + timedelta(minutes=1)), traces(found)


def test_acts_of_who_was_staff_are_nobodys_whoever_has_that_name(
    customer: Customer, new_customer: Callable[..., Customer]
) -> None:
    namesake = new_customer().user
    User.objects.filter(pk=namesake.pk).update(username="Former Staff", nabzclan_id="77001")
    LogEntry.objects.log_actions(customer.user.pk, [customer.key_row], CHANGE, "Changed.")
    acts = LogEntry.objects.filter(user=customer.user)
    numbers = list(acts.values_list("pk", flat=True))
    found = erasure.ask(customer.user)
    assert erasure.carry_out(str(found.pk), now=after_grace(found)), traces(found)
    [act] = LogEntry.objects.filter(pk__in=numbers)
    assert act.user_id != namesake.pk
    assert (act.user.nabzclan_id, act.user.is_active) == (None, False)
    User.objects.filter(pk=namesake.pk).update(username=f"customer-{namesake.pk.hex[:12]}")


def test_others_that_are_away_are_asked_until_they_answer(
    leaver: Customer, nabzclan: NabzClanProcess, stripe: StripeProcess
) -> None:
    named = identifiers.of(leaver.user)
    found = erasure.ask(leaver.user)
    now = after_grace(found)
    nabzclan.fault("revoke", "500")
    stripe.control("faults", path="/v1/customers", fault="500")
    try:
        assert not erasure.carry_out(str(found.pk), now=now)
        found.refresh_from_db()
        assert found.state == ErasureState.RUNNING
        assert found.removed_at is not None, "what is ours does not wait for others"
        assert absence.scan(named).traces == []
        assert found.errands.filter(done_at=None).count() >= 2
        assert found.request is not None
        assert found.request.state == RequestState.OPEN
    finally:
        nabzclan.fault("revoke", None)
        stripe.control("faults", path="/v1/customers", fault=None)
    later = now + timedelta(minutes=5)
    assert erasure.carry_out(str(found.pk), now=later), traces(found)
    found.refresh_from_db()
    assert found.state == ErasureState.DONE
    assert not [errand for errand in found.errands.all() if bytes(errand.sealed)]


def test_a_child_is_erased_without_grace(leaver: Customer) -> None:
    found = erasure.ask(leaver.user, why="child")
    assert found.grace_until - found.asked_at == timedelta(minutes=1)
    assert not erasure.call_off(leaver.user)
    assert erasure.carry_out(str(found.pk), now=after_grace(found)), traces(found)


def test_a_childs_report_overtakes_a_deletion_that_waits(customer: Customer) -> None:
    found = erasure.ask(customer.user)
    assert erasure.ask(customer.user, why="child") == found
    found.refresh_from_db()
    assert found.grace_until - found.asked_at < timedelta(minutes=2)
    assert not erasure.call_off(customer.user)


def test_a_call_under_way_is_waited_for(customer: Customer) -> None:
    [hold] = ledger.authorize_now(
        [HoldRequest(customer.account.id, "under way", 600, 10, uuid.uuid4().hex)]
    )
    assert hold is not None
    found = erasure.ask(customer.user, why="child")
    now = after_grace(found)
    assert not erasure.carry_out(str(found.pk), now=now)
    assert User.objects.filter(pk=customer.user.pk).exists()
    ledger.close_now([Closing(hold, 4, HoldState.SETTLED, None)])
    assert erasure.carry_out(str(found.pk), now=now + timedelta(minutes=1)), traces(found)


STEPS = [
    *("tombstones.put", "gateway_data.erase_many", "billing_data.erase_many"),
    *("errands.prepare", "identifiers.seal", "errands.run"),
    *(
        "proof.absence.scan",
        "proof.absence_elsewhere.scan",
        "proof.receipts.sign",
        "_close_request",
    ),
]


@pytest.mark.parametrize("step", STEPS)
def test_a_worker_killed_at_any_step_is_followed_by_another(customer: Customer, step: str) -> None:
    found = erasure.ask(customer.user)
    named = identifiers.of(customer.user)
    now = after_grace(found)
    connections.close_all()
    child = os.fork()
    if child == 0:
        try:
            die_at(step)
            erasure.carry_out(str(found.pk), now=now)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), "it was to die"
    found.refresh_from_db()
    assert found.state == ErasureState.RUNNING
    assert not found.receipt
    if found.removed_at is None:
        assert User.objects.filter(pk=customer.user.pk).exists(), "half of it is not done"
    assert not erasure.carry_out(str(found.pk), now=now), "its worker may still be alive"
    assert erasure.carry_out(str(found.pk), now=now + erasure.SILENT), traces(found)
    assert absence.scan(named).traces == []


def die_at(step: str) -> None:
    """Have this process killed when it comes to a step."""

    def die(*_: object, **__: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    module, _, name = step.rpartition(".")
    setattr(attrgetter(module)(erasure) if module else erasure, name, die)
    # The lists of what is called were made when the module was loaded.
    for steps in (erasure.ERASES_MANY, erasure.ERASES):
        steps[:] = [
            die
            if one.__module__ == f"{module.split('_')[0]}.personal_data" and one.__name__ == name
            else one
            for one in steps
        ]


def test_the_worst_case_is_22_days_and_the_alarm_goes_off_at_day_10(customer: Customer) -> None:
    found = erasure.ask(customer.user)
    said = plan.of(customer.user, now=found.asked_at)
    assert said.gone_from_backups_by - found.asked_at.date() == 22 * DAY
    assert found.request is not None
    at = found.asked_at + 10 * DAY
    assert found.request not in data_requests.late(now=at - timedelta(seconds=1))
    assert found.request in data_requests.late(now=at)
    erased(customer)
    assert found.request not in data_requests.late(now=at)


def test_beat_tends_deletions_each_minute() -> None:
    entry = app.conf.beat_schedule["tend deletions"]
    assert (entry["task"], len(entry["schedule"].minute)) == ("privacy.tasks.tend_erasures", 60)
