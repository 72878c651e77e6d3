"""What processes need from the operating system: signals, orphans and free ports."""

import contextlib
import ctypes
import os
import signal
import socket
import sys
from collections.abc import Callable, Collection
from types import FrameType

import psutil

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36

_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


class Stopped(BaseException):
    """Somebody asked this process to stop."""


def on_stop(handle: Callable[[int, FrameType | None], None]) -> None:
    """Handle Ctrl-C, SIGTERM and the closing of the terminal; `nohup` keeps its effect."""
    for number in STOP_SIGNALS:
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, handle)


def raise_stopped(number: int, frame: FrameType | None) -> None:
    """Raise Stopped at the first signal; later ones do not disturb the tidying up."""
    ignore_stop()
    raise Stopped


def ignore_stop() -> None:
    """Let no further signal disturb the tidying up."""
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def restore_stop() -> None:
    """Give the signals their default effect again, for a process about to be executed."""
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_DFL)


def die_with_parent(number: signal.Signals) -> None:
    """Have Linux send this process a signal once its parent is gone, even by SIGKILL."""
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, int(number))


def die_with_parent_at_start() -> None:
    """Prepare a new process to be executed: it heeds signals, and does not outlive its parent."""
    restore_stop()
    die_with_parent(signal.SIGTERM)


def adopt_orphans() -> None:
    """Become the parent of all descendants that lose theirs, so that none is overlooked."""
    if _libc is not None:
        _libc.prctl(PR_SET_CHILD_SUBREAPER, 1)


def end_descendants(*, except_for: Collection[int] = (), seconds: float = 5) -> None:
    """End every process below this one, by force where asking does not help."""
    for ask in (psutil.Process.terminate, psutil.Process.kill):
        found = _descendants(except_for)
        for process in found:
            with contextlib.suppress(psutil.NoSuchProcess):
                ask(process)
        psutil.wait_procs(found, timeout=seconds)


def _descendants(except_for: Collection[int]) -> list[psutil.Process]:
    found: list[psutil.Process] = []
    for child in psutil.Process().children():
        if child.pid not in except_for:
            with contextlib.suppress(psutil.NoSuchProcess):
                found += [child, *child.children(recursive=True)]
    return found


def free_port() -> int:
    """Return a TCP port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def port_is_free(port: int) -> bool:
    """Say whether a server could listen on a port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen()
        except OSError:
            return False
    return True


def environment_for_children() -> dict[str, str]:
    """Return this process's environment, with bytecode caches allowed.

    Without caches each of ten processes would compile Django and Stripe anew.
    """
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def die_with_make() -> None:
    """Stop when the `make` that started this process is killed."""
    if "MAKELEVEL" in os.environ:
        die_with_parent(signal.SIGTERM)
