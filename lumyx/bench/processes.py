"""Start the servers of a bench run, wait until they answer, and stop them again."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from lumyx.local import LocalError
from lumyx.local.processes import die_with_parent_at_start, environment_for_children

ROOT = Path(__file__).resolve().parent.parent.parent
START_SECONDS = 30
STOP_SECONDS = 40


@contextlib.contextmanager
def serving(
    command: list[str],
    *,
    port: int,
    log: Path,
    environment: dict[str, str] | None = None,
    directory: Path = ROOT,
    start_seconds: float = START_SECONDS,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server for the length of a `with` block, from when it listens on the port."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=directory,
            env=environment_for_children() | (environment or {}),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=die_with_parent_at_start,
        )
    try:
        _wait_until_listening(process, port, log, start_seconds)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        # Workers that did not heed their parent's end; the session is the server's own.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _wait_until_listening(
    process: subprocess.Popen[bytes], port: int, log: Path, seconds: float
) -> None:
    deadline = time.monotonic() + seconds
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        if process.poll() is not None or time.monotonic() > deadline:
            # A device has no end.
            said = log.read_text(errors="replace")[-2_000:] if log.is_file() else ""
            raise LocalError(f"It did not start:\n{said}")
        time.sleep(0.05)


def web(port: int, *, workers: int = 1) -> list[str]:
    """Return the command of LumyxAI's web server, as `make run` and `deploy/` start it."""
    numbers = ("--port", str(port), "--workers", str(workers))
    return [sys.executable, "-m", "lumyx.web", *numbers]


def uvicorn(application: str, port: int, *, workers: int = 1) -> list[str]:
    """Return the command of uvicorn for anything else, with the same options."""
    return [
        *(sys.executable, "-m", "uvicorn", application, "--host", "127.0.0.1"),
        *(
            "--port",
            str(port),
            "--no-access-log",
            "--no-server-header",
            "--no-proxy-headers",
            "--ws",
            "none",
        ),
        *("--timeout-graceful-shutdown", "30"),
        *(("--workers", str(workers)) if workers > 1 else ()),
    ]
