"""Real processes for tests: a web server and the provider stand-in, on free ports."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO

import redis
import requests
from django.conf import settings

ROOT = Path(__file__).resolve().parent.parent


def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(
    true: Callable[[], bool], *, seconds: float, what: str = "it", seen: Callable[[], str] = str
) -> None:
    """Wait until something is true, and fail where it never is; `seen` says what was there."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"waited in vain for {what} {seen()}"
        time.sleep(0.02)


class Process:
    """A process of ours, and the file that its output goes to."""

    def __init__(self, arguments: list[str], *, environment: Mapping[str, str]) -> None:
        self.output: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  read after the end
        self._popen = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=self.output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self._popen.pid

    @property
    def ended(self) -> bool:
        """Whether the process is over."""
        return self._popen.poll() is not None

    def wait_for(self, url: str) -> None:
        """Wait until the process answers at a URL."""

        def up() -> bool:
            assert self._popen.poll() is None, self.text()
            try:
                return requests.get(url, timeout=2).ok
            except requests.RequestException:
                return False

        wait_until(up, seconds=40, what=url)

    def stop(self) -> None:
        """End the process and its children."""
        if self._popen.poll() is None:
            self._popen.send_signal(signal.SIGTERM)
            try:
                self._popen.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(self._popen.pid, signal.SIGKILL)
                self._popen.wait()
        self.output.close()

    def text(self) -> str:
        """Return what the process has printed."""
        self.output.seek(0)
        return self.output.read().decode("utf-8", "replace")


class Server(Process):
    """LumyxAI's web server, as `make run` starts it; the options go to it."""

    app = "lumyx.asgi:application"

    def __init__(
        self,
        *options: str,
        environment: Mapping[str, str],
        workers: int = 2,
        up: str = "/readyz",
        port: int = 0,
    ) -> None:
        port = port or free_port()
        super().__init__(
            [
                *("lumyx.web", f"--app={self.app}"),
                *(f"--port={port}", f"--workers={workers}", *options),
            ],
            environment={"PUBLIC_URL": f"http://127.0.0.1:{port}", **environment},
        )
        self.url = f"http://127.0.0.1:{port}"
        self.api = f"{self.url}/api/v1"
        self.wait_for(f"{self.url}{up}")


class Worker(Process):
    """Celery's worker, with nothing to do but what is sent to it from now on."""

    def __init__(self, *, environment: Mapping[str, str]) -> None:
        forget_queue()
        super().__init__(
            [
                *("celery", "--quiet", "--app", "lumyx", "worker", "--concurrency=1"),
                *("--without-gossip", "--without-mingle", "--loglevel=WARNING"),
            ],
            environment=environment,
        )


def forget_queue() -> None:
    """Empty the workers' queue: where none runs, what was sent to one waits for ever."""
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.delete("celery")


class ProviderProcess(Process):
    """The AI-provider stand-in."""

    def __init__(self) -> None:
        port = free_port()
        super().__init__(
            ["lumyx.standins.provider", f"--port={port}"],
            environment={"STANDIN_PROVIDER_KEY": PROVIDER_KEY},
        )
        self.url = f"http://127.0.0.1:{port}/v1"
        self.wait_for(f"http://127.0.0.1:{port}/healthz")

    def last(self) -> dict[str, object]:
        """Return the last call that reached the stand-in, and its counters."""
        shown: dict[str, object] = requests.get(f"{self.url}/_last", timeout=5).json()
        return shown


PROVIDER_KEY = "provider-canary-key-4b1f"
