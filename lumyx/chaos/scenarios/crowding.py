"""Somebody sends bodies that cost work; everybody else should hardly notice."""

import subprocess
import sys
from collections.abc import Sequence

from lumyx.bench.client import percentile
from lumyx.chaos import books
from lumyx.chaos.calls import Answer, Kind, load, statuses
from lumyx.chaos.charges import expect_charges
from lumyx.chaos.plant import Plant, wait_for
from lumyx.chaos.scenario import Scenario, Seen
from lumyx.local.processes import die_with_parent_at_start, environment_for_children

CALLERS, PAUSE = 4, 0.02
WARM_UP = 200
"""Calls of a fresh process that are not measured."""
MOST = 2.0
"""How much longer the slowest hundredth of others' calls may take."""


def crowd(plant: Plant, times: int) -> Seen:
    """Have people call, first among themselves, then beside somebody who sends such bodies."""
    seen, who = Seen(), books.newcomer()
    many = books.more_keys(who, 20)
    [attacker] = books.more_keys(books.newcomer(), 1)
    with plant.web(nodes=1) as [node]:
        warm = _call(node.api, many, WARM_UP)
        calm = _call(node.api, many, times)
        with subprocess.Popen(
            [sys.executable, "-m", "lumyx.chaos.bodies", str(node.port), attacker],
            env=environment_for_children(),
            stdout=subprocess.PIPE,
            preexec_fn=die_with_parent_at_start,
        ) as sender:
            try:
                assert sender.stdout is not None
                sender.stdout.readline()
                crowded = _call(node.api, many, times)
            finally:
                sender.kill()
    before, after = (_p99_ms(answers) for answers in (calm, crowded))
    every = [*warm, *calm, *crowded]
    seen.words = f"{statuses(every)}; others' p99 {before:.1f} ms before and {after:.1f} ms with it"
    seen.expect(all(answer.whole for answer in every), "not every call of others came whole")
    seen.expect(after < MOST * before, f"others' p99 grew from {before:.1f} to {after:.1f} ms")
    expect_charges(seen, [who], sum(answer.whole for answer in every))
    return seen


def _call(api: str, keys: Sequence[str], times: int) -> list[Answer]:
    with load([api], keys, [Kind("whole", stream=False)], callers=CALLERS, pause=PAUSE) as calling:
        wait_for(lambda: len(calling.answers) >= times, seconds=120, what="calls")
    return calling.answers


def _p99_ms(answers: Sequence[Answer]) -> float:
    return percentile([answer.ended - answer.began for answer in answers], 0.99) * 1e3


SCENARIOS = [
    Scenario(
        "crowding",
        "giant bodies, deep JSON and 50 uploads that never end, beside calls of others",
        1_000,
        200,
        "others’ p99 < 2 ×; each of their calls whole, charged once",
        crowd,
    ),
]
