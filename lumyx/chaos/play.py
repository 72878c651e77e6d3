"""Play scenarios one after the other, and judge what is left after each."""

import time
from collections.abc import Callable, Sequence

from lumyx.chaos import aftermath, books, stories
from lumyx.chaos.aftermath import Holdings
from lumyx.chaos.calls import Kind, call_all
from lumyx.chaos.plant import Plant
from lumyx.chaos.scenario import Row, Scenario, Seen
from lumyx.chaos.scenarios import (
    clients,
    crowding,
    cuts,
    disks,
    engines,
    guessing,
    kills,
    providers,
    silence,
    stops,
)
from lumyx.chaos.scenarios import soak as soaks
from lumyx.local import LocalError

SCENARIOS: list[Scenario] = [
    *kills.SCENARIOS,
    *engines.SCENARIOS,
    *silence.SCENARIOS,
    *cuts.SCENARIOS,
    *providers.SCENARIOS,
    *clients.SCENARIOS,
    *guessing.SCENARIOS,
    *crowding.SCENARIOS,
    *stops.SCENARIOS,
    *disks.SCENARIOS,
]


def all_of(
    plant: Plant, *, only: Sequence[str], few: bool, soak: int, say: Callable[[str], None]
) -> list[Row]:
    """Play all scenarios, or those that are named; return a row for each."""
    scenarios = [*SCENARIOS, soaks.scenario(soak)]
    told = [story for story in stories.STORIES if not only or story.name in only]
    known = {one.name for one in scenarios} | {one.name for one in stories.STORIES}
    unknown = set(only) - known
    if unknown:
        raise LocalError(f"There is no scenario {', '.join(sorted(unknown))}.")
    telling = stories.begin(plant, told, few=few) if told else None
    try:
        rows = _play_each(plant, [s for s in scenarios if not only or s.name in only], few, say)
        if telling is not None:
            say("waiting for the faults that tests make")
            rows += stories.end(telling, told, few=few)
    finally:
        if telling is not None:
            telling.terminate()
            telling.wait()
    return rows if only else [*rows, *stories.ELSEWHERE]


def _play_each(
    plant: Plant, scenarios: Sequence[Scenario], few: bool, say: Callable[[str], None]
) -> list[Row]:
    before = warm_up(plant)
    rows = []
    for scenario in scenarios:
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
        found = [*seen.problems, *aftermath.problems(plant, before)]
    except Exception as error:
        # One that cannot be made must not keep the others from being made.
        seen = Seen("it did not come to its end")
        found = [f"{type(error).__name__}: {error}"]
    return Row(
        fault=scenario.fault,
        times=f"{times:,}",
        expected=scenario.expected,
        seen=seen.words,
        kept=not found,
        seconds=time.monotonic() - began,
        problems=tuple(found),
    )
