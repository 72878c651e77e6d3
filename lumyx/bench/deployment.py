"""Put up what the bench measures: the mocks, the floor, and LumyxAI with engines of its own."""

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lumyx.bench import nginx
from lumyx.bench.books import MODELS
from lumyx.bench.processes import ROOT, serving, web
from lumyx.local import LocalError, engines, secrets
from lumyx.local.processes import die_with_parent_at_start, environment_for_children, free_port

PACED = ("paced", "held")
"""The kinds of load whose chunks come one by one."""


@dataclass(frozen=True)
class Mocks:
    """The mock providers: a fast one, and one that paces its streams."""

    name: str
    fast: str
    paced: str

    def base(self, kind: str) -> str:
        """Return the one that answers a kind of load."""
        return self.paced if kind in PACED else self.fast

    def url(self, kind: str) -> str:
        """Return the base URL of the API for a kind of load."""
        return f"{self.base(kind)}/{kind}"


@dataclass(frozen=True)
class Deployment:
    """LumyxAI's engines with the bench's books on them, and the keys to call it."""

    keys: list[str]
    engines: dict[str, int]
    environment: dict[str, str]
    directory: Path

    @contextlib.contextmanager
    def web(self, *, workers: int = 1) -> Iterator[tuple[str, dict[str, int]]]:
        """Run a web process; give its URL and the root process of each part."""
        port = free_port()
        with serving(
            web(port, workers=workers),
            port=port,
            log=self.directory / f"web-{port}.log",
            environment=self.environment | {"PUBLIC_URL": f"http://127.0.0.1:{port}"},
        ) as process:
            yield f"http://127.0.0.1:{port}", {"web": process.pid, **self.engines}

    def run(self, module: str, *arguments: str) -> Any:
        """Run a module on these engines, and return the JSON that it prints."""
        return run_module(self.environment, module, *arguments)

    def check_books(self) -> dict[str, Any]:
        """Return what `lumyx.bench.books check` finds."""
        found: dict[str, Any] = self.run("lumyx.bench.books", "check")
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


def deploy(stack: contextlib.ExitStack, directory: Path, mocks: Mocks) -> Deployment:
    """Start PostgreSQL and Valkey, and write the books."""
    made = secrets.make()
    own = stack.enter_context(engines.running(directory / "engines", passwords=made))
    environment = web_environment(made, own, free_port())
    prepared = run_module(
        environment, "lumyx.bench.books", "prepare", *(mocks.url(kind) for kind in MODELS.values())
    )
    return Deployment(
        keys=prepared["keys"],
        engines={"PostgreSQL": own.postgresql_pid, "Valkey": own.valkey_pid},
        environment=environment,
        directory=directory,
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
        preexec_fn=die_with_parent_at_start,
    )
    if done.returncode:
        raise LocalError(done.stderr[-2_000:])
    return done.stdout
