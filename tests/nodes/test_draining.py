"""SIGTERM: a node says that it is about to end, lets nobody new in, and breaks no stream."""

import asyncio
import os
import signal
import time
from collections.abc import Callable

import pytest
import requests

from billing import invariants
from tests.customers import Customer
from tests.nodes.balancer import DONE, Balancer, Count, connections, node
from tests.processes import Server, wait_until

STREAMS = 100
TOKENS = 60
REFUSED_WITHIN = 2.0
"""uvicorn's parent looks for signals twice a second, its processes ten times."""


def refused(server: Server) -> bool:
    """Say whether a node lets nobody in."""
    try:
        requests.get(f"{server.url}/healthz", timeout=2)
    except requests.ConnectionError as error:
        return "refused" in str(error)
    return False


async def streams(server: Server, customer: Customer, model: str) -> tuple[list[str], float]:
    """Open the streams, end the node once all flow, and return them and when it refused."""
    balancer, count = Balancer(customer, server), Count(STREAMS)
    async with connections() as session:
        running = [
            asyncio.create_task(balancer.call(session, model, stream=True, began=count.once()))
            for _ in range(STREAMS)
        ]
        await asyncio.wait_for(count.reached.wait(), 30)
        os.kill(server.pid, signal.SIGTERM)
        told = time.monotonic()
        while not await asyncio.to_thread(refused, server):
            assert time.monotonic() - told < 10, "new calls are let in"
        took = time.monotonic() - told
        assert not any(stream.done() for stream in running), "the streams were too short"
        return list(await asyncio.gather(*running)), took


@pytest.mark.parametrize("workers", [1, 2])
def test_a_hundred_streams_end_well_and_nobody_new_is_let_in(
    environment: dict[str, str],
    slow_model: Callable[[str], str],
    new_customer: Callable[..., Customer],
    workers: int,
) -> None:
    customer = new_customer(credit=10**9)
    model = slow_model(f"echo-pace-100+tokens-{TOKENS}")
    with node(environment=environment, workers=workers) as server:
        came, took = asyncio.run(streams(server, customer, model))
        assert all(text.rstrip().endswith(DONE) for text in came)
        assert took < REFUSED_WITHIN
        wait_until(lambda: server.ended, seconds=5, what="the end of the node")
    rows = customer.wait_for_log(STREAMS)
    assert {(row.status, row.output_tokens, row.charge_basis) for row in rows} == {
        (200, TOKENS, "reported")
    }
    assert sorted(customer.spent()) == sorted(row.charge for row in rows)
    assert customer.holds_open() == 0
    assert [v for v in invariants.check() if customer.account.pk in v.accounts] == []


def test_with_a_delay_a_node_says_so_first_and_serves_on(
    environment: dict[str, str], customer: Customer
) -> None:
    with node("--drain-delay=1.5", environment=environment) as server:
        os.kill(server.pid, signal.SIGTERM)
        told = time.monotonic()
        ready = requests.get(f"{server.url}/readyz", timeout=5)
        assert time.monotonic() - told < 0.5
        assert (ready.status_code, ready.json()["status"]) == (503, "draining")
        assert requests.get(f"{server.url}/healthz", timeout=5).ok
        answer = customer.chat(server)
        assert answer.ok
        assert answer.headers["Connection"] == "close"
        wait_until(lambda: refused(server), seconds=5, what="the end of the delay")
        assert time.monotonic() - told > 1.4
        wait_until(lambda: server.ended, seconds=5, what="the end of the node")
    assert len(customer.spent()) == 1


def test_what_is_longer_than_the_grace_is_cut_and_costs_what_came(
    environment: dict[str, str], slow_model: Callable[[str], str], customer: Customer
) -> None:
    model = slow_model("echo-pace-100+tokens-300")
    with node("--grace=1", environment=environment) as server:

        async def cut() -> str:
            flows = Count(1)
            async with connections() as session:
                call = Balancer(customer, server).call(
                    session, model, stream=True, began=flows.once()
                )
                running = asyncio.create_task(call)
                await asyncio.wait_for(flows.reached.wait(), 10)
                os.kill(server.pid, signal.SIGTERM)
                try:
                    return await running
                except Exception as error:
                    return type(error).__name__

        assert DONE not in asyncio.run(cut())
        wait_until(lambda: server.ended, seconds=8, what="the end of the node")
    (row,) = customer.wait_for_log(1)
    assert 0 < row.output_tokens < 60
    assert customer.spent() == [row.charge]
    assert customer.holds_open() == 0
