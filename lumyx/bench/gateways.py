"""The gateways that are measured: how each is installed, started and called.

All get the same body and stand before the same mock providers.
"""

import contextlib
import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lumyx.bench import installing, nginx
from lumyx.bench.deployment import Deployment, Mocks
from lumyx.bench.load import Target
from lumyx.bench.measure import Subject
from lumyx.bench.processes import serving, uvicorn
from lumyx.local import LocalError
from lumyx.local.processes import free_port

CHAT = "/chat/completions"
ASKED = "Say the same words each time, please."
TURNS = [{"role": "user", "content": ASKED}]
KINDS = ("whole", "stream", "paced", "held")
MASTER_KEY = "sk-bench"


def body_of(kind: str) -> dict[str, object]:
    """Return what every gateway is asked under one kind of load."""
    return {"model": f"bench-{kind}", "messages": TURNS, "stream": kind != "whole"}


@dataclass(frozen=True)
class Server:
    """A gateway that runs: where it answers, and the root process of each of its parts."""

    gateway: "Gateway"
    url: str
    parts: Mapping[str, int] = field(default_factory=dict)

    def subject(self, kind: str) -> Subject:
        """Return what to put load on."""
        target = self.gateway.target(kind, self.url)
        return Subject(self.gateway.name, target, self.parts, self.gateway.most_connections)


class Gateway:
    """One gateway; `does` tells what it does besides forwarding."""

    name = ""
    does = ""
    most_workers = 1
    most_connections = 1_000
    environment: Mapping[str, str] = {}

    def __init__(self, mocks: Mocks) -> None:
        self.mocks = mocks

    @classmethod
    def install(cls) -> None:
        """Install it where it is not there; raises LocalError where that cannot be done."""

    def version(self) -> str:
        """Return its version."""
        return ""

    def command(self, port: int, directory: Path, workers: int) -> list[str]:
        """Return the command that serves it."""
        raise NotImplementedError

    def target(self, kind: str, url: str) -> Target:
        """Return how it is called."""
        return Target(kind, f"{url}/v1{CHAT}", body_of(kind), [MASTER_KEY])

    @contextlib.contextmanager
    def serving(self, directory: Path, *, workers: int = 1) -> Iterator[Server]:
        """Run it for the length of a `with` block."""
        port = free_port()
        home = directory / f"{self.name}-{port}".lower()
        home.mkdir()
        with serving(
            self.command(port, home, workers),
            port=port,
            log=home / "log",
            environment=dict(self.environment),
            start_seconds=120,
        ) as process:
            yield Server(self, f"http://127.0.0.1:{port}", {"web": process.pid})


class Nginx(Gateway):
    """nginx as a reverse proxy: what forwarding costs at the least."""

    name = "nginx"
    does = "forwards"
    most_workers = 2

    @classmethod
    def install(cls) -> None:
        """See that it is there."""
        if nginx.find() is None:
            raise LocalError("nginx is missing (Debian's package of that name)")

    def version(self) -> str:
        """Return what it says of itself."""
        said = subprocess.run([nginx.find() or "", "-v"], capture_output=True, text=True).stderr
        return said.strip().rpartition("/")[2]

    def command(self, port: int, directory: Path, workers: int) -> list[str]:
        """Return the command of a reverse proxy."""
        return nginx.proxy_command(
            nginx.find() or "",
            port=port,
            directory=directory,
            workers=workers,
            upstreams={kind: self.mocks.base(kind) for kind in KINDS},
        )

    def target(self, kind: str, url: str) -> Target:
        """Return the same path as at the mock provider."""
        return Target(kind, f"{url}/{kind}{CHAT}", body_of(kind))


class Floor(Gateway):
    """An ASGI function that only forwards: the floor in Python."""

    name = "floor"
    does = "forwards"
    most_workers = 2

    def __init__(self, mocks: Mocks) -> None:
        super().__init__(mocks)
        self.environment = {"BENCH_UPSTREAM": mocks.fast, "BENCH_PACED_UPSTREAM": mocks.paced}

    def command(self, port: int, directory: Path, workers: int) -> list[str]:
        """Return the command of uvicorn."""
        return uvicorn("lumyx.bench.floor:application", port, workers=workers)

    def target(self, kind: str, url: str) -> Target:
        """Return the same path as at the mock provider."""
        return Target(kind, f"{url}/{kind}{CHAT}", body_of(kind))


