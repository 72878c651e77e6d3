"""Malformed requests over all routes, Stripe's door included: no failure of ours, and exact books.

A few in the suite, always the same; `make fuzz` sends 100,000, others each time it is told to
(FUZZ=100000 FUZZ_SEED=7).
"""

import asyncio
import os
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import requests

from billing import invariants
from billing.models import Hold, HoldState, StripeEvent
from tests.customers import make_customer
from tests.fuzz.seeds import seeds
from tests.fuzz.wire import send_all
from tests.processes import ProviderProcess, Server, wait_until
from tests.staff import staff_client

COUNT = int(os.environ.get("FUZZ", "1500"))
SEED = int(os.environ.get("FUZZ_SEED", "1"))
CUSTOMERS = 40
"""Enough that none comes to the 1,000 calls a minute of its key."""
CONNECTIONS = 24


@pytest.fixture
def target(environment: dict[str, str], provider: ProviderProcess) -> Iterator[Server]:
    """A server that believes what a proxy says of addresses."""
    process = Server(environment={**environment, "TRUSTED_PROXY_COUNT": "1"})
    yield process
    process.stop()


def test_no_malformed_request_meets_a_failure(
    target: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    customers = [make_customer(credit=10**12) for _ in range(CUSTOMERS)]
    accounts = {customer.account.pk for customer in customers}
    before = StripeEvent.objects.count()
    asked = seeds(customers, staff_client(superuser=True)).requests(COUNT, seed=SEED)
    port = int(urlsplit(target.url).port or 0)
    begun = time.monotonic()
    outcome = asyncio.run(send_all(port, asked, connections=CONNECTIONS))
    took = time.monotonic() - begun
    with capsys.disabled():
        print(f"\n{outcome.table()}\n  in {took:.0f} s, {COUNT / took:,.0f} a second")
    assert outcome.failed == [], "\n".join(outcome.failed[:20])
    assert outcome.statuses.total() == COUNT
    # They came past the front door.
    assert {("api", 200), ("website", 200), ("webhook", 200)} <= outcome.statuses.keys()
    assert StripeEvent.objects.count() > before
    assert requests.get(f"{target.url}/readyz", timeout=5).json()["status"] == "ok"
    holds = Hold.objects.filter(account__in=accounts, state=HoldState.OPEN)
    wait_until(lambda: not holds.exists(), seconds=10, what="the end of every hold")
    assert [one for one in invariants.check() if accounts & set(one.accounts)] == []
    _, raised, rest = target.text().partition("Traceback")
    assert not raised, rest[:3_000]
