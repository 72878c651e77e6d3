"""Make calls, one or very many, and keep what came of each."""

import asyncio
import contextlib
import itertools
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import aiohttp

ASKED = "one two three four five six seven eight nine ten eleven twelve"
BROKEN = 0
"""The status of a call whose connection broke before any answer."""


@dataclass
class Answer:
    """What came of one call; times are of the monotonic clock."""

    model: str
    began: float
    ended: float = 0
    status: int = BROKEN
    retry_after: str = ""
    text: str = ""
    cut: bool = False
    messages: bool = False
    node: int = 0

    @property
    def whole(self) -> bool:
        """Whether it came to its proper end."""
        if self.status != 200 or self.cut:
            return False
        if self.text.startswith("{"):
            return True
        return "[DONE]" in self.text or "event: message_stop" in self.text

    @property
    def error(self) -> bool:
        """Whether it ended with an error in its client's dialect."""
        if self.cut:
            return False
        last = self.text.rstrip().rpartition("data: ")[2]
        with contextlib.suppress(ValueError, TypeError):
            return "error" in json.loads(last)
        return False


@dataclass
class Kind:
    """What is asked, and how."""

    model: str
    stream: bool = True
    messages: bool = False
    headers: dict[str, str] = field(default_factory=dict)

    def request(self) -> tuple[str, dict[str, object]]:
        """Return the path and the body."""
        turns = [{"role": "user", "content": ASKED}]
        body: dict[str, object] = {"model": self.model, "messages": turns, "stream": self.stream}
        if self.messages:
            return "/messages", body | {"max_tokens": 1_000}
        return "/chat/completions", body


def session(*, connections: int = 0) -> aiohttp.ClientSession:
    """Return a session with patience and any number of connections."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=connections),
        timeout=aiohttp.ClientTimeout(total=60),
    )


async def call(client: aiohttp.ClientSession, api: str, key: str, kind: Kind) -> Answer:
    """Make one call and read its answer to the end."""
    path, body = kind.request()
    answer = Answer(kind.model, time.monotonic(), messages=kind.messages)
    headers = {"Authorization": f"Bearer {key}", **kind.headers}
    try:
        async with client.post(api + path, json=body, headers=headers) as response:
            answer.status = response.status
            answer.retry_after = response.headers.get("Retry-After", "")
            pieces = []
            try:
                async for piece in response.content.iter_any():
                    pieces.append(piece)
            except (aiohttp.ClientError, OSError, TimeoutError):
                answer.cut = True
            answer.text = b"".join(pieces).decode("utf-8", "replace")
    except (aiohttp.ClientError, OSError, TimeoutError):
        answer.cut = True
    answer.ended = time.monotonic()
    return answer


def call_all(
    apis: Sequence[str], keys: Sequence[str], kinds: list[Kind], *, at_once: int
) -> list[Answer]:
    """Make these calls, so many at once; nodes and keys take turns."""

    async def story() -> list[Answer]:
        gate = asyncio.Semaphore(at_once)
        async with session() as client:

            async def one(n: int, kind: Kind) -> Answer:
                async with gate:
                    return await call(client, apis[n % len(apis)], keys[n % len(keys)], kind)

            return list(await asyncio.gather(*(one(n, kind) for n, kind in enumerate(kinds))))

    return asyncio.run(story())


class Load:
    """Callers on a thread of their own, each of which calls again and again until it is over.

    With `every`, another caller comes each so many seconds whether or not the others were
    answered, as people do.
    """

    def __init__(
        self,
        apis: Sequence[str],
        keys: Sequence[str],
        kinds: list[Kind],
        *,
        callers: int,
        pause: float = 0,
        every: float = 0,
    ) -> None:
        self._apis, self._kinds, self._pause, self._every = apis, kinds, pause, every
        self._keys = itertools.cycle(keys)
        self._callers = callers
        self._over = threading.Event()
        self.answers: list[Answer] = []
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    def start(self) -> None:
        """Begin to call."""
        self._thread.start()

    def stop(self) -> None:
        """Begin no further call, and wait for those under way."""
        self._over.set()
        self._thread.join(90)

    async def _run(self) -> None:
        async with session() as client:
            coming = [self._keep_coming(client)] if self._every else []
            await asyncio.gather(*coming, *(self._go_on(client, n) for n in range(self._callers)))

    async def _keep_coming(self, client: aiohttp.ClientSession) -> None:
        calls = []
        for number in itertools.count():
            if self._over.is_set():
                break
            calls.append(asyncio.create_task(self._call_once(client, number)))
            await asyncio.sleep(self._every)
        await asyncio.gather(*calls)

    async def _call_once(self, client: aiohttp.ClientSession, number: int) -> None:
        api = self._apis[number % len(self._apis)]
        self.answers.append(await call(client, api, next(self._keys), self._kinds[0]))

    async def _go_on(self, client: aiohttp.ClientSession, number: int) -> None:
        kinds = itertools.cycle(self._kinds[number % len(self._kinds) :] + self._kinds[:number])
        node = number % len(self._apis)
        while not self._over.is_set():
            answer = await call(client, self._apis[node], next(self._keys), next(kinds))
            answer.node = node
            self.answers.append(answer)
            if self._pause or answer.status != 200:
                await asyncio.sleep(self._pause or 0.05)


@contextlib.contextmanager
def load(
    apis: Sequence[str],
    keys: Sequence[str],
    kinds: list[Kind],
    *,
    callers: int = 16,
    pause: float = 0,
    every: float = 0,
) -> Iterator[Load]:
    """Keep callers calling for the length of a `with` block."""
    made = Load(apis, keys, kinds, callers=callers, pause=pause, every=every)
    made.start()
    try:
        yield made
    finally:
        made.stop()


def statuses(answers: Sequence[Answer]) -> str:
    """Return in words how often each status came."""
    counted = Counter(answer.status for answer in answers)
    names = {BROKEN: "broken off"}
    return ", ".join(
        f"{count:,} × {names.get(status, status)}" for status, count in sorted(counted.items())
    )
