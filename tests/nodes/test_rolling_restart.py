"""One node after the other is restarted under load: no call fails, and no stream breaks."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from billing import invariants
from tests.customers import Customer
from tests.nodes.balancer import DONE, Balancer, connections, node
from tests.processes import Server, wait_until

CALLERS, LISTENERS = 3, 8
PAUSE_SECONDS = 0.15
"""So that no key comes to its 1,000 calls a minute."""
STREAMED = "echo-pace-50+tokens-20"


@dataclass
class Load:
    """Calls and streams without a pause, and what came of them."""

    balancer: Balancer
    answered: int = 0
    failed: list[str] = field(default_factory=list)
    over: bool = False

    async def during(self, act: Callable[[], Awaitable[None]]) -> None:
        """Keep the load up while something happens."""
        async with connections() as session, asyncio.TaskGroup() as group:
            for _ in range(CALLERS):
                group.create_task(self._repeat(session, "echo", stream=False))
            for _ in range(LISTENERS):
                group.create_task(self._repeat(session, STREAMED, stream=True))
            await asyncio.sleep(1)
            try:
                await act()
                await asyncio.sleep(1)
            finally:
                self.over = True

    async def _repeat(self, session: object, model: str, *, stream: bool) -> None:
        while not self.over:
            try:
                text = await self.balancer.call(session, model, stream=stream)  # type: ignore[arg-type]
                whole = text.rstrip().endswith(DONE) if stream else '"usage"' in text
                if whole:
                    self.answered += 1
                else:
                    self.failed.append(text[-200:])
            except Exception as error:
                self.failed.append(f"{type(error).__name__}: {error}")
            await asyncio.sleep(PAUSE_SECONDS)


def assert_exact(load: Load, customer: Customer) -> None:
    assert load.failed == []
    assert load.answered > 100
    rows = customer.wait_for_log(load.answered)
    assert len(rows) == load.answered
    assert {row.status for row in rows} == {200}
    assert sorted(customer.spent()) == sorted(row.charge for row in rows)
    assert customer.holds_open() == 0
    assert [v for v in invariants.check() if customer.account.pk in v.accounts] == []


def test_nodes_are_restarted_one_by_one_and_nobody_notices(
    environment: dict[str, str],
    slow_model: Callable[[str], str],
    new_customer: Callable[..., Customer],
) -> None:
    slow_model(STREAMED)
    customer = new_customer(credit=10**10)
    with contextlib.ExitStack() as stack:
        nodes = [stack.enter_context(node(environment=environment)) for _ in range(2)]
        load = Load(Balancer(customer, *nodes))

        async def restart() -> None:
            for old in nodes:
                os.kill(old.pid, signal.SIGTERM)
                await asyncio.to_thread(ended, old)
                port = int(old.url.rpartition(":")[2])
                new = await asyncio.to_thread(Server, environment=environment, workers=1, port=port)
                stack.callback(new.stop)

        asyncio.run(load.during(restart))
    assert load.balancer.refused > 0
    assert_exact(load, customer)


def ended(server: Server) -> None:
    wait_until(lambda: server.ended, seconds=20, what="the end of the old one")


def processes_of(parent: Server) -> set[int]:
    """Return the processes that serve for a parent."""
    own = f"/proc/{parent.pid}/task/{parent.pid}/children"
    return {
        int(pid)
        for pid in Path(own).read_text().split()
        if b"resource_tracker" not in Path(f"/proc/{pid}/cmdline").read_bytes()
    }


def test_sighup_replaces_the_processes_of_a_node_and_its_port_never_closes(
    environment: dict[str, str],
    slow_model: Callable[[str], str],
    new_customer: Callable[..., Customer],
) -> None:
    slow_model(STREAMED)
    customer = new_customer(credit=10**10)
    with node(environment=environment, workers=2) as server:
        before = processes_of(server)
        assert len(before) == 2
        load = Load(Balancer(customer, server))

        async def restart() -> None:
            os.kill(server.pid, signal.SIGHUP)
            await asyncio.to_thread(
                wait_until,
                lambda: len(now := processes_of(server)) == 2 and not now & before,
                seconds=40,
                what="new processes",
            )

        asyncio.run(load.during(restart))
    assert load.balancer.refused == 0
    assert_exact(load, customer)
