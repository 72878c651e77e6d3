"""Ledgers as so many processes would have them, and what tests ask of them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from billing import invariants
from billing.ledger import HoldRequest, Ledger
from billing.postgres import open_pool
from gateway import ids, request_log
from tests.customers import Customer

Result = TypeVar("Result")


def request(
    customer: Customer, amount: int, *, need: int | None = None, **fields: Any
) -> HoldRequest:
    """Return a request for a new hold, under a request id of its own unless one is given."""
    name = ids.new()
    return HoldRequest(
        account=customer.account.id,
        request_id=fields.pop("request_id", name),
        want=amount,
        need=amount if need is None else need,
        hold=name,
        **fields,
    )


def with_ledgers(count: int, story: Callable[[list[Ledger]], Awaitable[Result]]) -> Result:
    """Run a story with ledgers on pools of their own, as so many processes would have."""

    async def run() -> Result:
        pools = [await open_pool() for _ in range(count)]
        try:
            ledgers = [
                Ledger(pool, record=request_log.INSERT_CHARGED, encode=request_log.encode)
                for pool in pools
            ]
            return await story(ledgers)
        finally:
            for pool in pools:
                await pool.close()

    return asyncio.run(run())


def assert_sound(customer: Customer) -> None:
    """Check every invariant for this customer's account."""
    broken = [v for v in invariants.check() if customer.account.id in v.accounts]
    assert broken == []
