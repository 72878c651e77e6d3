"""People with every kind of data, and what becomes of them."""

from datetime import datetime, timedelta
from typing import Any

import redis
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import connection

from accounts import avatars
from accounts.models import User
from billing import checkout
from billing.models import Account, AutoTopUp, LowBalanceAlert, StripeCustomer
from billing.stripe_api import api
from gateway import keys
from privacy import acceptances, data_requests, erasure, exports, inventory, policies
from privacy.models import Erasure, ErasureState
from tests.accounts.people import new_member
from tests.customers import Customer
from tests.people import Browser, NabzClanProcess
from tests.processes import Server
from tests.shop import StripeProcess, bought, settle_events

DAY = timedelta(days=1)


def person_of_everything(
    server: Server, nabzclan: NabzClanProcess, stripe: StripeProcess, **fields: Any
) -> Customer:
    """Make somebody with calls, purchases, a refund, a dispute, sessions and all the rest."""
    user = new_member(Browser(server), nabzclan, **fields)
    avatars.take_from_nabzclan(user)
    account = Account.objects.get(user=user)
    row, key = keys.issue(user, name="Test", minute_limit=1_000, day_limit=10_000)
    customer = Customer(user, account, row, key)
    order = bought(stripe, account)
    customer.chat(server)
    customer.chat(server, "echo-fail-500")
    api().refunds.create({"payment_intent": str(order.payment_intent), "amount": 100})
    stripe.control(f"disputes/{stripe.dispute(order)['id']}", status="won")
    checkout.begin(account, cents=500)
    settle_events()
    AutoTopUp.objects.get_or_create(account=account)
    LowBalanceAlert.objects.get_or_create(account=account)
    StripeCustomer.objects.filter(account=account).update(
        payment_method=f"pm_{account.public_id.hex}"
    )
    Authenticator.objects.create(user=user, type="totp", data={"secret": "encrypted"})
    acceptances.record(user, policies.all_current())
    export = exports.ask(user)
    exports.build(str(export.pk))
    words = f"I am {user.username} of {user.email}."
    request = data_requests.open_request("access", words, user=user)
    data_requests.close(request, by=None, words=f"Told {user.username}.", evidence=user.email)
    customer.wait_for_log(2)
    # No worker runs here, so what was sent to one waits for ever.
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.delete("celery")
    return customer


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
            cursor.execute(
                f'select t::text from "{table}" t where "{column}" = any(%s) order by 1', [pks]
            )
            found[entry.name] = [text for (text,) in cursor.fetchall()]
    return found
