"""How much memory an open stream takes."""

import time

from lumyx.bench import accounting, load
from lumyx.bench.gateways import Gateway, shortened
from lumyx.bench.ground import Ground, say
from lumyx.bench.load import Held
from lumyx.bench.measure import OURS, Subject
from lumyx.bench.table import Table, number
from lumyx.local import LocalError

STREAMS = 500
OPEN_SECONDS = 15.0
SETTLE_SECONDS = 2.0
NOTE = (
    "The growth of the resident memory of a fresh process that had answered calls and streams for "
    "two seconds, while so many streams are open, for each of them."
)


def measure(ground: Ground) -> Table:
    """Measure a fresh process of each gateway."""
    rows = []
    for gateway in ground.gateways:
        say(f"memory of an open stream: {gateway.name}")
        try:
            held, idle, grown = _measure(ground, gateway)
        except LocalError as error:
            ground.bench.remarks.append(f"{gateway.name}, memory: {shortened(error)}")
            continue
        each = grown / held / 1024
        ground.figures[f"memory {gateway.name}"] = each
        rows.append([gateway.name, number(held), number(idle / 2**20), number(each, 1)])
    headings = ("", "streams open", "MB with none", "KB per open stream")
    return Table("Memory per open stream", headings, rows, NOTE)


def _measure(ground: Ground, gateway: Gateway) -> tuple[int, int, int]:
    """Return how many streams were open, and the bytes without them and more with them."""
    bench = ground.bench
    with gateway.serving(bench.directory) as server:
        for kind in ("whole", "stream"):
            bench.run(server.subject(kind), connections=32, seconds=1)
        time.sleep(SETTLE_SECONDS)
        idle = accounting.memory_bytes(server.parts["web"])
        subject = server.subject("held")
        with load.holding(
            subject.target, streams=STREAMS, seconds=OPEN_SECONDS, directory=bench.directory
        ) as held:
            time.sleep(SETTLE_SECONDS)
            grown = accounting.memory_bytes(server.parts["web"]) - idle
    _check(ground, subject, held)
    return held.open, idle, grown


def _check(ground: Ground, subject: Subject, held: Held) -> None:
    if held.not_200 or held.broken or not held.open:
        raise LocalError(f"the streams could not be opened: {held}")
    if subject.name == OURS and held.open < STREAMS:
        ground.bench.complain(subject, f"only {held.open} streams were open")
