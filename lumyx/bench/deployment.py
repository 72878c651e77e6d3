"""Put up what the bench measures: the mocks, the floor, and LumyxAI with engines of its own."""

import contextlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lumyx.bench import nginx
from lumyx.bench.processes import ROOT, serving, uvicorn
from lumyx.local import LocalError, engines, secrets
from lumyx.local.processes import environment_for_children, free_port


@dataclass(frozen=True)
class Mocks:
    """The mock providers: a fast one, and one that paces its streams."""

    name: str
    fast: str
    paced: str


@dataclass(frozen=True)
class Deployment:
    """LumyxAI as it runs, with the keys to call it and the root process of each part."""

    url: str
    keys: list[str]
    parts: dict[str, int]
    environment: dict[str, str]
    stop: Callable[[], None]

    def check_books(self) -> dict[str, Any]:
        """Return what `lumyx.bench.books check` finds."""
        found: dict[str, Any] = _books(self.environment, "check")
        return found


def serve_mocks(stack: contextlib.ExitStack, directory: Path) -> Mocks:
    """Start the mock providers."""
    paced, fast = free_port(), free_port()
    bundled = [sys.executable, "-m", "lumyx.bench.bundled_mock"]
    stack.enter_context(
        serving([*bundled, str(paced)], port=paced, log=directory / "paced-mock.log")
    )
    binary = nginx.find()
    command = [*bundled, str(fast)]
    if binary is not None:
        command = nginx.command(binary, port=fast, directory=directory)
    stack.enter_context(serving(command, port=fast, log=directory / "mock.log"))
    return Mocks(
        "nginx" if binary else "bundled", f"http://127.0.0.1:{fast}", f"http://127.0.0.1:{paced}"
    )


@contextlib.contextmanager
def serving_floor(directory: Path, *, upstream: str) -> Iterator[tuple[str, int]]:
    """Run the do-nothing floor; give its URL and process id."""
    port = free_port()
    with serving(
        uvicorn("lumyx.bench.floor:application", port),
        port=port,
        log=directory / "floor.log",
        environment={"BENCH_UPSTREAM": upstream},
    ) as process:
        yield f"http://127.0.0.1:{port}", process.pid


def deploy(stack: contextlib.ExitStack, directory: Path, mocks: Mocks) -> Deployment:
    """Start PostgreSQL, Valkey and one web worker with everything on."""
    made = secrets.make()
    own = stack.enter_context(engines.running(directory / "engines", passwords=made))
    port = free_port()
    environment = web_environment(made, own, port)
    # A stack of its own, so that the web process can be drained before the books are read.
    web = stack.enter_context(contextlib.ExitStack())
    # Both import all of Django, which takes seconds: side by side they take half of them.
    with ThreadPoolExecutor(1) as thread:
        prepared = thread.submit(_books, environment, "prepare", mocks.fast, mocks.paced)
        process = web.enter_context(
            serving(
                uvicorn("lumyx.asgi:application", port),
                port=port,
                log=directory / "web.log",
                environment=environment,
            )
        )
        keys: list[str] = prepared.result()["keys"]
    return Deployment(
        url=f"http://127.0.0.1:{port}",
        keys=keys,
        parts={"web": process.pid, "PostgreSQL": own.postgresql_pid, "Valkey": own.valkey_pid},
        environment=environment,
        stop=web.close,
    )


def web_environment(made: Mapping[str, str], own: engines.Engines, port: int) -> dict[str, str]:
    """Return the settings of a web worker on engines of its own."""
    return {
        "DEBUG": "0",
        # A provider on loopback is allowed only with this on; the API path does not look at it.
        "STANDINS": "1",
        **{name: made[name] for name in secrets.SERVICE},
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "DATABASE_URL": own.database_url,
        "REDIS_URL": own.redis_url,
    }


def _books(environment: dict[str, str], *arguments: str) -> Any:
    return run_module(environment, "lumyx.bench.books", *arguments)


def run_module(environment: dict[str, str], module: str, *arguments: str) -> Any:
    """Run a module with these settings, and return the JSON that it prints."""
    return json.loads(_run(environment, "-m", module, *arguments))


def _run(environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment_for_children() | environment,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise LocalError(done.stderr[-2_000:])
    return done.stdout
