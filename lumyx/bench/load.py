"""Put load on a server: as much as it takes, at a steady rate, or in paced streams.

The first comes from wrk where that is installed, all else from generators of ours.
"""

import contextlib
import ipaddress
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lumyx.local import LocalError
from lumyx.local.processes import die_with_parent_at_start

# wrk's summary counts latencies in microseconds; statuses above 399 are errors.
SCRIPT = """
local requests, next_request = {}, 0
function init()
  for line in io.lines("%(keys)s") do
    requests[#requests + 1] = wrk.format("POST", nil, {
      ["Content-Type"] = "application/json",
      ["Authorization"] = "Bearer " .. line,%(headers)s
    }, [[%(body)s]])
  end
end
function request()
  next_request = next_request %% #requests + 1
  return requests[next_request]
end
function done(summary, latency, requests)
  local e = summary.errors
  print(string.format('{"requests":%%d,"seconds":%%f,"bytes":%%d,"p50_ms":%%f,"p99_ms":%%f,' ..
    '"not_200":%%d,"broken":%%d}', summary.requests, summary.duration / 1e6, summary.bytes,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, e.status,
    e.connect + e.read + e.write + e.timeout))
end
"""


class NotLoopback(Exception):
    """The bench puts load on loopback addresses alone."""


@dataclass(frozen=True)
class Target:
    """Where to put load, with which body, and the keys to take in turn."""

    name: str
    url: str
    body: dict[str, object]
    keys: list[str] = field(default_factory=lambda: ["none"])
    headers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse every address but loopback."""
        host = urlsplit(self.url).hostname or ""
        try:
            loopback = ipaddress.ip_address(host).is_loopback
        except ValueError:
            loopback = False
        if not loopback:
            raise NotLoopback(f"{host} is not a loopback address")


@dataclass(frozen=True)
class Result:
    """What one run of load found; latencies in milliseconds."""

    requests: int
    seconds: float
    bytes: int
    p50_ms: float
    p99_ms: float
    not_200: int
    broken: int
    whole_bytes: int = 0
    """Of answers that were not cut at the end of the run; wrk does not tell."""


@dataclass(frozen=True)
class Steady:
    """What requests at a steady rate found: the time to the first byte, in milliseconds."""

    asked: int
    answered: int
    p50_ms: float
    p99_ms: float
    not_200: int
    broken: int


@dataclass(frozen=True)
class Paced:
    """What paced streams found; `late` counts those that never ended, too."""

    streams: int
    seconds: float
    late: int
    p99_late_ms: float
    first_byte_ms: float
    not_200: int
    broken: int


@dataclass(frozen=True)
class Held:
    """How many streams are open."""

    open: int
    not_200: int
    broken: int


def tool() -> str:
    """Return the name of what makes the load."""
    return "wrk" if shutil.which("wrk") else "bundled generator"


def put(target: Target, *, connections: int, seconds: float, directory: Path) -> Result:
    """Keep so many connections busy for so long and return what was found."""
    wrk = shutil.which("wrk")
    if not wrk:
        return Result(**_run("generator", target, directory, connections, seconds, wait=seconds))
    keys = _write_keys(target, directory)
    script = directory / "load.lua"
    headers = "".join(f'\n      ["{name}"] = "{value}",' for name, value in target.headers.items())
    body = json.dumps(target.body)
    script.write_text(SCRIPT % {"keys": keys, "body": body, "headers": headers})
    command = [wrk, "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--timeout", "10s"]
    return Result(**_json_of([*command, "-s", str(script), target.url], wait=seconds))


def size_of(target: Target, *, directory: Path) -> float | None:
    """Return the bytes of one answer, its head among them; None where none came in 5 s."""
    for seconds in (1, 5):
        found = Result(**_run("generator", target, directory, 1, seconds, wait=seconds))
        if found.requests and not found.not_200:
            return found.whole_bytes / found.requests
    return None


def put_steadily(target: Target, *, rate: int, seconds: float, directory: Path) -> Steady:
    """Ask so many times a second for so long and return what was found."""
    return Steady(**_run("open_loop", target, directory, rate, seconds, wait=seconds))


def put_paced(target: Target, *, streams: int, turns: int, directory: Path) -> Paced:
    """Keep so many paced streams open, each followed by the next, and return what was found."""
    wait = (turns + 1) * 3
    return Paced(**_run("streams", target, directory, "pace", streams, turns, wait=wait))


@contextlib.contextmanager
def holding(target: Target, *, streams: int, seconds: float, directory: Path) -> Iterator[Held]:
    """Hold so many streams open for the length of a `with` block, from when all have begun."""
    command = _command("streams", target, directory, "hold", streams, seconds)
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=die_with_parent_at_start,
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line:
                raise LocalError("The streams could not be opened.")
            yield Held(**json.loads(line))
        finally:
            process.kill()


def _run(
    module: str, target: Target, directory: Path, *arguments: object, wait: float
) -> dict[str, Any]:
    return _json_of(_command(module, target, directory, *arguments), wait=wait)


def _command(module: str, target: Target, directory: Path, *arguments: object) -> list[str]:
    asked = {
        "url": target.url,
        "keys": str(_write_keys(target, directory)),
        "headers": target.headers,
        "body": target.body,
    }
    words = [str(argument) for argument in arguments]
    return [sys.executable, "-m", f"lumyx.bench.{module}", json.dumps(asked), *words]


def _write_keys(target: Target, directory: Path) -> Path:
    keys = directory / "load-keys"
    keys.touch(mode=0o600)
    keys.write_text("".join(f"{key}\n" for key in target.keys))
    return keys


def _json_of(command: list[str], *, wait: float) -> dict[str, Any]:
    """Return what a load generator prints; it is ended where it takes too long."""
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=wait + 30,
            check=False,
            preexec_fn=die_with_parent_at_start,
        )
    except subprocess.TimeoutExpired:
        raise LocalError(f"{command[0]} did not end in time.") from None
    if done.returncode:
        raise LocalError(f"The load generator failed:\n{done.stderr[-1_000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found
