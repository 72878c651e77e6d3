"""Web processes are restarted one after the other under load, and no call notices."""

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psutil
import pytest
import requests

from tests.customers import Customer
from tests.deploy.site import DEPLOY, NGINX, Site
from tests.processes import ROOT, free_port, wait_until

pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")

RESTART = """#!/bin/bash
# As systemd restarts lumyx-web@PORT: end the process, wait until it has gone, start another.
port=${{1#lumyx-web@}}
if [[ -f {directory}/$port.pid ]]; then
    old=$(<{directory}/$port.pid)
    kill -TERM "$old"
    # Whoever adopted it may let it lie, dead as it is.
    while grep -qs '^State:[[:space:]]*[^XZ[:space:]]' "/proc/$old/status"; do sleep 0.05; done
fi
cd {root}
setsid nohup {python} -m lumyx.web --port "$port" --grace 60 \\
    >>{directory}/$port.log 2>&1 &
echo $! >{directory}/$port.pid
"""


class Nodes:
    """Two web processes behind our site, that can be restarted by name."""

    def __init__(self, directory: Path, environment: dict[str, str]) -> None:
        self.ports = [free_port(), free_port()]
        self.directory = directory
        self.environment = {**os.environ, **environment, "PUBLIC_URL": "http://127.0.0.1"}
        self.script = directory / "restart"
        text = RESTART.format(directory=directory, root=ROOT, python=sys.executable)
        self.script.write_text(text)
        self.script.chmod(0o755)
        for port in self.ports:
            subprocess.run([self.script, f"lumyx-web@{port}"], env=self.environment, check=True)
        for port in self.ports:
            wait_until(lambda port=port: self.ready(port), seconds=60, what=str(port))  # type: ignore[misc]

    def ready(self, port: int) -> bool:
        try:
            return requests.get(f"http://127.0.0.1:{port}/readyz", timeout=3).ok
        except requests.RequestException:
            return False

    def pid(self, port: int) -> int:
        return int((self.directory / f"{port}.pid").read_text())

    def roll(
        self, site: Site, *ports: int, ready_seconds: int = 30
    ) -> subprocess.CompletedProcess[str]:
        """Run what we ship."""
        pid = (site.directory / "nginx.pid").read_text().strip()
        settings = {
            "UPSTREAM": str(site.upstream),
            "HOST_NAME": "127.0.0.1",
            "RELOAD": f"kill -HUP {pid}",
            "RESTART": str(self.script),
            "READY_SECONDS": str(ready_seconds),
        }
        return subprocess.run(
            [DEPLOY / "rolling-restart", *map(str, ports)],
            env={**self.environment, **settings},
            capture_output=True,
            text=True,
        )

    def stop(self) -> None:
        for port in self.ports:
            with contextlib.suppress(psutil.NoSuchProcess):
                process = psutil.Process(self.pid(port))
                process.terminate()
                wait_until(partial(over, process), seconds=20, what="the end of a web process")


def over(process: psutil.Process) -> bool:
    """Return whether a process has ended, whether or not its parent has asked how."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


class Load:
    """Calls and streams without a pause, and what went wrong with any."""

    def __init__(self, site: Site, customer: Customer) -> None:
        self.calls = self.streams = 0
        self.wrong: list[str] = []
        self._site = site
        self._customer = customer
        self._over = threading.Event()
        targets = [self._call, self._call, self._stream]
        self._threads = [threading.Thread(target=self._repeat, args=[one]) for one in targets]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _repeat(self, one: object) -> None:
        assert callable(one)
        while not self._over.is_set():
            try:
                one()
            except requests.RequestException as error:
                self.wrong.append(repr(error))
            time.sleep(0.02)

    def _ask(self, model: str, **fields: object) -> requests.Response:
        body = {"model": model, "messages": [{"role": "user", "content": "Hi " * 10}], **fields}
        return requests.post(
            f"{self._site.url}/api/v1/chat/completions",
            json=body,
            headers=self._customer.headers,
            timeout=30,
            verify=str(self._site.certificate),
        )

    def _call(self) -> None:
        answer = self._ask("echo")
        self.calls += 1
        if answer.status_code != 200:
            self.wrong.append(f"{answer.status_code} {answer.text}")

    def _stream(self) -> None:
        answer = self._ask("echo-slow", stream=True)
        self.streams += 1
        if answer.status_code != 200 or "[DONE]" not in answer.text:
            self.wrong.append(f"stream: {answer.status_code} {answer.text[-300:]}")


@pytest.fixture
def nodes(environment: dict[str, str], tmp_path: Path) -> Iterator[Nodes]:
    found = Nodes(tmp_path, environment)
    yield found
    found.stop()


@pytest.fixture
def site(nodes: Nodes, tmp_path: Path) -> Iterator[Site]:
    directory = tmp_path / "nginx"
    directory.mkdir()
    tmp_path.chmod(0o755)
    found = Site(directory, ports=nodes.ports)
    found.start()
    yield found
    found.stop()


@pytest.mark.usefixtures("provider")
def test_a_rolling_restart_fails_no_call_and_breaks_no_stream(
    nodes: Nodes, site: Site, customer: Customer
) -> None:
    shipped = site.upstream.read_text()
    before = [nodes.pid(port) for port in nodes.ports]
    with Load(site, customer) as load:
        wait_until(lambda: load.calls > 5, seconds=20, what="calls")
        done = nodes.roll(site, *nodes.ports)
        assert done.returncode == 0, done.stderr
        calls = load.calls
        wait_until(lambda: load.calls > calls + 5, seconds=20, what="calls afterwards")
    assert load.wrong == []
    assert load.streams > 1
    assert not set(before) & {nodes.pid(port) for port in nodes.ports}
    assert site.upstream.read_text() == shipped


@pytest.mark.usefixtures("provider")
def test_a_rolling_restart_stops_at_a_process_that_does_not_come_up(
    nodes: Nodes, site: Site, customer: Customer
) -> None:
    first, second = nodes.ports
    kept = nodes.pid(second)
    nodes.script.write_text(nodes.script.read_text().replace("lumyx.web", "lumyx.gone"))
    with Load(site, customer) as load:
        done = nodes.roll(site, first, second, ready_seconds=3)
        assert done.returncode == 1
        assert "does not come up" in done.stderr
        calls = load.calls
        wait_until(lambda: load.calls > calls + 5, seconds=20, what="calls afterwards")
    assert load.wrong == []
    assert nodes.pid(second) == kept
    assert f":{first} max_fails=1 fail_timeout=5s down;" in site.upstream.read_text()
