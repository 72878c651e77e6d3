"""Measure LumyxAI, as it is deployed, beside nginx, a floor in Python, and other gateways.

    python -m lumyx.bench
    python -m lumyx.bench --only paced --only memory

All stand before the same mock providers and take turns in the same run. The ratio is the result;
absolute figures move with the machine. Everything runs on loopback.

With `pages` as the first word the pages of a busy account are measured instead.
"""

import argparse
import contextlib
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from lumyx.bench import (
    accounting,
    demands,
    first_byte,
    gateways,
    growth,
    machine,
    memory,
    paced,
    pages,
    throughput,
    workers,
)
from lumyx.bench.ground import Ground, lay, say
from lumyx.bench.measure import Bench
from lumyx.bench.processes import ROOT
from lumyx.bench.report import FILE, Report
from lumyx.bench.table import Table
from lumyx.local import LocalError
from lumyx.local.processes import (
    Stopped,
    adopt_orphans,
    die_with_make,
    end_descendants,
    ignore_stop,
    on_stop,
    raise_stopped,
)

CONNECTIONS = 128
"""Enough that the worker is busy rather than waiting for the disk of PostgreSQL."""
SECTIONS: dict[str, Callable[[Ground, argparse.Namespace], Table]] = {
    "whole": lambda ground, options: throughput.measure(ground, "whole"),
    "stream": lambda ground, options: throughput.measure(ground, "stream"),
    "first-byte": lambda ground, options: first_byte.measure(ground),
    "paced": lambda ground, options: paced.measure(ground, turns=options.turns),
    "memory": lambda ground, options: memory.measure(ground),
    "workers": lambda ground, options: workers.measure(ground),
    "engines": lambda ground, options: demands.measure(ground),
    "dialects": lambda ground, options: throughput.measure_dialects(ground),
}
GROWTH = "growth"
"""Comes last, once all else has ended: it has engines of its own."""
GROWTH_SECONDS, FILL_LEAST = 150, 30
"""What its measuring takes besides the writing of log rows, and the least for these."""


def main() -> int:
    """Run the bench; return 1 where an answer or the books were wrong."""
    if sys.argv[1:2] == ["pages"]:
        return pages.main(sys.argv[2:])
    options = read_options()
    if not accounting.PROC.joinpath("self/stat").exists():
        print("make bench reads /proc, which only Linux has.", file=sys.stderr)
        return 1
    # A signal leaves through the exits of the `with` blocks, which stop every server; whatever
    # one of these left behind is ended after them.
    on_stop(raise_stopped)
    die_with_make()
    adopt_orphans()
    began = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="lumyx-bench-") as directory:
            bench = Bench(Path(directory), options.rounds, options.seconds, options.connections)
            return run(bench, options)
    except LocalError as error:
        print(f"The bench could not be run. {error}", file=sys.stderr)
        return 1
    except Stopped:
        return 130
    finally:
        ignore_stop()
        end_descendants()
        say(f"took {time.monotonic() - began:.0f} s")


def read_options() -> argparse.Namespace:
    """Return what the command line asks for."""
    names = [peer.name for peer in gateways.PEERS]
    parser = argparse.ArgumentParser(prog="python -m lumyx.bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3, help="of each run of load")
    parser.add_argument("--connections", type=int, default=CONNECTIONS)
    parser.add_argument("--turns", type=int, default=2, help="paced streams one after the other")
    parser.add_argument("--rows", type=int, default=10_000_000, help="of the log, for its growth")
    parser.add_argument(
        "--minutes", type=float, default=15, help="what is left of them goes to writing log rows"
    )
    parser.add_argument(
        "--only",
        action="append",
        choices=[*SECTIONS, GROWTH],
        help="measure this section alone; can be given more than once",
    )
    parser.add_argument(
        "--peers", nargs="*", default=names, choices=names, help="measure these alone"
    )
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    options = parser.parse_args()
    if options.write and (options.only or options.peers != names):
        parser.error("--write is for a whole run: leave --only and --peers away")
    return options


def run(bench: Bench, options: argparse.Namespace) -> int:
    """Start everything, measure it, check the books and print the tables."""
    began, load = time.monotonic(), machine.load_average()
    sections = options.only or [*SECTIONS, GROWTH]
    with contextlib.ExitStack() as stack:
        ground = lay(stack, bench, peers=options.peers)
        report = Report(ground, load_at_start=load)
        for name, measure in SECTIONS.items():
            if name in sections:
                attempt(report, name, lambda: measure(ground, options))  # noqa: B023  called at once
        say("reading the books")
        ground.gateways_stack.close()
        report.books = settle_up(ground)
        if GROWTH in sections:
            spent = time.monotonic() - ground.laid_at
            left = max(FILL_LEAST, 60 * options.minutes - spent - GROWTH_SECONDS)
            attempt(report, GROWTH, lambda: grow(ground, rows=options.rows, fill_seconds=left))
    report.took = time.monotonic() - began
    print(f"\n{report.text()}\n")
    for line in [*report.books, *(f"WRONG: {failure}" for failure in bench.failures)]:
        print(line)
    if options.write:
        report.write()
        print(f"wrote {FILE.relative_to(ROOT)}")
    return 1 if bench.failures else 0


def attempt(report: Report, name: str, measure: Callable[[], Table]) -> None:
    """Measure one section; where that fails, the others are measured all the same."""
    try:
        table = measure()
        report.tables.append(table)
        say(f"\n{table.text()}\n")  # A run that is stopped has shown what it found.
    except (LocalError, OSError) as error:
        say(f"{name} could not be measured:\n{error}")
        text = f"{name} could not be measured: {gateways.shortened(error)}"
        report.ground.bench.failures.append(text)


def grow(ground: Ground, *, rows: int, fill_seconds: float) -> Table:
    """Measure the growth of costs."""
    return growth.measure(
        ground.bench, ground.mocks, ground.figures, rows=rows, fill_seconds=fill_seconds
    )


def settle_up(ground: Ground) -> list[str]:
    """Return the state of the books once LumyxAI has stopped, and note what is wrong with them."""
    bench, found = ground.bench, ground.deployment.check_books()
    bench.failures += [f"broken: {sentence}" for sentence in found["violations"]]
    if found["ledger"] != found["balance"] or found["open_holds"]:
        bench.failures.append("the books are wrong")
    if found["charges"] < bench.answered:
        bench.failures.append(f"{bench.answered - found['charges']} answers were not charged")
    return [
        f"charges: {found['charges']:,} for {bench.answered:,} whole answers and those cut short",
        f"sum of the ledger {found['ledger']:,}, of the balances {found['balance']:,}",
        f"open holds: {found['open_holds']}",
        f"broken invariants: {len(found['violations'])}",
    ]


if __name__ == "__main__":
    sys.exit(main())
