"""Measure how long the pages of an account take that makes very many calls.

    python -m lumyx.bench pages --rows 1000000

The rows are one account's, over 30 days, and as many are its neighbours'. Each page is asked
for by its owner, that of the back office by staff, one at a time, from a web worker on loopback:
the times are from the request to the last byte. A cold page finds nothing added up in Redis, a
warm one all that is kept there. The CPU time, of a warm page, is that of the worker and of
PostgreSQL: where other work keeps the machine busy it says more than the times do.
"""

import argparse
import contextlib
import http.client
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import redis

from lumyx.bench import accounting
from lumyx.bench.calls import RARE_MODEL, RARE_STATUS
from lumyx.bench.deployment import run_module, web_environment
from lumyx.bench.processes import serving, web
from lumyx.local import LocalError, engines, secrets
from lumyx.local.processes import Stopped, free_port, on_stop, raise_stopped

TARGET_MS = 100
OFFICE_TARGET_MS = 500
OFFICE = "/admin/"
TURNS = 40
HEADINGS = (
    "\n"
    + f"{'milliseconds':34}"
    + "".join(
        f"{words:>10}" for words in ("cold p50", "p95", "warm p50", "p95", "CPU web", "CPU PG")
    )
)


def main(arguments: list[str]) -> int:
    """Run the bench of pages; return 1 where an answer was not what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m lumyx.bench pages", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--turns", type=int, default=TURNS, help="how often each page is asked for")
    parser.add_argument("--only", default="", help="only the pages whose name has this in it")
    options = parser.parse_args(arguments)
    on_stop(raise_stopped)
    try:
        with (
            tempfile.TemporaryDirectory(prefix="lumyx-bench-") as directory,
            contextlib.ExitStack() as stack,
        ):
            deployed = deploy(stack, Path(directory), options.rows)
            measure(*deployed, turns=options.turns, only=options.only)
            return 0
    except LocalError as error:
        print(f"The bench could not be run. {error}", file=sys.stderr)
        return 1
    except Stopped:
        return 130


def deploy(
    stack: contextlib.ExitStack, directory: Path, rows: int
) -> tuple[int, str, Any, list[int]]:
    """Start the engines and a web worker, and write the calls; return how to ask, and whom."""
    made = secrets.make()
    own = stack.enter_context(engines.running(directory / "engines", passwords=made))
    port = free_port()
    environment = web_environment(made, own, port)
    began = time.monotonic()
    print(f"bench: writing {2 * rows:,} calls", file=sys.stderr, flush=True)
    asked = run_module(environment, "lumyx.bench.calls", str(rows))
    print(f"bench: took {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    command = web(port)
    log = directory / "web.log"
    served = stack.enter_context(serving(command, port=port, log=log, environment=environment))
    return port, own.redis_url, asked, [served.pid, own.postgresql_pid]


def pages(asked: Any) -> dict[str, str]:
    """Return what is asked for, by what it is."""
    day = (datetime.now(UTC) - timedelta(days=25)).date()
    return {
        "usage, newest": "/usage",
        "usage, deep": f"/usage?cursor={asked['deep']}",
        "usage, last hour": "/usage?range=1h",
        "usage, a day long ago": f"/usage?from={day}&to={day}",
        "usage, a common model": "/usage?model=bench-1",
        "usage, a rare model": f"/usage?model={RARE_MODEL}",
        "usage, no such model": "/usage?model=nope",
        "usage, a rare status": f"/usage?status={RARE_STATUS}",
        "usage, errors": "/usage?status=error",
        "usage, a key": f"/usage?key={asked['key']}",
        "usage, an endpoint": "/usage?endpoint=responses",
        "usage, no such endpoint": "/usage?endpoint=embeddings",
        "usage, estimated": "/usage?charge_basis=estimated",
        "usage, not streamed": "/usage?streamed=false",
        "usage, a key's 504s, unstreamed": f"/usage?key={asked['key']}&status=504&streamed=false",
        "usage, rare model, deep": f"/usage?model={RARE_MODEL}&cursor={asked['deep']}",
        "usage, totals": "/usage/totals",
        "usage, totals of two filters": f"/usage/totals?key={asked['key']}&model=bench-1",
        "usage, new calls": "/usage/new?seen=0",
        "a call": f"/usage/req_{asked['call']}",
        "dashboard": "/dashboard",
        "dashboard, live part": "/dashboard/live",
        "dashboard, tokens by key": "/dashboard?chart=tokens&by=key",
        "keys": "/keys",
        "the back office’s home": OFFICE,
    }


def measure(
    port: int, redis_url: str, asked: Any, pids: list[int], *, turns: int, only: str
) -> None:
    """Ask for each page, first with nothing added up, then again and again, and print it."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def ask(path: str) -> float:
        began = time.perf_counter()
        who = "staff" if path.startswith(OFFICE) else "cookie"
        connection.request("GET", path, headers={"Cookie": asked[who]})
        answer = connection.getresponse()
        body = answer.read()
        took = (time.perf_counter() - began) * 1_000
        if answer.status not in (200, 204):
            raise LocalError(f"{path} was answered with {answer.status}:\n{body[:500]!r}")
        return took

    with redis.Redis.from_url(redis_url) as client:
        forget = _forgetting(client)
        found = {name: path for name, path in pages(asked).items() if only in name}
        for path in found.values():
            ask(path)
        print(HEADINGS)
        for name, path in found.items():
            cold = [(forget(), ask(path))[1] for _ in range(max(8, turns // 4))]
            _warm(ask)
            before = [accounting.cpu_seconds(pid) for pid in pids]
            warm = [ask(path) for _ in range(turns)]
            used = [accounting.cpu_seconds(pid) - s for pid, s in zip(pids, before, strict=True)]
            line = (*_points(cold), *_points(warm), *(1_000 * s / turns for s in used))
            target = OFFICE_TARGET_MS if path.startswith(OFFICE) else TARGET_MS
            beyond = "  beyond the target" if max(line[1], line[3]) > target else ""
            print(f"{name:34}" + "".join(f"{ms:10.0f}" for ms in line) + beyond)
        if only:
            return
        forget()
        began, looks = time.perf_counter(), 1
        while ask("/usage/totals") and not _whole(connection, asked):
            looks += 1
        seconds = time.perf_counter() - began
        print(f"\nadding up all of it, cold: {seconds:.1f} s in {looks} looks")


def _forgetting(client: "redis.Redis") -> Callable[[], None]:
    def forget() -> None:
        for key in client.scan_iter(match="*tally:*", count=1_000):
            client.delete(key)

    return forget


def _warm(ask: Callable[[str], float]) -> None:
    for _ in range(60):
        ask("/usage/totals")


def _whole(connection: http.client.HTTPConnection, asked: Any) -> bool:
    connection.request("GET", "/usage/totals", headers={"Cookie": asked["cookie"]})
    return b"Adding up" not in connection.getresponse().read()


def _points(times: list[float]) -> tuple[float, float]:
    ordered = sorted(times)
    return ordered[len(ordered) // 2], ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
