"""The disk that the logs lie on is full."""

from pathlib import Path

from lumyx.chaos import books
from lumyx.chaos.calls import Kind, call_all, statuses
from lumyx.chaos.plant import Plant
from lumyx.chaos.scenario import Scenario, Seen

FULL = Path("/dev/full")
"""Every write to it fails for want of space."""
KINDS = [Kind("echo-no-usage"), Kind("whole", stream=False), Kind("echo-no-usage", messages=True)]
"""Two of three calls make an alarm be logged."""


def fill_disk(plant: Plant, times: int) -> Seen:
    """Make calls that are logged, where nothing can be written any more."""
    seen, who = Seen(), books.newcomer()
    kinds = (KINDS * times)[:times]
    logged = plant.directory / "spacious.log"
    with plant.web(nodes=1, log=logged) as [node]:
        call_all([node.api], [who.key], KINDS, at_once=1)
    with plant.web(nodes=1, log=FULL) as [node]:
        answers = call_all([node.api], [who.key], kinds, at_once=8)
    whole = sum(answer.whole for answer in answers)
    seen.words = f"{statuses(answers)}; {whole} whole, {len(who.charges()) - len(KINDS)} charged"
    seen.expect("alarm" in logged.read_text(), "nothing would have been logged")
    seen.expect(whole == times, f"{times - whole} of {times} calls did not come whole")
    seen.expect(len(who.charges()) == times + len(KINDS), "not every call was charged once")
    return seen


SCENARIOS = [
    Scenario(
        "disk",
        "disk full on the log directory",
        300,
        30,
        "calls go on, each charged once; the process stops cleanly",
        fill_disk,
    ),
]
