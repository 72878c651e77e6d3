"""People with every kind of data, and what becomes of them."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.utils import timezone

from accounts import avatars, restrictions
from accounts.data_sets import Purpose
from accounts.models import LastVisit, RestrictionKind, User
from billing import adjustments, checkout, codes, refunds
from billing.models import (
    MICRO,
    Account,
    AdjustmentKind,
    AutoTopUp,
    Hold,
    HoldState,
    LowBalanceAlert,
    StripeCustomer,
    UncollectedUse,
)
from gateway import keys
from privacy import (
    acceptances,
    data_requests,
    erasure,
    exports,
    inventory,
    policies,
    staff_access,
)
from privacy.models import Disclosure, Erasure, ErasureState, InactivityNotice, Look, Notice
from tests.accounts.people import new_member
from tests.customers import Customer
from tests.people import Browser, NabzClanProcess
from tests.privacy.stripe_rows import copy_what_stripe_says
from tests.processes import Server, forget_queue
from tests.shop import StripeProcess, bought, settle_events
from tests.staff import make_staff

DAY = timedelta(days=1)
AT_A_DELETION = {"sealed-receipts", "deletions", "deletions-elsewhere"}
"""Data sets of which nobody has anything who does not leave."""


def person_of_everything(
    server: Server, nabzclan: NabzClanProcess, stripe: StripeProcess, **fields: Any
) -> Customer:
    """Make somebody with a row in every table that holds anything of people."""
    user = new_member(Browser(server), nabzclan, **fields)
    avatars.take_from_nabzclan(user)
    account = Account.objects.get(user=user)
    row, key = keys.issue(user, name="Test", minute_limit=1_000, day_limit=10_000)
    customer = Customer(user, account, row, key)
    customer.chat(server)
    customer.chat(server, "echo-fail-500")
    buy_and_dispute(customer, stripe)
    copy_what_stripe_says(customer, {"billing_details": {"email": user.email}})
    have_staff_act(customer)
    choose(customer)
    customer.wait_for_log(2)
    forget_queue()
    return customer


def buy_and_dispute(customer: Customer, stripe: StripeProcess) -> None:
    account = customer.account
    order = bought(stripe, account)
    staff, _ = make_staff("finance")
    refunds.request(order, cents=100, reason=f"{customer.user.username} asked", by=staff)
    stripe.control(f"disputes/{stripe.dispute(order)['id']}", status="won")
    checkout.begin(account, cents=500)
    settle_events()
    AutoTopUp.objects.get_or_create(account=account)
    LowBalanceAlert.objects.get_or_create(account=account)
    StripeCustomer.objects.filter(account=account).update(payment_method=f"pm_{uuid.uuid4().hex}")
    _, text = codes.make(value=MICRO, by=staff)
    codes.redeem(account, text)
    reason = f"A gift for {customer.user.username}"
    adjustments.request(
        account=account, kind=AdjustmentKind.GRANT, amount=MICRO, reason=reason, by=staff
    )
    hold = Hold.objects.filter(account=account).exclude(state=HoldState.OPEN).first()
    assert hold is not None
    UncollectedUse.objects.create(hold=hold, account=account, cost=1)


def have_staff_act(customer: Customer) -> None:
    user = customer.user
    staff, _ = make_staff("support")
    words = f"I am {user.username} of {user.email}."
    asked = data_requests.open_request("access", words, user=user)
    data_requests.close(asked, by=staff, words=f"Told {user.username}.", evidence=user.email)
    staff_access.note(staff, {User: [user.pk]}, how=Look.OPENED, reason="a mail came")
    LogEntry.objects.log_actions(staff.pk, [customer.key_row, user], CHANGE, "Changed.")
    Disclosure.objects.create(
        person=user,
        authority="Court of Canaries",
        legal_basis="A warrant",
        reference="1/26",
        received_on=timezone.now().date(),
        data_sets=["profile"],
        requested_by=staff,
    )
    user.groups.add(Group.objects.create(name=f"group {uuid.uuid4().hex}"))
    permission = Permission.objects.first()
    assert permission is not None
    user.user_permissions.add(permission)


def choose(customer: Customer) -> None:
    """Have the person do what people do in the privacy centre."""
    user = customer.user
    Authenticator.objects.create(user=user, type="totp", data={"secret": "encrypted"})
    acceptances.record(user, policies.all_current())
    restrictions.restrict(user, Purpose.ANALYSIS, kind=RestrictionKind.OBJECT)
    LastVisit.objects.get_or_create(user=user, defaults={"day": timezone.now().date()})
    Notice.objects.create(user=user, kind="privacy", version="2026-03-20")
    InactivityNotice.objects.create(user=user, nth=1, sent_at=timezone.now())
    export = exports.ask(user)
    exports.build(str(export.pk))


def after_grace(found: Erasure) -> datetime:
    return found.grace_until + timedelta(seconds=1)


def erased(customer: Customer, *, why: str = "asked") -> Erasure:
    """Carry a deletion out to its end, and return it."""
    found = erasure.ask(customer.user, why=why)
    assert erasure.carry_out(str(found.pk), now=after_grace(found)), traces(found)
    found.refresh_from_db()
    assert found.state == ErasureState.DONE
    return found


def traces(found: Erasure) -> Any:
    found.refresh_from_db()
    return found.state, found.scanned.get("traces"), list(found.errands.values("kind", "problem"))


def everything_of(user: User) -> dict[str, list[str]]:
    """Return all rows of a person, as PostgreSQL writes them."""
    found = {}
    for entry in inventory.data_sets():
        pks = list(entry.of(user).values_list("pk", flat=True))
        table, column = entry.tables[0], entry.model._meta.pk.column
        with connection.cursor() as cursor:
            # When a key was used last is written some seconds after the call.
            cursor.execute(
                f"select (to_jsonb(t) - 'last_used_at')::text from \"{table}\" t"
                f' where "{column}" = any(%s) order by 1',
                [pks],
            )
            found[entry.name] = [text for (text,) in cursor.fetchall()]
    return found