class LumyxAI(Gateway):
    """LumyxAI as it is deployed, with everything on."""

    name = "LumyxAI"
    does = "keys, limits, holds, exact billing, request log"
    most_workers = 2

    def __init__(self, mocks: Mocks, deployment: Deployment) -> None:
        super().__init__(mocks)
        self.deployment = deployment

    def target(self, kind: str, url: str) -> Target:
        """Return the endpoint, with the keys of all accounts in turn."""
        return Target(kind, f"{url}/api/v1{CHAT}", body_of(kind), self.deployment.keys)

    @contextlib.contextmanager
    def serving(self, directory: Path, *, workers: int = 1) -> Iterator[Server]:
        """Run a web process beside those that run already."""
        with self.deployment.web(workers=workers) as (url, parts):
            yield Server(self, url, parts)


class LiteLLM(Gateway):
    """LiteLLM's proxy, without a database."""

    name = "LiteLLM"
    does = "one master key; no billing"
    most_workers = 2
    most_connections = 16
    environment = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR"}
    home = installing.HOMES / "litellm"

    @classmethod
    def install(cls) -> None:
        """Install it from PyPI."""
        installing.python_peer("litellm")

    def version(self) -> str:
        """Return the pinned version."""
        return installing.pinned_version(installing.PINS / "litellm.txt", "litellm")

    def command(self, port: int, directory: Path, workers: int) -> list[str]:
        """Return the command of its proxy."""
        config = directory / "config.json"  # which is YAML, too
        models = [
            {
                "model_name": f"bench-{kind}",
                "litellm_params": {
                    "model": "openai/bench",
                    "api_base": self.mocks.url(kind),
                    "api_key": "bench",
                },
            }
            for kind in KINDS
        ]
        general = {"master_key": MASTER_KEY}
        quiet = {"telemetry": False, "num_retries": 0}
        config.write_text(
            json.dumps(
                {"model_list": models, "general_settings": general, "litellm_settings": quiet}
            )
        )
        return [
            *(str(self.home / "bin" / "litellm"), "--config", str(config)),
            *("--host", "127.0.0.1", "--port", str(port), "--num_workers", str(workers)),
        ]


class Portkey(Gateway):
    """Portkey's gateway, which learns from headers where to forward."""

    name = "Portkey"
    does = "forwards; no keys, no billing"
    environment = {"NODE_ENV": "production"}
    home = installing.HOMES / "portkey"

    @classmethod
    def install(cls) -> None:
        """Install it from npm."""
        installing.node_peer("portkey")

    def version(self) -> str:
        """Return the version of what is installed."""
        package = self.home / "node_modules" / "@portkey-ai" / "gateway"
        found: str = json.loads((package / "package.json").read_text())["version"]
        return found

    def command(self, port: int, directory: Path, workers: int) -> list[str]:
        """Return the command of its server, on loopback alone."""
        script = "node_modules/@portkey-ai/gateway/build/start-server.js"
        loopback = installing.PINS / "portkey" / "loopback.cjs"
        return [
            *(installing.node(), "--require", str(loopback), str(self.home / script)),
            *(f"--port={port}", "--headless"),
        ]

    def target(self, kind: str, url: str) -> Target:
        """Return its endpoint, with the mock provider in the headers."""
        headers = {
            "x-portkey-provider": "openai",
            "x-portkey-custom-host": self.mocks.url(kind),
        }
        return Target(kind, f"{url}/v1{CHAT}", body_of(kind), [MASTER_KEY], headers)


class LMProxy(Gateway):
    """LM-Proxy, a small proxy in Python."""

    name = "LM-Proxy"
    does = "one key; no billing"
    most_connections = 16
    home = installing.HOMES / "lm-proxy"

    @classmethod
    def install(cls) -> None:
        """Install it from PyPI."""
        installing.python_peer("lm-proxy")

    def version(self) -> str:
        """Return the pinned version."""
        return installing.pinned_version(installing.PINS / "lm-proxy.txt", "lm-proxy")

    def command(self, port: int, directory: Path, workers: int) -> list[str]:
        """Return the command of its server."""
        config = directory / "config.json"
        connections = {
            kind: {"api_type": "open_ai", "api_base": self.mocks.url(kind), "api_key": "bench"}
            for kind in KINDS
        }
        config.write_text(
            json.dumps(
                {
                    "host": "127.0.0.1",
                    "port": port,
                    "connections": connections,
                    "routing": {f"bench-{kind}": f"{kind}.bench" for kind in KINDS},
                    "groups": {"default": {"api_keys": [MASTER_KEY]}},
                }
            )
        )
        return [str(self.home / "bin" / "lm-proxy"), "--config", str(config)]


PEERS: tuple[type[Gateway], ...] = (Nginx, Floor, LiteLLM, Portkey, LMProxy)


def shortened(error: Exception) -> str:
    """Return one line of what went wrong."""
    lines = [line for line in str(error).splitlines() if re.search(r"\w", line)]
    return lines[-1].strip()[:200] if lines else "it said nothing"
