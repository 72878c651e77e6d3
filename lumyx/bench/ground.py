"""Everything that runs while the bench measures: mock providers, LumyxAI, and its peers."""

import contextlib
import http.client
import json
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from lumyx.bench.deployment import Deployment, Mocks, deploy, serve_mocks
from lumyx.bench.gateways import PEERS, Gateway, LumyxAI, Server, body_of, shortened
from lumyx.bench.load import Target
from lumyx.bench.measure import OURS, Bench, Subject
from lumyx.local import LocalError

FIRST_ANSWER_SECONDS = 60
# Without the proxy that the environment may name.
_open_directly = urllib.request.build_opener(urllib.request.ProxyHandler({})).open

Figures = dict[str, float | None]
"""What the goals are held against, by name."""


@dataclass
class Ground:
    """What runs, what could not be measured and why, and what was found."""

    bench: Bench
    mocks: Mocks
    deployment: Deployment
    gateways_stack: contextlib.ExitStack
    """Closing it ends the gateways, and leaves the engines and the mock providers."""
    gateways: list[Gateway] = field(default_factory=list)
    servers: list[Server] = field(default_factory=list)
    absent: dict[str, str] = field(default_factory=dict)
    figures: Figures = field(default_factory=dict)
    laid_at: float = 0.0
    """When all was installed and began to start, by `time.monotonic`."""

    def direct(self, kind: str) -> Subject:
        """Return the mock provider itself."""
        return Subject(
            "mock, direct", Target(kind, f"{self.mocks.url(kind)}/chat/completions", body_of(kind))
        )

    def subjects(self, kind: str) -> list[Subject]:
        """Return every gateway that runs."""
        return [server.subject(kind) for server in self.servers]

    def ours(self) -> Server:
        """Return LumyxAI."""
        return next(server for server in self.servers if server.gateway.name == OURS)


def say(text: str) -> None:
    """Show progress."""
    print(f"bench: {text}", file=sys.stderr, flush=True)


def lay(stack: contextlib.ExitStack, bench: Bench, *, peers: Sequence[str]) -> Ground:
    """Start the mock providers, LumyxAI and every peer that can be had."""
    absent: dict[str, str] = {}
    wanted = [make for make in PEERS if make.name in peers]
    installed = [make for make in wanted if _can(absent, make.name, make.install)]
    began = time.monotonic()
    say("starting the mock providers, PostgreSQL, Valkey and LumyxAI")
    mocks = serve_mocks(stack, bench.directory)
    deployment = deploy(stack, bench.directory, mocks)
    ground = Ground(
        bench,
        mocks,
        deployment,
        stack.enter_context(contextlib.ExitStack()),
        absent=absent,
        laid_at=began,
    )
    for make in installed:
        peer = make(mocks)
        _can(absent, peer.name, lambda: _start(ground, peer))  # noqa: B023  called at once
    _start(ground, LumyxAI(mocks, deployment))
    return ground


def _can(absent: dict[str, str], name: str, do: Callable[[], None]) -> bool:
    """Do something for a peer; where that fails, it is not measured, and the rest goes on."""
    try:
        do()
    except (LocalError, OSError) as error:
        absent[name] = shortened(error)
        say(f"{name} is not measured: {absent[name]}")
        return False
    return True


def _start(ground: Ground, gateway: Gateway) -> None:
    say(f"starting {gateway.name}")
    with contextlib.ExitStack() as own:
        server = own.enter_context(gateway.serving(ground.bench.directory))
        for kind in ("whole", "stream"):
            _try(server.subject(kind))
        ground.gateways_stack.push(own.pop_all())
    ground.gateways.append(gateway)
    ground.servers.append(server)


def _try(subject: Subject) -> None:
    """Ask once, with patience: some gateways go on starting after they listen."""
    target = subject.target
    body = json.dumps(target.body).encode()
    headers = {
        "Content-Type": "application/json",
        "Authorization": f"Bearer {target.keys[0]}",
        **target.headers,
    }
    request = urllib.request.Request(target.url, body, headers)
    try:
        with _open_directly(request, timeout=FIRST_ANSWER_SECONDS) as answer:
            answer.read()
    except urllib.error.HTTPError as error:
        said = " ".join(error.read(300).decode(errors="replace").split())
        raise LocalError(f"it answers {target.name} with {error.code}: {said}") from None
    except (OSError, http.client.HTTPException) as error:
        raise LocalError(f"it does not answer {target.name}: {error}") from None
