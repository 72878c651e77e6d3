"""Customers for tests, with credits and a key."""

import time
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Unpack

import requests
from django.conf import settings
from django.test import Client

from accounts import recent
from accounts.models import User
from billing import accounts, ledger
from billing.models import MICRO, Account, Hold, HoldState, LedgerEntry
from gateway import keys
from gateway.models import ApiKey, RequestLog
from privacy import acceptances, policies
from tests.processes import Server, wait_until


@dataclass
class Customer:
    """A customer and how they call the API."""

    user: User
    account: Account
    key_row: ApiKey
    key: str

    @property
    def headers(self) -> dict[str, str]:
        """The headers of a call."""
        return {"Authorization": f"Bearer {self.key}"}

    def balance(self) -> int:
        """Return the balance in micro-credits as it is now."""
        self.account.refresh_from_db()
        return self.account.balance

    def spent(self) -> list[int]:
        """Return every charge in micro-credits, oldest first."""
        entries = LedgerEntry.objects.filter(account=self.account, kind="usage").order_by("id")
        return [-entry.amount for entry in entries]

    def logged(self) -> list[RequestLog]:
        """Return the rows of the request log, oldest first."""
        return list(RequestLog.objects.filter(account_id=self.account.id).order_by("started_at"))

    def wait_for_log(self, count: int) -> list[RequestLog]:
        """Wait until so many rows are logged, and return them."""
        wait_until(lambda: len(self.logged()) >= count, seconds=10, what=f"{count} log rows")
        return self.logged()

    def holds_open(self) -> int:
        """Return how many holds are open."""
        return Hold.objects.filter(account=self.account, state=HoldState.OPEN).count()

    def get(self, server: Server, path: str) -> requests.Response:
        """Read from the API."""
        return requests.get(f"{server.api}/{path}", headers=self.headers, timeout=10)

    def chat(
        self, server: Server, model: str = "echo", *, text: str = "Hello there", **fields: Any
    ) -> requests.Response:
        """Make one unstreamed call."""
        body = {"model": model, "messages": [{"role": "user", "content": text}], **fields}
        return requests.post(
            f"{server.api}/chat/completions", json=body, headers=self.headers, timeout=30
        )

    def stream(
        self, server: Server, model: str = "echo", *, text: str = "Hello there", **fields: Any
    ) -> str:
        """Make one streamed call, and return all that came."""
        return self.chat(server, model, text=text, stream=True, **fields).text


def make_customer(
    *,
    credit: int = 10 * MICRO,
    vip_level: int = 0,
    vip_expires_at: datetime | None = None,
    **limits: Unpack[keys.Limits],
) -> Customer:
    """Make a customer with credits (micro-credits) and a key, whose own limits are high."""
    name = f"customer-{uuid.uuid4().hex[:12]}"
    user = User.objects.create_customer(nabzclan_id=name, username=name, email=f"{name}@test")
    if vip_level:
        user.vip_level, user.vip_expires_at = vip_level, vip_expires_at
        user.save(update_fields=["vip_level", "vip_expires_at"])
    account = accounts.open_for(user)
    if credit:
        ledger.post(
            account=account.id, kind="grant", amount=credit, reference=f"test {uuid.uuid4().hex}"
        )
    limits.setdefault("minute_limit", 1_000)
    limits.setdefault("day_limit", 10_000)
    row, key = keys.issue(user, name="Test", **limits)
    return Customer(user, account, row, key)


def accept(user: User) -> None:
    """Have somebody answer what newcomers are asked."""
    acceptances.affirm_age(user)
    acceptances.record(user, policies.all_current())


def visit(customer: Customer) -> Client:
    """Sign a customer in to the website, who has accepted what is asked."""
    accept(customer.user)
    client = Client()
    client.force_login(customer.user)
    return client


def session_of(user: User) -> str:
    """Return the cookie of somebody who has just signed in."""
    client = Client()
    client.force_login(user)
    session = client.session
    session[recent.SIGNED_IN_AT] = int(time.time())
    session.save()
    return client.cookies[settings.SESSION_COOKIE_NAME].value
