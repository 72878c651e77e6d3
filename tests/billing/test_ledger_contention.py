"""Who waits for another's lock moves the same money afterwards, whatever plan PostgreSQL made."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest
from django.db import connection, connections

from billing import ledger
from billing.ledger import Closing, Ledger, Receipt
from billing.models import HoldState
from tests.billing.ledgers import assert_sound, request, with_ledgers
from tests.customers import Customer
from tests.processes import wait_until

METHODS = ["none", "seqscan", "indexscan", "hashjoin", "mergejoin", "nestloop", "hashagg", "sort"]
WAITERS = """
select count(*) from pg_locks where not granted and pg_backend_pid() = any(pg_blocking_pids(pid))
"""


@contextmanager
def plans_without(method: str) -> Iterator[None]:
    """Have PostgreSQL plan without one of its methods."""
    with connection.cursor() as cursor:
        if method != "none":
            cursor.execute(f"set enable_{method} = off")
        try:
            yield
        finally:
            if method != "none":
                cursor.execute(f"reset enable_{method}")


@contextmanager
def others_move(customers: list[Customer]) -> Iterator[None]:
    """Let the credits of these customers be moved by others until somebody waits for that."""
    locked = threading.Event()

    def move() -> None:
        with psycopg.connect(**connections["default"].get_connection_params()) as other:
            for customer in customers:
                other.execute(
                    "update billing_account set balance = balance where id = %s",
                    [customer.account.id],
                )
                other.execute(
                    "update billing_budget set total = total where id = %s",
                    [customer.key_row.id],
                )
            locked.set()
            wait_until(lambda: other.execute(WAITERS).fetchone() != (0,), seconds=10)

    mover = threading.Thread(target=move)
    mover.start()
    assert locked.wait(10)
    yield
    mover.join()


@pytest.mark.parametrize("method", METHODS)
def test_a_batch_that_waited_closes_and_grants_all_its_holds(
    new_customer: Callable[..., Customer], method: str
) -> None:
    customers = [new_customer() for _ in range(3)]
    asked = [request(c, 100, budget=c.key_row.id.hex, total_most=10_000) for c in customers * 2]
    with plans_without(method):
        with others_move(customers):
            holds = ledger.authorize_now(asked)
        assert None not in holds
        closings = [Closing(hold, 30, HoldState.SETTLED, None) for hold in holds if hold]
        with others_move(customers):
            receipts = ledger.close_now(closings)
    assert sorted(receipts) == list(range(6))
    for customer in customers:
        assert customer.spent() == [30, 30]
        assert customer.holds_open() == 0
        assert_sound(customer)


def test_a_web_process_that_waited_closes_all_its_holds(
    new_customer: Callable[..., Customer],
) -> None:
    customers = [new_customer() for _ in range(3)]

    async def story(ledgers: list[Ledger]) -> list[Receipt]:
        [one] = ledgers
        asked = [request(c, 100, budget=c.key_row.id.hex) for c in customers * 2]
        holds = await asyncio.gather(*[one.authorize(each) for each in asked])
        with others_move(customers):
            # The first is under way alone; the others are one batch.
            first = one.settle(holds[0], cost=30, record=None)
            return await asyncio.gather(
                first, *[one.settle(hold, cost=30, record=None) for hold in holds[1:]]
            )

    receipts = with_ledgers(1, story)
    assert [receipt.charge for receipt in receipts] == [30] * 6
    for customer in customers:
        assert customer.spent() == [30, 30]
        assert customer.holds_open() == 0
        assert_sound(customer)
