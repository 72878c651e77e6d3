"""What must be true after every fault: of the money, the connections, the tasks and the files."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import psutil
import requests

from lumyx.bench import accounting
from lumyx.chaos import books
from lumyx.chaos.plant import Node, Plant, wait_for
from lumyx.local import LocalError

CLOSED_BY_ITSELF_SECONDS = 16
"""A settlement is tried again for 13 seconds, with pauses that double."""
LEDGER_POOL, REDIS_POOL = 6, 60
"""The most connections of one web process to PostgreSQL, and more than it needs to Redis."""
SPARE = 3
"""Files and tasks more than at the beginning that are no leak yet: timers, a look-up under way."""


@dataclass(frozen=True)
class Holdings:
    """What a web process holds on to: tasks, and files by what they are."""

    tasks: int
    clients: int
    postgresql: int
    valkey: int
    providers: int
    other: int
    half_closed: int
    memory: int


def holdings(plant: Plant, node: Node) -> Holdings:
    """Return what a web process holds on to now."""
    process = psutil.Process(node.pid)
    wires = process.net_connections("tcp")
    ours = [w for w in wires if w.raddr and w.laddr.port == node.port]
    to = [w.raddr.port for w in wires if w.raddr and w.laddr.port != node.port]
    return Holdings(
        tasks=node.tasks(),
        clients=len(ours),
        postgresql=to.count(plant.postgresql.port),
        valkey=to.count(plant.valkey.port),
        providers=sum(port in plant.provider_ports for port in to),
        other=process.num_fds() - sum(bool(w.raddr) for w in wires),
        half_closed=sum(w.status == "CLOSE_WAIT" for w in wires),
        memory=accounting.memory_bytes(node.pid),
    )


def problems(plant: Plant, before: Holdings) -> list[str]:
    """Wait until all is quiet; return what is not as it must be.

    `before` is what a web process held that had nothing to do; holds that a fault left open are
    closed as the worker's sweep closes them, only sooner.
    """
    found = []
    if _waited_in_vain(lambda: open_calls(plant) == 0, seconds=10):
        found.append(f"{open_calls(plant)} calls at the provider are still open")
    _waited_in_vain(lambda: books.open_holds() == 0, seconds=CLOSED_BY_ITSELF_SECONDS)
    books.let_expire()
    if books.open_holds():
        found.append(f"{books.open_holds()} holds are open after the sweep")
    found += books.broken()
    if _waited_in_vain(lambda: books.transactions_left() == 0, seconds=5):
        found.append(f"{books.transactions_left()} transactions are open")
    most = len(plant.nodes) * LEDGER_POOL
    if _waited_in_vain(lambda: books.connections_left() <= most, seconds=5):
        found.append(f"{books.connections_left()} connections to PostgreSQL, of {most} at the most")
    for node in plant.nodes:
        found += _leaks(plant, node, before)
    return found


def _leaks(plant: Plant, node: Node, before: Holdings) -> list[str]:
    """Return what a web process holds on to without need, if it does not let go in time."""
    end = time.monotonic() + 6
    while True:
        now = holdings(plant, node)
        found = []
        for name, value, most in (
            ("tasks", now.tasks, before.tasks + SPARE),
            ("connections of clients", now.clients, 0),
            ("connections to PostgreSQL", now.postgresql, LEDGER_POOL),
            ("connections to Redis", now.valkey, REDIS_POOL),
            ("half-closed connections", now.half_closed, 0),
            ("other files", now.other, before.other + SPARE),
        ):
            if value > most:
                found.append(f"a web process holds {value} {name}, of {most} at the most")
        if not found or time.monotonic() > end:
            return found
        time.sleep(0.1)


def open_calls(plant: Plant) -> int:
    """Return how many calls are open at the provider stand-in."""
    return _counter(plant, "open_calls")


def cancelled(plant: Plant) -> int:
    """Return how many calls the provider stand-in saw its client leave."""
    return _counter(plant, "cancelled")


def _counter(plant: Plant, name: str) -> int:
    return int(requests.get(f"{plant.standin}/_last", timeout=10).json()[name])


def _waited_in_vain(true: Callable[[], bool], *, seconds: float) -> bool:
    try:
        wait_for(true, seconds=seconds, what="quiet")
    except LocalError:
        return True
    return False
