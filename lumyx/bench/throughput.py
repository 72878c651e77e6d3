"""How many calls a second, what each costs, and what it adds to one call at a time."""

from lumyx.bench import accounting
from lumyx.bench.gateways import ASKED, CHAT, TURNS
from lumyx.bench.ground import Ground, say
from lumyx.bench.load import Result, Target
from lumyx.bench.measure import (
    OURS,
    Run,
    Subject,
    median_cpu,
    median_rate,
    ratio,
)
from lumyx.bench.table import Table, number, rate, times

TITLES = {"whole": "Chat completion, unstreamed", "stream": "Stream of 100 chunks, all at once"}
HEADINGS = (
    *("", "calls/s", "LumyxAI's is", "web CPU ms", "PostgreSQL ms", "Valkey ms"),
    *("added p50 ms", "added p99 ms", "web MB"),
)
NOTE = (
    "CPU is per call, of each whole process tree. Added: one call at a time, less the same call "
    "to the mock provider."
)


def measure(ground: Ground, kind: str) -> Table:
    """Measure every gateway in rounds of full load, then one call at a time."""
    bench, subjects = ground.bench, ground.subjects(kind)
    say(f"{TITLES[kind]}: {bench.rounds} rounds of {len(subjects)}")
    direct = ground.direct(kind)
    for subject in subjects:
        bench.run(subject, connections=bench.most(subject), seconds=1)
    alone = {s.name: bench.run(s, connections=1, seconds=1).result for s in (direct, *subjects)}
    found = bench.interleave(subjects, {s.name: bench.size(s) for s in subjects})
    memory = {s.name: accounting.memory_bytes(s.parts["web"]) for s in subjects}
    most = bench.run(direct, connections=bench.connections, seconds=1)
    rows = [[direct.name, rate(most.rate), *[""] * 7]]
    for subject in subjects:
        name, runs = subject.name, found[subject.name]
        share = ratio(found[OURS], runs)
        ground.figures[f"{kind} × {name}"] = share
        ground.figures[f"{kind} CPU {name}"] = median_cpu(runs, "web")
        rows.append(
            [
                name,
                rate(median_rate(runs)),
                "" if name == OURS else times(share),
                *costs(runs),
                *_added(alone[name], alone[direct.name]),
                number(memory[name] / 2**20),
            ]
        )
    return Table(TITLES[kind], HEADINGS, rows, NOTE)


def costs(runs: list[Run]) -> list[str]:
    """Return the CPU of each part per call as text."""
    return [number(median_cpu(runs, part), 2) for part in ("web", "PostgreSQL", "Valkey")]


def _added(alone: Result, direct: Result) -> list[str]:
    if not alone.requests:
        return ["", ""]
    return [
        number(alone.p50_ms - direct.p50_ms, 2),
        number(max(0.0, alone.p99_ms - direct.p99_ms), 2),
    ]


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


def measure_dialects(ground: Ground) -> Table:
    """Measure streams that come in one dialect and go out in another."""
    say("streams in another dialect")
    bench, ours = ground.bench, ground.ours()
    rows, dearest = [], 0.0
    for name, (path, body) in TRANSLATED.items():
        target = Target(
            name, f"{ours.url}/api/v1{path}", body | {"stream": True}, ground.deployment.keys
        )
        subject = Subject(OURS, target, ours.parts)
        bench.run(subject, connections=bench.connections, seconds=1)
        run = bench.run(subject, connections=bench.connections, seconds=bench.seconds)
        dearest = max(dearest, run.cpu_ms("web") or 0)
        rows.append([name, rate(run.rate), *costs([run])])
    ground.figures["translated CPU"] = dearest or None
    title = "Stream of 100 chunks in another dialect, all at once"
    return Table(title, ("LumyxAI", "streams/s", *HEADINGS[3:6]), rows)
