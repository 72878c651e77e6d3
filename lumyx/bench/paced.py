"""How many paced streams a gateway carries at once with no chunk late."""

import time
from collections.abc import Callable, Sequence

from lumyx.bench import load
from lumyx.bench.answers import CHUNKS
from lumyx.bench.ground import Ground, say
from lumyx.bench.load import Paced
from lumyx.bench.measure import OURS, Subject, cpu_seconds
from lumyx.bench.streams import LATE_FIRST_SECONDS, LATE_SECONDS, STREAM_SECONDS
from lumyx.bench.table import Table, number

LEVELS = (5, 10, 25, 50, 75, 100, 150, 200, 250, 300, 350, 400, 450, 500, 600, 700, 800)
LIGHT = ("mock, direct", "nginx")
"""What is tried with the most at first."""
FIRST = 50
TRIES = 2
FEW = 0.02
"""The share of late streams up to which a number is tried again: it may have been an accident."""
REST_SECONDS = 1.0
"""For a gateway that was overrun to be done with what it was left with."""
LONG_TURNS = 6
"""How many streams follow each other where what was found for LumyxAI is confirmed."""
NOTE = (
    "Each stream has 100 chunks, 50 a second; streams begin spread over the two seconds that one "
    "takes, and each is followed by another. A chunk is late that comes more than "
    f"{LATE_SECONDS * 1e3:.0f} ms after it was due, counted from the stream's first one, or a "
    f"first one after {LATE_FIRST_SECONDS:.0f} s. The figure is the largest of the numbers tried "
    f"({', '.join(str(level) for level in LEVELS)}) at which no chunk of any stream was late: "
    "rising until one is, then halving what is between; where at most "
    f"{FEW:.0%} of the streams were late, the number is tried once more. LumyxAI's is confirmed by "
    f"{LONG_TURNS} streams after each other: {LONG_TURNS * STREAM_SECONDS - 2:.0f} s with all of "
    "them open. One worker, so one core."
)


def measure(ground: Ground, *, turns: int) -> Table:
    """Find for every gateway the largest number of streams with none late."""
    rows = []
    for subject in (ground.direct("paced"), *ground.subjects("paced")):
        say(f"paced streams: {subject.name}")
        found: dict[int, tuple[Paced, float]] = {}

        def none_late(
            streams: int,
            subject: Subject = subject,
            found: dict[int, tuple[Paced, float]] = found,
            turns: int = turns,
        ) -> bool:
            for _ in range(TRIES):
                late = _share_late(ground, subject, streams, turns, found)
                if late == 0 or late > FEW:
                    break
            if late:
                time.sleep(REST_SECONDS)
            return not late

        most = largest(LEVELS, none_late, first=LEVELS[-1] if subject.name in LIGHT else FIRST)
        if subject.name == OURS:
            while most and not none_late(most, turns=LONG_TURNS):
                most = max((level for level in LEVELS if level < most), default=0)
        ground.figures[f"paced {subject.name}"] = most
        paced, cpu = found.get(most, (None, None))
        rows.append(
            [
                subject.name,
                f"{'≥ ' if most == LEVELS[-1] else ''}{most:,}",
                number(cpu * 1e3 / (paced.streams * CHUNKS) if paced and cpu else None, 3),
                number(paced.first_byte_ms if paced else None, 1),
                number(paced.p99_late_ms if paced else None),
            ]
        )
    headings = (
        "",
        "streams at once",
        "CPU ms a chunk",
        "first byte ms",
        "p99 late ms",
    )
    return Table("Paced streams at once with none late", headings, rows, NOTE)


def largest(levels: Sequence[int], holds: Callable[[int], bool], *, first: int) -> int:
    """Return the largest level that holds, or 0; where one does not, none above it does.

    The levels are tried from the first one up, with steps that grow, until one does not hold.
    """
    low, high = -1, len(levels)
    probe, step = levels.index(first), 4
    while high - low > 1:
        if holds(levels[probe]):
            low = probe
        else:
            high = probe
        rising = high == len(levels)
        probe = min(probe + step, high - 1) if rising else (low + high) // 2
    return levels[low] if low >= 0 else 0


def _share_late(
    ground: Ground,
    subject: Subject,
    streams: int,
    turns: int,
    found: dict[int, tuple[Paced, float]],
) -> float:
    """Return which share of the streams was late."""
    bench = ground.bench
    before = cpu_seconds(subject.parts)
    paced = bench.attempt(
        subject,
        lambda: load.put_paced(
            subject.target, streams=streams, turns=turns, directory=bench.directory
        ),
    )
    if paced is None:
        return 1.0
    cpu = cpu_seconds(subject.parts).get("web", 0.0) - before.get("web", 0.0)
    found[streams] = paced, cpu
    if subject.name == OURS or not paced.late:
        bench.count(subject, paced.streams, not_200=paced.not_200, broken=paced.broken)
    return (paced.late + paced.not_200 + paced.broken) / (streams * turns)
