"""Play scenarios one after the other, and judge what is left after each."""

import time
from collections.abc import Callable, Sequence

from lumyx.chaos import aftermath, books
from lumyx.chaos.aftermath import Holdings
from lumyx.chaos.calls import Kind, call_all
from lumyx.chaos.plant import Plant
from lumyx.chaos.scenario import Row, Scenario, Seen
from lumyx.chaos.scenarios import engines, kills
from lumyx.local import LocalError

SCENARIOS: list[Scenario] = [*kills.SCENARIOS, *engines.SCENARIOS]


def all_of(
    plant: Plant, *, only: Sequence[str], few: bool, soak: int, say: Callable[[str], None]
) -> list[Row]:
    """Play all scenarios, or those that are named; return a row for each."""
    unknown = set(only) - {scenario.name for scenario in SCENARIOS}
    if unknown:
        raise LocalError(f"There is no scenario {', '.join(sorted(unknown))}.")
    before = warm_up(plant)
    rows = []
    for scenario in SCENARIOS:
        if only and scenario.name not in only:
            continue
        times = scenario.few if few else scenario.times
        say(f"{scenario.fault}, {times:,} times")
        row = play(plant, scenario, times, before)
        say(f"{'kept' if row.kept else 'BROKEN'} in {row.seconds:.0f} s: {row.seen}")
        for problem in row.problems:
            say(f"  {problem}")
        rows.append(row)
    return rows


def warm_up(plant: Plant) -> Holdings:
    """Let every web process do its first calls; return what one holds on to when it is idle."""
    who = books.newcomer()
    kinds = [Kind("whole", stream=False), Kind("stream"), Kind("echo")] * 20
    answers = call_all([node.api for node in plant.nodes], [who.key], kinds, at_once=8)
    if not all(answer.whole for answer in answers):
        raise LocalError(f"Not every call works: {[a for a in answers if not a.whole][:1]}")
    time.sleep(0.5)
    return aftermath.holdings(plant, plant.nodes[0])


def play(plant: Plant, scenario: Scenario, times: int, before: Holdings) -> Row:
    """Play one scenario; what is wrong afterwards is a broken promise as well."""
    began = time.monotonic()
    try:
        seen = scenario.play(plant, times)
    except LocalError as error:
        seen = Seen("it did not come to its end", [str(error)])
    found = [*seen.problems, *aftermath.problems(plant, before)]
    return Row(
        fault=scenario.fault,
        times=f"{times:,}",
        expected=scenario.expected,
        seen=seen.words,
        kept=not found,
        seconds=time.monotonic() - began,
        problems=tuple(found),
    )
