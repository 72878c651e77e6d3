"""Everything at once for as long as asked: what a web process holds on to stays the same."""

import statistics
import time
from dataclasses import fields

from lumyx.chaos import aftermath, books
from lumyx.chaos.aftermath import Holdings
from lumyx.chaos.calls import Kind, load, statuses
from lumyx.chaos.plant import Plant
from lumyx.chaos.scenario import Scenario, Seen

KINDS = [
    *(Kind("whole", stream=False), Kind("stream"), Kind("stream", messages=True), Kind("paced")),
    *(Kind("echo"), Kind("echo-no-usage"), Kind("echo-error-mid"), Kind("echo-drip-7")),
    *(Kind("echo-200-error"), Kind("echo-reset-300"), Kind("no-such-model", stream=False)),
]
CALLERS = 12
LOOKS = 40
"""How often is looked at what the processes hold on to."""
FLAT_BYTES = 8 * 2**20
"""What a process may grow by from the second quarter of the time to the last."""
RIGHT = {200, 404, 502}


def soak(plant: Plant, seconds: int) -> Seen:
    """Call in every way for so many seconds; look at the processes all the while."""
    seen = Seen()
    who = [books.newcomer() for _ in range(4)]
    many = [key for customer in who for key in books.more_keys(customer, 10)]
    looks: list[list[Holdings]] = []
    apis = [node.api for node in plant.nodes]
    with load(apis, many, KINDS, callers=CALLERS, pause=0.02) as calling:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(max(1, seconds / LOOKS))
            looks.append([aftermath.holdings(plant, node) for node in plant.nodes])
    quarter = max(1, len(looks) // 4)
    early, late = looks[quarter : 2 * quarter], looks[-quarter:]
    grown = _medians(late)["memory"] - _medians(early)["memory"]
    seen.words = (
        f"{len(calling.answers):,} calls: {statuses(calling.answers)}; memory"
        f" {grown / 2**20:+.1f} MB from the second quarter to the last"
    )
    others = {a.status for a in calling.answers} - RIGHT
    seen.expect(not others, f"other statuses than {sorted(RIGHT)}: {sorted(others)}")
    cut = sum(a.cut or (a.status == 200 and not (a.whole or a.error)) for a in calling.answers)
    seen.expect(not cut, f"{cut} answers were broken off")
    seen.expect(grown < FLAT_BYTES, f"memory grew by {grown / 2**20:.1f} MB")
    for name in ("tasks", "postgresql", "valkey", "other", "half_closed"):
        more = _medians(late)[name] - _medians(early)[name]
        seen.expect(more <= CALLERS, f"{more:.0f} more {name} than before")
    return seen


def _medians(looks: list[list[Holdings]]) -> dict[str, float]:
    """Return the median of each number, of the process that has the most."""
    return {
        one.name: statistics.median(max(getattr(h, one.name) for h in look) for look in looks)
        for one in fields(Holdings)
    }


def scenario(seconds: int) -> Scenario:
    """Return the soak of so many seconds."""
    return Scenario(
        "soak",
        "soak: every kind of call at once, for seconds",
        seconds,
        min(seconds, 10),
        "memory flat; no connection, task or file left behind",
        soak,
    )
