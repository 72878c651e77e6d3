"""Measure LumyxAI, as it is deployed, beside an ASGI app that only forwards.

    python -m lumyx.bench

Both have one worker and the same mock provider, and take turns in the same run. The ratio
is the result; absolute figures move with the machine. Everything runs on loopback.

With `pages` as the first word the pages of a busy account are measured instead.
"""

import argparse
import contextlib
import sys
import tempfile
import time
from pathlib import Path

from lumyx.bench import accounting, load, pages, table
from lumyx.bench.deployment import Deployment, deploy, serve_mocks, serving_floor
from lumyx.bench.load import Target
from lumyx.bench.measure import Bench, Run, Subject
from lumyx.local import LocalError
from lumyx.local.processes import Stopped, on_stop, raise_stopped

CHAT = "/chat/completions"
KINDS = {
    "whole": "Chat completion",
    "stream": "Stream of 100 chunks, all at once",
    "paced": "Stream of 100 chunks, 50 a second",
}
ASKED = "Say the same words each time, please."
TURNS = [{"role": "user", "content": ASKED}]
TRANSLATED: dict[str, tuple[str, dict[str, object]]] = {
    "Messages, forwarded": (
        "/messages",
        {"model": "bench-anthropic", "messages": TURNS, "max_tokens": 1_000},
    ),
    "Messages from OpenAI's": (
        "/messages",
        {"model": "bench-stream", "messages": TURNS, "max_tokens": 1_000},
    ),
    "chat from Anthropic's": (CHAT, {"model": "bench-anthropic", "messages": TURNS}),
    "Responses from OpenAI's": ("/responses", {"model": "bench-stream", "input": ASKED}),
    "Responses from Anthropic's": ("/responses", {"model": "bench-anthropic", "input": ASKED}),
}
CONNECTIONS = 128
"""Enough that the worker is busy rather than waiting for the disk of PostgreSQL."""
PACED_CONNECTIONS = 50
PACED_SECONDS = 4


