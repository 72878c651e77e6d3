"""What a call costs once there are very many models, keys and log rows."""

import contextlib
import dataclasses
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path

from lumyx.bench.deployment import Deployment, Mocks, deploy
from lumyx.bench.gateways import LumyxAI, Server
from lumyx.bench.ground import Figures, say
from lumyx.bench.measure import Bench, Subject, median_cpu, median_rate
from lumyx.bench.table import Table, number, rate, times

MODELS = 1_000
FEW_KEYS, MANY_KEYS = 1_000, 100_000
BYTES_A_ROW = 1_000
"""What a log row takes at the most, with its indexes and the write-ahead log."""
NOTE = (
    "Unstreamed calls of a fresh process. Each line has all that the lines above it have. Its "
    "ratio is to the line above it; those of log rows are to the line with 1,000 keys in use of "
    "100,000. Keys in use are called in turn."
)


@dataclass
class Growth:
    """The engines that are filled, the keys in use, and what was found."""

    bench: Bench
    deployment: Deployment
    figures: Figures
    rows: list[list[str]] = field(default_factory=list)
    costs: dict[str, float | None] = field(default_factory=dict)

    def measure(self, name: str, title: str, *, over: str = "") -> None:
        """Measure one state, beside the one it is held against."""
        say(f"growth: {title}")
        bench = self.bench
        ours = LumyxAI(Mocks("", "", ""), self.deployment)
        with self.deployment.web() as (url, parts):
            subject = Server(ours, url, parts).subject("whole")
            bench.run(subject, connections=bench.connections, seconds=1)
            rounds = max(1, bench.rounds - 1)
            runs = [
                bench.run(
                    _from_key(subject, number / (rounds + 1)),
                    connections=bench.connections,
                    seconds=bench.seconds,
                )
                for number in range(1, rounds + 1)
            ]
        cost = median_cpu(runs, "web", "PostgreSQL")
        base = self.costs.get(over)
        self.costs[name] = cost
        share = cost / base if cost and base else None
        self.figures[f"growth {name}"] = share
        web, postgresql = median_cpu(runs, "web"), median_cpu(runs, "PostgreSQL")
        cells = [number(web, 2), number(postgresql, 2), number(cost, 2), times(share)]
        self.rows.append([title, rate(median_rate(runs)), *cells])

    def fill(self, what: str, *numbers: float) -> int:
        """Fill up to so many, and say how many there are."""
        say(f"growth: filling up to {numbers[0]:,} {what}")
        found = self.deployment.run("lumyx.bench.filling", what, *(str(n) for n in numbers))
        self.deployment = dataclasses.replace(
            self.deployment, keys=[*self.deployment.keys, *found.get("keys", ())]
        )
        return int(found["count"])


def measure(
    bench: Bench, mocks: Mocks, figures: Figures, *, rows: int, fill_seconds: float
) -> Table:
    """Fill engines of its own step by step, and measure after each."""
    directory = bench.directory / "growth"
    directory.mkdir()
    with contextlib.ExitStack() as stack:
        growth = Growth(bench, deploy(stack, directory, mocks), figures)
        growth.fill("keys", FEW_KEYS)
        few = growth.deployment.keys
        growth.measure("base", f"{FEW_KEYS:,} keys, 5 models, an empty log")
        growth.fill("models", MODELS)
        growth.measure("models", f"{MODELS:,} models", over="base")
        growth.fill("keys", MANY_KEYS)
        every = growth.deployment.keys
        growth.deployment = dataclasses.replace(growth.deployment, keys=few)
        growth.measure("keys", f"{MANY_KEYS:,} keys, {FEW_KEYS:,} in use", over="models")
        growth.deployment = dataclasses.replace(growth.deployment, keys=every)
        growth.measure("keys in use", f"{MANY_KEYS:,} keys, another with each call", over="keys")
        growth.deployment = dataclasses.replace(growth.deployment, keys=few)
        _grow_log(growth, rows, fill_seconds)
    headings = ("", "calls/s", "web CPU ms", "PostgreSQL ms", "both", "ratio")
    return Table("Growth of what a call costs", headings, growth.rows, NOTE)


def _from_key(subject: Subject, share: float) -> Subject:
    """Return the subject called from another key on: of very many, none that was called of late."""
    keys = subject.target.keys
    first = int(len(keys) * share)
    target = dataclasses.replace(subject.target, keys=[*keys[first:], *keys[:first]])
    return dataclasses.replace(subject, target=target)


def _grow_log(growth: Growth, rows: int, seconds: float) -> None:
    most = room(growth.bench.directory)
    if most < rows:
        growth.bench.remarks.append(f"growth: the disk has room for {most:,} log rows")
    for name, count in (("some rows", rows // 10), ("rows", rows)):
        began = time.monotonic()
        found = growth.fill("rows", min(count, most), seconds)
        seconds = max(1.0, seconds - (time.monotonic() - began))
        growth.measure(name, f"{found:,} log rows", over="keys")
    growth.figures["log rows"] = float(found)


def room(directory: Path) -> int:
    """Return for how many log rows the disk has room, with half of it left free."""
    return shutil.disk_usage(directory).free // 2 // BYTES_A_ROW
