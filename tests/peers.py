"""Programs that others wrote, for tests: Node's SDKs, and two servers that imitate providers.

They are installed once, under `var/`, as pinned. Without Node their tests are skipped, but not
where CI runs, which has it.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from tests.processes import ROOT, free_port, wait_until

NODE = ROOT / "tests" / "node"
MOCK_AI_API = "mock-ai-api==0.1.1"
VAR = ROOT / "var" / "peers"


@contextmanager
def installing(name: str) -> Iterator[Path]:
    """Give a folder that one test worker at a time may fill."""
    VAR.mkdir(parents=True, exist_ok=True)
    with (VAR / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield VAR / name


def node_project() -> Path:
    """Return a folder with the Node programs and all that they import."""
    if shutil.which("npm") is None:
        if os.environ.get("CI"):
            pytest.fail("CI must have Node: install nodejs and npm.")
        pytest.skip("Node is not installed: its SDKs and aimock are not tested.")
    pins = hashlib.sha256((NODE / "package-lock.json").read_bytes()).hexdigest()[:16]
    with installing(f"node-{pins}") as folder:
        for file in NODE.iterdir():
            folder.mkdir(exist_ok=True)
            shutil.copy(file, folder / file.name)
        if not (folder / "installed").exists():
            command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
            subprocess.run(command, cwd=folder, check=True, timeout=300)
            (folder / "installed").touch()
    return folder


def python_project() -> Path:
    """Return the interpreter of an environment with mock-ai-api."""
    with installing(MOCK_AI_API) as folder:
        python = folder / "bin" / "python"
        if not (folder / "installed").exists():
            uv = ROOT / ".venv" / "uv" / "bin" / "uv"
            if uv.exists():
                subprocess.run([uv, "venv", "-q", "-p", sys.executable, folder], check=True)
                install = [str(uv), "pip", "install", "-q", "-p", str(python), MOCK_AI_API]
            else:
                subprocess.run([sys.executable, "-m", "venv", folder], check=True)
                install = [str(python), "-m", "pip", "install", "-q", MOCK_AI_API]
            subprocess.run(install, check=True, timeout=300)
            (folder / "installed").touch()
    return python


class Peer:
    """A running server that imitates providers; the addresses are its dialects' base URLs."""

    def __init__(self, command: list[str], *, folder: Path) -> None:
        self.output: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  read while it runs
        self._popen = subprocess.Popen(
            command, cwd=folder, stdout=self.output, stderr=subprocess.STDOUT
        )
        self.openai = self.anthropic = ""

    def text(self) -> str:
        """Return what it has printed."""
        self.output.seek(0)
        return self.output.read().decode("utf-8", "replace")

    def stop(self) -> None:
        """End it."""
        self._popen.terminate()
        self._popen.wait(15)
        self.output.close()


def aimock() -> Peer:
    """Start aimock with the conversation that it knows."""
    peer = Peer(["node", "aimock.mjs"], folder=node_project())
    wait_until(lambda: peer.text().startswith("http"), seconds=30, what="aimock")
    peer.openai = peer.anthropic = f"{peer.text().split()[0]}/v1"
    return peer


def mock_ai_api() -> Peer:
    """Start mock-ai-api, whose model names say what it answers."""
    ports = free_port(), free_port()
    python = python_project()
    peer = Peer(
        [
            str(python.parent / "mock-ai-api"),
            f"--openai-port={ports[0]}",
            f"--anthropic-port={ports[1]}",
        ],
        folder=VAR,
    )
    wait_until(lambda: peer.text().count("Uvicorn running") == 2, seconds=30, what="mock-ai-api")
    peer.openai, peer.anthropic = (f"http://127.0.0.1:{port}/v1" for port in ports)
    return peer
