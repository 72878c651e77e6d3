"""Web processes end: killed in the middle of streams, or asked to stop."""

import random
import time

from lumyx.chaos import books
from lumyx.chaos.calls import Kind, load, statuses
from lumyx.chaos.plant import Plant
from lumyx.chaos.scenario import Scenario, Seen

KINDS = [Kind("paced"), Kind("stream"), Kind("whole", stream=False), Kind("echo-slow")]


def kill_web(plant: Plant, times: int) -> Seen:
    """Kill web processes, one after the other, at any moment of the streams that they serve."""
    seen = Seen()
    dice = random.Random(times)
    who = [books.newcomer() for _ in range(4)]
    keys = [key for customer in who for key in books.more_keys(customer, 4)]
    with load([node.api for node in plant.nodes], keys, KINDS, callers=12) as calling:
        time.sleep(0.5)
        for number in range(times):
            plant.nodes[number % len(plant.nodes)].kill()
            time.sleep(dice.uniform(0.02, 0.25))
    time.sleep(0.5)
    left = books.open_holds()
    books.let_expire()
    whole = sum(a.whole for a in calling.answers)
    cut = sum(a.cut for a in calling.answers)
    charges = sum(len(customer.charges()) for customer in who)
    seen.words = (
        f"{statuses(calling.answers)}; {cut:,} answers were cut, {left:,} holds were left to the"
        f" sweep; {charges:,} charges for {whole:,} whole answers"
    )
    seen.expect(cut > 0, "no answer was cut: the kills met no call")
    seen.expect(whole > 0, "no answer was whole: the processes did not come back")
    seen.expect(
        charges <= len(calling.answers), f"{charges:,} charges for {len(calling.answers):,} calls"
    )
    return seen


SCENARIOS = [
    Scenario(
        "kill",
        "kill -9 of a web process in the middle of streams",
        200,
        6,
        "ledger = balance; no hold open after the sweep; each use charged at most once",
        kill_web,
    ),
]
