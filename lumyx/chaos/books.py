"""Customers, keys and models to break things with, and what the ledger says afterwards.

Only for processes in which Django is set up.
"""

import time
import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Unpack

from django.core.management import call_command
from django.db import OperationalError, connection
from django.utils import timezone

from accounts.models import User
from billing import accounts, invariants, ledger
from billing.models import Account, Hold, HoldState, LedgerEntry, LedgerKind
from gateway import keys
from gateway.models import ApiKey, RequestLog
from lumyx.bench import catalogue
from lumyx.chaos.plant import STANDIN_KEY

MOST = 16_384
"""Output tokens of a model."""
CREDIT = 10**12
MOCKED = ("whole", "stream", "paced")
"""Models at the mock of the bench, which is fast."""
BEHAVIOURS = (
    *("echo", "echo-slow", "echo-error-mid", "echo-tokens-60000"),
    *("echo-slow+tokens-30", "echo-slow+tokens-100"),
    *("echo-hang", "echo-reset-1", "echo-reset-300", "echo-reset-700", "echo-reset-1500"),
    *("echo-drip-7", "echo-garbage", "echo-oversized", "echo-no-usage", "echo-200-error"),
)
"""Models at the provider stand-in, which fails as its names say."""
SLOW: dict[str, dict[str, Any]] = {"echo-hang": {"first_byte_seconds": 0.5, "whole_seconds": 0.5}}


@dataclass(frozen=True)
class Customer:
    """A customer, and one of their keys."""

    user: User
    account: Account
    row: ApiKey
    key: str

    def charges(self) -> list[int]:
        """Return every charge in micro-credits, oldest first."""
        entries = LedgerEntry.objects.filter(account=self.account, kind=LedgerKind.USAGE)
        return [-amount for amount in entries.order_by("id").values_list("amount", flat=True)]

    def balance(self) -> int:
        """Return the balance in micro-credits."""
        return Account.objects.values_list("balance", flat=True).get(pk=self.account.pk)

    def rows(self) -> list[RequestLog]:
        """Return the rows of the request log, oldest first."""
        found = RequestLog.objects.filter(account_id=self.account.id)
        return list(found.order_by("started_at"))


def prepare(mock: str, standin: str) -> None:
    """Migrate, and write the catalogue."""
    call_command("migrate", verbosity=0)
    call_command("make_partitions", verbosity=0)
    for name in MOCKED:
        catalogue.offer(name, f"{mock}/{name}", key=STANDIN_KEY, upstream="bench", most_output=MOST)
    for name in BEHAVIOURS:
        shown = name.replace("+", "-")
        slow = SLOW.get(name, {})
        catalogue.offer(shown, standin, key=STANDIN_KEY, upstream=name, most_output=MOST, **slow)
    # It may be a thread's own.
    connection.close()


def newcomer(*, credit: int = CREDIT, **limits: Unpack[keys.Limits]) -> Customer:
    """Make a customer with credits (micro-credits) and a key whose limits are high."""
    name = f"chaos-{uuid.uuid4().hex[:12]}"
    user = User.objects.create_customer(nabzclan_id=name, username=name, email="")
    account = accounts.open_for(user)
    ledger.post(account=account.id, kind=LedgerKind.GRANT, amount=credit, reference=name)
    limits.setdefault("minute_limit", 1_000)
    limits.setdefault("day_limit", 10_000)
    row, key = keys.issue(user, name="Chaos", **limits)
    return Customer(user, account, row, key)


def more_keys(customer: Customer, count: int) -> list[str]:
    """Make more keys of one customer, each with limits of its own."""
    return [
        keys.issue(customer.user, name="Chaos", minute_limit=1_000, day_limit=10_000)[1]
        for _ in range(count)
    ]


def open_holds() -> int:
    """Return how many holds are open."""
    return Hold.objects.filter(state=HoldState.OPEN).count()


def let_expire() -> int:
    """Let the time of every open hold be over, and sweep as the worker does each minute."""
    past = timezone.now() - timedelta(seconds=1)
    Hold.objects.filter(state=HoldState.OPEN).update(expires_at=past)
    total = 0
    while released := ledger.release_expired():
        total += released
    return total


def broken() -> list[str]:
    """Return the sentences that are false of the money."""
    return [violation.sentence for violation in invariants.check()]


def transactions_left() -> int:
    """Return how many connections to PostgreSQL hold a transaction open."""
    return _count("and state like 'idle in transaction%'")


def connections_left() -> int:
    """Return how many connections to the database there are beside this one."""
    return _count("")


def _count(which: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from pg_stat_activity where datname = current_database()"
            f" and backend_type = 'client backend' and pid <> pg_backend_pid() {which}"
        )
        return int(cursor.fetchone()[0])


def wait_until_there(*, seconds: float = 30) -> None:
    """Wait until PostgreSQL answers this process."""
    end = time.monotonic() + seconds
    while True:
        connection.close()
        try:
            connection.ensure_connection()
        except OperationalError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
        else:
            return
