"""What a second worker brings."""

import contextlib

from lumyx.bench.gateways import shortened
from lumyx.bench.ground import Ground, say
from lumyx.bench.measure import Run, median_cpu, median_rate
from lumyx.bench.table import Table, number, rate, times
from lumyx.local import LocalError

NOTE = (
    "Unstreamed calls. The load, the mock provider, PostgreSQL and Valkey share the machine's "
    "cores with the workers: with two cores a second worker has to take its time from them. "
    "Gateways that are missing have no option for a second one."
)


def measure(ground: Ground) -> Table:
    """Measure each gateway that can with one worker and with two, in turn."""
    say("one worker and two")
    bench, rows = ground.bench, []
    for server in ground.servers:
        if server.gateway.most_workers < 2:
            continue
        name = server.gateway.name
        with contextlib.ExitStack() as stack:
            try:
                two = stack.enter_context(server.gateway.serving(bench.directory, workers=2))
            except LocalError as error:
                bench.remarks.append(f"{name}, two workers: {shortened(error)}")
                continue
            pair = [server.subject("whole"), two.subject("whole")]
            for subject in pair:
                bench.run(subject, connections=bench.most(subject), seconds=1)
            runs: list[list[Run]] = [[], []]
            for _ in range(max(1, bench.rounds - 1)):
                for subject, own in zip(pair, runs, strict=True):
                    own.append(
                        bench.run(subject, connections=bench.most(subject), seconds=bench.seconds)
                    )
        one_rate, two_rate = median_rate(runs[0]), median_rate(runs[1])
        gain = two_rate / one_rate if one_rate and two_rate else None
        ground.figures[f"two workers {name}"] = gain
        cpu = [number(median_cpu(own, "web"), 2) for own in runs]
        rows.append([name, rate(one_rate), rate(two_rate), times(gain), *cpu])
    headings = ("", "calls/s with 1", "with 2", "gain", "web CPU ms with 1", "with 2")
    return Table("One worker and two", headings, rows, NOTE)
