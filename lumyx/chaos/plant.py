"""Put up what is to be broken: engines that restart, web processes, a worker and providers."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import django

from lumyx.bench.processes import serving
from lumyx.local import LocalError, secrets
from lumyx.local.homes import open_home
from lumyx.local.postgresql import PostgreSQL
from lumyx.local.processes import free_port
from lumyx.local.valkey import Valkey

NODES = 2
"""Web processes, each on a port of its own."""
STANDIN_KEY = "chaos"
PYTHON = [sys.executable, "-m"]


@dataclass(frozen=True)
class Node:
    """One web process; after a kill it is another one at the same port."""

    port: int
    place: Path

    @property
    def url(self) -> str:
        """Where it is reached."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def api(self) -> str:
        """Where its API is reached."""
        return f"{self.url}/api/v1"

    @property
    def pid(self) -> int:
        """The id of the process that serves now."""
        return int(self.place.with_suffix(".pid").read_text())

    def kill(self) -> None:
        """Kill the process, and wait until another serves."""
        killed = self.pid
        os.kill(killed, signal.SIGKILL)
        wait_for(lambda: self.pid != killed, seconds=20, what="another web process")

    def tasks(self) -> int:
        """Return how many asyncio tasks the process has."""
        said = self.place.with_suffix(".tasks")
        said.unlink(missing_ok=True)
        os.kill(self.pid, signal.SIGUSR1)
        wait_for(said.exists, seconds=10, what="the number of tasks")
        return int(said.read_text())


@dataclass
class Plant:
    """All that runs, and where it is."""

    directory: Path
    environment: dict[str, str]
    postgresql: PostgreSQL
    valkey: Valkey
    mock: str
    standin: str
    nodes: list[Node] = field(default_factory=list)

    @property
    def provider_ports(self) -> set[int]:
        """The ports of the two providers."""
        return {int(url.rpartition(":")[2].partition("/")[0]) for url in (self.mock, self.standin)}

    @contextlib.contextmanager
    def web(
        self,
        *,
        nodes: int = NODES,
        settings: Mapping[str, str] | None = None,
        log: Path | None = None,
    ) -> Iterator[list[Node]]:
        """Run web processes with settings of their own for the length of a `with` block."""
        ports = [free_port() for _ in range(nodes)]
        directory = self.directory / f"web-{ports[0]}"
        directory.mkdir()
        with serving(
            [*PYTHON, "lumyx.chaos.preloaded", str(directory), *map(str, ports)],
            port=ports[0],
            log=log or directory / "log",
            environment=self.environment | dict(settings or {}),
        ):
            made = [Node(port, directory / str(port)) for port in ports]
            wait_for(
                lambda: all(node.place.with_suffix(".pid").exists() for node in made),
                seconds=30,
                what="the web processes",
            )
            yield made

    @contextlib.contextmanager
    def worker(self) -> Iterator[subprocess.Popen[bytes]]:
        """Run a Celery worker for the length of a `with` block."""
        command = [*PYTHON, "celery", "--quiet", "--app", "lumyx", "worker", "--concurrency=1"]
        command += ["--without-gossip", "--without-mingle", "--loglevel=WARNING"]
        with (self.directory / "worker.log").open("ab") as log:
            process = subprocess.Popen(
                command,
                env={**os.environ, **self.environment},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


@contextlib.contextmanager
def running(directory: Path) -> Iterator[Plant]:
    """Run the engines, the providers and the web processes, and set Django up for this process."""
    made = secrets.make()
    logs = directory / "log"
    logs.mkdir()
    with contextlib.ExitStack() as stack:
        home = stack.enter_context(open_home(directory / "engines", keep=False))
        postgresql = PostgreSQL(
            home,
            log=logs / "postgresql.log",
            admin_password=made["POSTGRESQL_ADMIN_PASSWORD"],
            password=made["POSTGRESQL_PASSWORD"],
            durable=True,
        )
        valkey = Valkey(
            home, log=logs / "valkey.log", password=made["VALKEY_PASSWORD"], durable=True
        )
        stack.enter_context(postgresql.running())
        stack.enter_context(valkey.running())
        environment = {
            "DEBUG": "0",
            # Providers on loopback are allowed only with this on.
            "STANDINS": "1",
            **{name: made[name] for name in secrets.SERVICE},
            "PUBLIC_URL": "http://127.0.0.1",
            "ALLOWED_HOSTS": "127.0.0.1,localhost,testserver",
            "DATABASE_URL": postgresql.url,
            "REDIS_URL": valkey.url,
            "CLIENT_STALL_SECONDS": "20",
        }
        os.environ.update(environment, DJANGO_SETTINGS_MODULE="lumyx.settings")
        django.setup()
        mock, standin = free_port(), free_port()
        plant = Plant(
            directory,
            environment,
            postgresql,
            valkey,
            mock=f"http://127.0.0.1:{mock}",
            standin=f"http://127.0.0.1:{standin}/v1",
        )
        # Its imports need Django, which is set up only now.
        from lumyx.chaos import books

        # What starts imports all of Django as well, which takes seconds: side by side with this.
        with ThreadPoolExecutor(1) as thread:
            prepared = thread.submit(books.prepare, plant.mock, plant.standin)
            _serve(stack, "lumyx.bench.bundled_mock", logs, mock, str(mock))
            _serve(stack, "lumyx.standins.provider", logs, standin, f"--port={standin}")
            plant.nodes = stack.enter_context(plant.web())
            prepared.result()
        yield plant


def _serve(stack: contextlib.ExitStack, module: str, logs: Path, port: int, argument: str) -> None:
    command = [*PYTHON, module, argument]
    environment = {"STANDIN_PROVIDER_KEY": STANDIN_KEY}
    log = logs / f"{module}.log"
    stack.enter_context(serving(command, port=port, log=log, environment=environment))


def wait_for(true: Callable[[], bool], *, seconds: float, what: str) -> float:
    """Wait until something is true, and return how long that took."""
    began = time.monotonic()
    while not true():
        if time.monotonic() - began > seconds:
            raise LocalError(f"waited {seconds:.0f} s in vain for {what}")
        time.sleep(0.01)
    return time.monotonic() - began
