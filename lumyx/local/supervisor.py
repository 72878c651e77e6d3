"""The service's processes under honcho: start all, say when they are ready, stop all."""

import contextlib
import http.client
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from types import FrameType
from typing import Any

from honcho.manager import Manager
from honcho.printer import Printer
from honcho.process import Popen, Process

from lumyx.local import LocalError
from lumyx.local.processes import (
    die_with_parent,
    die_with_parent_at_start,
    ignore_stop,
    on_stop,
)

READY_SECONDS = 60


class QuietPrinter(Printer):  # type: ignore[misc]
    """Prints what the processes say, and minds no terminal that is gone."""

    def write(self, message: Any) -> None:
        """Print one message."""
        with contextlib.suppress(OSError, ValueError):
            super().write(message)


class OwnedProcess(Process):  # type: ignore[misc]
    """A process that ends when the one that started it is gone, however that came."""

    def run(self, events: Any = None, ignore_signals: bool = False) -> None:
        """Start the command and pass on its output; runs in a process of its own."""
        ignore_stop()
        die_with_parent(signal.SIGKILL)
        # A group of its own keeps a Ctrl-C away from it. A session of its own would do that
        # too, but Linux shares the processors out by session, and `nice` would mean nothing.
        self._child_ctor = partial(
            Popen,
            stdin=subprocess.DEVNULL,
            start_new_session=False,
            process_group=0,
            preexec_fn=die_with_parent_at_start,
        )
        super().run(events, ignore_signals)


class Supervisor(Manager):  # type: ignore[misc]
    """Runs all processes until one of them ends or somebody asks to stop."""

    def __init__(
        self,
        *,
        prepared: Callable[[], bool],
        signs: Mapping[int, str],
        host: str,
        announce: Callable[[], None],
    ) -> None:
        """Take, for each port, the path that answers 200 once its server is ready."""
        super().__init__(QuietPrinter(sys.stdout))
        self._process_ctor = OwnedProcess
        self._prepared = prepared
        self._signs = signs
        self._host = host
        self._announce = announce
        self._over = threading.Event()
        self._asked = False
        self._fault = ""

    def run(self) -> None:
        """Run until somebody asks to stop; raises LocalError where a process ends by itself."""
        try:
            self.loop()
        finally:
            self._over.set()
        if self._fault:
            raise LocalError(self._fault)

    def terminate(self) -> None:
        """Stop all processes, and note which one ended by itself."""
        if not self._asked and not self._fault:
            ended = [
                f"{name} (exit code {process['returncode']})"
                for name, process in self._processes.items()
                if "returncode" in process
            ]
            self._fault = f"{' and '.join(ended)} stopped by itself; its last lines are above."
        super().terminate()

    def _start(self) -> None:
        on_stop(self._stop)  # in place of the handlers that honcho has just installed
        super()._start()
        threading.Thread(target=self._wait_until_ready, daemon=True).start()

    def _stop(self, number: int, frame: FrameType | None) -> None:
        """Only note the wish: printing is not allowed here, nor is stopping a half start."""
        self._asked = True

    def _any_stopped(self) -> bool:
        """Say whether it is time to stop; honcho asks ten times a second, once all run."""
        return self._asked or bool(self._fault) or bool(super()._any_stopped())

    def _wait_until_ready(self) -> None:
        end = time.monotonic() + READY_SECONDS
        while not self._over.wait(0.1):
            try:
                if self._is_ready():
                    self._announce()
                    return
            except LocalError as error:
                self._fault = str(error)
                return
            if time.monotonic() > end:
                self._fault = f"LumyxAI was not ready within {READY_SECONDS} seconds."
                return

    def _is_ready(self) -> bool:
        signs = self._signs.items()
        return self._prepared() and all(self._answers(port, path) for port, path in signs)

    def _answers(self, port: int, path: str) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", path, headers={"Host": self._host})
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
