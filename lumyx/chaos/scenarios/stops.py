"""A web server that is asked to stop while it streams."""

import signal
import socket
import threading
import time

from lumyx.bench.processes import serving, web
from lumyx.chaos import books
from lumyx.chaos.calls import Answer, Kind, call_all
from lumyx.chaos.plant import Plant, wait_for
from lumyx.chaos.scenario import Scenario, Seen
from lumyx.local.processes import free_port

AT_ONCE_SECONDS = 0.5


def stop_web(plant: Plant, times: int) -> Seen:
    """Ask a web server to stop once all its streams have begun."""
    seen, who = Seen(), books.newcomer()
    many = books.more_keys(who, 8)
    # Very many take seconds to begin.
    model = "echo-slow-tokens-100" if times > 50 else "echo-slow-tokens-30"
    port = free_port()
    answers: list[Answer] = []
    with serving(
        web(port),
        port=port,
        log=plant.directory / "stopped.log",
        environment=plant.environment,
    ) as process:
        api = f"http://127.0.0.1:{port}/api/v1"
        thread = threading.Thread(
            target=lambda: answers.extend(
                call_all([api], many, [Kind(model)] * times, at_once=times)
            )
        )
        thread.start()
        wait_for(lambda: books.open_holds() >= times, seconds=40, what="all streams to begin")
        # A hold comes before the first piece.
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        asked = time.monotonic()
        refused = wait_for(lambda: not _connects(port), seconds=10, what="calls to be refused")
        thread.join(60)
        streamed = time.monotonic() - asked
        process.wait(40)
        stopped = time.monotonic() - asked
    whole = sum(answer.whole for answer in answers)
    seen.words = (
        f"{whole} of {times} streams came whole, the last {streamed:.1f} s after the signal;"
        f" new calls refused after {refused * 1_000:.0f} ms; the process ended after"
        f" {stopped:.1f} s with status {process.returncode}"
    )
    seen.expect(whole == times, f"{times - whole} of {times} streams were broken")
    seen.expect(streamed > 1, "no stream was under way any more: the signal came too late")
    seen.expect(refused < AT_ONCE_SECONDS, f"new calls were taken for {refused:.1f} s")
    seen.expect(process.returncode in (0, -signal.SIGTERM), "it did not end by itself")
    seen.expect(len(who.charges()) == times, f"{len(who.charges())} charges for {times} streams")
    return seen


def _connects(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 1):
            return True
    except OSError:
        return False


SCENARIOS = [
    Scenario(
        "stop",
        "SIGTERM with streams under way",
        100,
        20,
        "none broken within the grace; new calls refused at once",
        stop_web,
    ),
]
