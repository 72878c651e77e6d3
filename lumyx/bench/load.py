"""Put load on a server, from wrk where it is installed or else from the bundled generator."""

import ipaddress
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

# wrk's summary counts latencies in microseconds; statuses above 399 are errors.
SCRIPT = """
local requests, next_request = {}, 0
function init()
  for line in io.lines("%(keys)s") do
    requests[#requests + 1] = wrk.format("POST", nil, {
      ["Content-Type"] = "application/json",
      ["Authorization"] = "Bearer " .. line,
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

    @property
    def rate(self) -> float:
        """Answers per second."""
        return self.requests / self.seconds


def tool() -> str:
    """Return the name of what makes the load."""
    return "wrk" if shutil.which("wrk") else "bundled generator"


def put(target: Target, *, connections: int, seconds: float, directory: Path) -> Result:
    """Keep so many connections busy for so long and return what was found."""
    keys = directory / "load-keys"
    keys.touch(mode=0o600)
    keys.write_text("".join(f"{key}\n" for key in target.keys))
    wrk = shutil.which("wrk")
    if wrk:
        script = directory / "load.lua"
        script.write_text(SCRIPT % {"keys": keys, "body": json.dumps(target.body)})
        command = [wrk, "-t1", f"-c{connections}", f"-d{round(seconds)}s", "--timeout", "10s"]
        command += ["-s", str(script), target.url]
    else:
        command = [sys.executable, "-m", "lumyx.bench.generator", target.url, str(keys)]
        command += [json.dumps(target.body), str(connections), str(seconds)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=seconds + 30)
    return Result(**json.loads(done.stdout.splitlines()[-1]))
