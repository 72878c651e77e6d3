"""One database engine as a child process: start it, wait for it, stop it, clear up after it."""

import contextlib
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import psutil

from lumyx.local import LocalError
from lumyx.local.homes import Home
from lumyx.local.processes import die_with_parent, free_port, restore_stop

START_SECONDS = 30
STOP_SECONDS = 20
ATTEMPTS = 5


class NotReady(Exception):
    """The engine does not answer yet."""


class Engine:
    """A database engine on loopback, whose data lies in a directory of its home."""

    name: ClassVar[str]
    program_name: ClassVar[str]
    pid_file: ClassVar[str]
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM

    def __init__(self, home: Home, *, log: Path) -> None:
        self.home = home
        self.data = home.directory / self.name.lower()
        self.log = log
        self.port = 0
        self.pid = 0

    def command(self) -> list[str]:
        """Return the command line that serves the data on the port."""
        raise NotImplementedError

    def prepare(self) -> None:
        """Make the data directory, before the first start."""
        raise NotImplementedError

    def check(self) -> None:
        """Raise NotReady while the engine does not answer."""
        raise NotImplementedError

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Run the engine for as long as the context lasts."""
        self.end_leftover()
        self.prepare()
        self._process = self._start()
        try:
            yield
        finally:
            self._stop(self._process)

    def stop(self, number: signal.Signals | None = None) -> None:
        """Stop a running engine before its time, by a signal of its own or by another."""
        self._stop(self._process, number)

    def start_again(self) -> None:
        """Start an engine that was stopped, at the port that it had."""
        for attempt in range(ATTEMPTS):
            self._process = self._spawn()
            if self._wait_for(self._process):
                return
            time.sleep(0.2 * attempt)
        raise LocalError(f"{self.name} does not start again:\n{self._last_lines()}")

    def _start(self) -> subprocess.Popen[bytes]:
        """Start the engine; another process may take the free port first, so try again."""
        for attempt in range(ATTEMPTS):
            self.port = free_port()
            process = self._spawn()
            try:
                if self._wait_for(process):
                    return process
            except BaseException:
                self._stop(process)
                raise
            time.sleep(0.2 * attempt)
        raise LocalError(f"{self.name} does not start:\n{self._last_lines()}")

    def _spawn(self) -> subprocess.Popen[bytes]:
        def prepare_child() -> None:
            restore_stop()
            die_with_parent(self.stop_signal)

        with self.log.open("wb") as log:
            process = subprocess.Popen(
                self.command(),
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=prepare_child,
                **self.home.as_account(),
            )
        self.pid = process.pid
        return process

    def _wait_for(self, process: subprocess.Popen[bytes]) -> bool:
        """Return whether the engine came up; False when it ended at once."""
        end = time.monotonic() + START_SECONDS
        while process.poll() is None:
            try:
                self.check()
            except NotReady as error:
                if time.monotonic() > end:
                    raise LocalError(f"{self.name} does not answer: {error}") from None
                time.sleep(0.03)
            else:
                return True
        return False

    def _stop(self, process: subprocess.Popen[bytes], number: signal.Signals | None = None) -> None:
        if process.poll() is None:
            process.send_signal(number or self.stop_signal)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def end_leftover(self) -> None:
        """Stop an engine that an earlier run left on this data when it was killed."""
        process = self.leftover()
        if process is None:
            return
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(self.stop_signal)
            try:
                process.wait(STOP_SECONDS)
            except psutil.TimeoutExpired:
                process.kill()
                process.wait(STOP_SECONDS)

    def leftover(self) -> psutil.Process | None:
        """Return the process that serves this data now, if any."""
        try:
            pid = int((self.data / self.pid_file).read_text().split()[0])
            process = psutil.Process(pid)
            ours = process.name() == self.program_name and Path(process.cwd()) == self.data
        except (OSError, ValueError, IndexError, psutil.Error):
            return None
        return process if ours else None

    def _last_lines(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-8:])
