"""What each gateway adds to the time to the first byte while 200 requests a second come."""

from lumyx.bench import load
from lumyx.bench.ground import Ground, say
from lumyx.bench.load import Steady
from lumyx.bench.measure import Subject
from lumyx.bench.table import Table, number

RATE = 200
NOTE = (
    "Requests are sent when they are due, whether or not earlier ones were answered. Added: less "
    "the mock provider's own. A gateway that does not answer all of them in time is overrun, and "
    "its times grow with the length of the run."
)


def measure(ground: Ground) -> Table:
    """Measure every gateway with whole answers and with streams."""
    say(f"time to the first byte at {RATE} requests a second")
    rows = []
    for kind, word in (("whole", "unstreamed"), ("stream", "streamed")):
        direct = _steady(ground, ground.direct(kind))
        for subject in ground.subjects(kind):
            found = _steady(ground, subject)
            if found is None or direct is None:
                continue
            rows.append(
                [
                    f"{subject.name}, {word}",
                    number(100 * found.answered / found.asked) + " %",
                    number(found.p50_ms, 2),
                    number(found.p50_ms - direct.p50_ms, 2),
                    number(max(0.0, found.p99_ms - direct.p99_ms), 2),
                ]
            )
            ground.figures[f"first byte {kind} {subject.name}"] = found.p50_ms - direct.p50_ms
    headings = ("", "answered", "p50 ms", "added p50 ms", "added p99 ms")
    return Table(f"Time to the first byte at {RATE} requests/s", headings, rows, NOTE)


def _steady(ground: Ground, subject: Subject) -> Steady | None:
    bench = ground.bench
    found = bench.attempt(
        subject,
        lambda: load.put_steadily(
            subject.target, rate=RATE, seconds=bench.seconds, directory=bench.directory
        ),
    )
    if found is not None:
        bench.count(subject, found.answered, not_200=found.not_200, broken=found.broken)
    return found