def main() -> int:
    """Run the bench; return 1 where an answer or the books were wrong."""
    if sys.argv[1:2] == ["pages"]:
        return pages.main(sys.argv[2:])
    parser = argparse.ArgumentParser(prog="python -m lumyx.bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3, help="of each run of load")
    parser.add_argument("--connections", type=int, default=CONNECTIONS)
    options = parser.parse_args()
    if not accounting.PROC.joinpath("self/stat").exists():
        print("make bench reads /proc, which only Linux has.", file=sys.stderr)
        return 1
    # A signal leaves through the exits of the `with` blocks, which stop every server.
    on_stop(raise_stopped)
    began = time.monotonic()
    try:
        with (
            tempfile.TemporaryDirectory(prefix="lumyx-bench-") as directory,
            contextlib.ExitStack() as stack,
        ):
            bench = Bench(Path(directory), options.rounds, options.seconds, options.connections)
            return run(stack, bench)
    except LocalError as error:
        print(f"The bench could not be run. {error}", file=sys.stderr)
        return 1
    except Stopped:
        return 130
    finally:
        say(f"took {time.monotonic() - began:.0f} s")


def say(text: str) -> None:
    """Show progress."""
    print(f"bench: {text}", file=sys.stderr, flush=True)


def run(stack: contextlib.ExitStack, bench: Bench) -> int:
    """Start everything, measure it, print the table and check the books."""
    say("starting PostgreSQL, Valkey, the mock provider, the floor and LumyxAI")
    mocks = serve_mocks(stack, bench.directory)
    lumyx = deploy(stack, bench.directory, mocks)
    rows = {}
    for kind in KINDS:
        upstream = mocks.paced if kind == "paced" else mocks.fast
        with serving_floor(bench.directory, upstream=upstream) as floor:
            subjects = subjects_of(kind, upstream, floor, lumyx)
            rows[kind] = MEASURES[kind](bench, subjects)
    translated = measure_translations(bench, lumyx)
    say("reading the books")
    load_from = f"load from {load.tool()} on {bench.connections} connections"
    print(f"\nOne worker each; {load_from}; mock provider: {mocks.name};")
    print(f"medians of {bench.rounds} rounds of {bench.seconds} s, floor and LumyxAI in turn.")
    print("CPU in milliseconds per call; latencies of one call at a time.\n")
    sections = [(KINDS[kind], rows[kind]) for kind in KINDS]
    sections.append(("Stream of 100 chunks in another dialect, all at once", translated))
    print(table.render(sections))
    print(f"\nrequests/s of the floor's: {rows['whole'][-1].of_floor() or 0:.0%} (target: 40 %)")
    print(f"CPU of a 100-chunk stream: {rows['stream'][-1].cpu('web') or 0:.2f} ms (target: 2 ms)")
    dearest = max(row.cpu("web") or 0 for row in translated)
    print(f"CPU of a translated one: {dearest:.2f} ms at the most (target: 5 ms)")
    return settle_up(bench, lumyx)


def subjects_of(
    kind: str, upstream: str, floor: tuple[str, int], lumyx: Deployment
) -> list[Subject]:
    """Return what is measured under one kind of load: the mock itself, the floor, LumyxAI."""
    body: dict[str, object] = {
        "model": f"bench-{kind}",
        "messages": TURNS,
        "stream": kind != "whole",
    }
    floor_url, floor_pid = floor
    ours = Target(kind, f"{lumyx.url}/api/v1{CHAT}", body, keys=lumyx.keys)
    return [
        Subject("mock, direct", Target(kind, f"{upstream}/{kind}{CHAT}", body)),
        Subject("floor", Target(kind, f"{floor_url}/{kind}{CHAT}", body), {"web": floor_pid}),
        Subject("LumyxAI", ours, lumyx.parts),
    ]


def measure(bench: Bench, subjects: list[Subject]) -> list[table.Row]:
    """Measure the rate in rounds of full load, then the latency of one call at a time."""
    kind = subjects[0].target.name
    say(f"{KINDS[kind]}: {bench.rounds} rounds")
    for subject in subjects[1:]:
        bench.run(subject, connections=bench.connections, seconds=1)
    found = bench.interleave(subjects[1:])
    memory = {s.name: accounting.memory_bytes(s.parts["web"]) for s in subjects[1:]}
    direct = bench.run(subjects[0], connections=bench.connections, seconds=1)
    alone = {s.name: bench.run(s, connections=1, seconds=1).result for s in subjects}
    return [
        table.Row(
            subject.name,
            found.get(subject.name, [direct]),
            floor=found["floor"] if subject.name == "LumyxAI" else (),
            alone=alone[subject.name],
            direct=alone[subjects[0].name],
            memory=memory.get(subject.name),
        )
        for subject in subjects
    ]


def measure_paced(bench: Bench, subjects: list[Subject]) -> list[table.Row]:
    """Measure the CPU of streams whose chunks come one by one."""
    say(f"{KINDS['paced']}: {PACED_CONNECTIONS} streams together")
    rows = []
    for subject in subjects[1:]:
        paced: Run = bench.run(subject, connections=PACED_CONNECTIONS, seconds=PACED_SECONDS)
        memory = accounting.memory_bytes(subject.parts["web"])
        rows.append(table.Row(subject.name, [paced], memory=memory, by_time=True))
    return rows


def measure_translations(bench: Bench, lumyx: Deployment) -> list[table.Row]:
    """Measure streams that come in one dialect and go out in another."""
    say("streams in another dialect")
    rows = []
    for name, (path, body) in TRANSLATED.items():
        target = Target(name, f"{lumyx.url}/api/v1{path}", body | {"stream": True}, lumyx.keys)
        subject = Subject("LumyxAI", target, lumyx.parts)
        bench.run(subject, connections=bench.connections, seconds=1)
        run = bench.run(subject, connections=bench.connections, seconds=bench.seconds)
        rows.append(table.Row(name, [run]))
    return rows


MEASURES = {"whole": measure, "stream": measure, "paced": measure_paced}


def settle_up(bench: Bench, lumyx: Deployment) -> int:
    """Stop LumyxAI and print the state of the books; return 1 where anything was wrong."""
    lumyx.stop()
    found = lumyx.check_books()
    answered = bench.answered["LumyxAI"]
    print(f"answers with status 200: {'all' if not bench.failures else 'NOT ALL'}")
    print(f"charges: {found['charges']:,} for {answered:,} whole answers and those cut at the end")
    print(f"sum(ledger) {found['ledger']:,} = balance {found['balance']:,}", end="; ")
    print(f"open holds: {found['open_holds']}")
    problems = [*bench.failures, *(f"broken: {sentence}" for sentence in found["violations"])]
    if found["ledger"] != found["balance"] or found["open_holds"]:
        problems.append("the books are wrong")
    if found["charges"] < answered:
        problems.append(f"{answered - found['charges']} answers were not charged")
    for problem in problems:
        print(f"WRONG: {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
