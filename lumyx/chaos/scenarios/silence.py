"""PostgreSQL or Redis says nothing more, though its connections stay: its machine is gone."""

import contextlib
import time
from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit

from lumyx.chaos import books
from lumyx.chaos.cable import Cable, cable
from lumyx.chaos.calls import Answer, Kind, load, statuses
from lumyx.chaos.charges import expect_charges
from lumyx.chaos.plant import Node, Plant, wait_for
from lumyx.chaos.scenario import Scenario, Seen

KINDS = [Kind("whole", stream=False), Kind("stream")]
QUIET_SECONDS = 25
"""For how long PostgreSQL is silent: calls are refused while it is."""
REDIS_SECONDS = 5
REFUSED_SECONDS = 15
"""Six for an answer, after up to five for a connection."""
SLOWEST_SECONDS = 3
BACK_SECONDS = 10


def fall_silent(wire: Cable, answers: list[Answer], times: int, *, seconds: float) -> list[float]:
    """Let an engine say nothing for so long, and speak again; return when calls went on."""
    backs = []
    for _ in range(times):
        _await_good(answers, 20)
        wire.be("hang")
        time.sleep(seconds)
        wire.be("pass")
        backs.append(_await_good(answers, 20))
    return backs


@contextlib.contextmanager
def wired(plant: Plant, setting: str) -> Iterator[tuple[Cable, Node]]:
    """Run a web process that reaches one of the engines over a cable."""
    url = urlsplit(plant.environment[setting])
    with cable(to=url.port or 0) as wire:
        place = url.netloc.rpartition(":")[0]
        through = urlunsplit(url._replace(netloc=f"{place}:{wire.port}"))
        with plant.web(nodes=1, settings={setting: through}) as [node]:
            yield wire, node


def silence_postgresql(plant: Plant, times: int) -> Seen:
    """Let PostgreSQL fall silent under load, and speak again."""
    seen, who = Seen(), books.newcomer()
    keys = books.more_keys(who, 8)
    with (
        wired(plant, "DATABASE_URL") as (wire, node),
        load([node.api], keys, KINDS, callers=8, every=0.25) as calling,
    ):
        backs = fall_silent(wire, calling.answers, times, seconds=QUIET_SECONDS)
    refused = [a for a in calling.answers if a.status == 503]
    slowest = max([a.ended - a.began for a in refused], default=0)
    whole = sum(a.whole for a in calling.answers)
    seen.words = (
        f"{statuses(calling.answers)}; the slowest refusal came after {slowest:.1f} s; back"
        f" {max(backs):.1f} s after it spoke again"
    )
    others = {a.status for a in calling.answers} - {200, 503}
    seen.expect(not others, f"other statuses than 200 and 503: {sorted(others)}")
    seen.expect(bool(refused), "nothing was refused while it was silent")
    seen.expect(all(a.retry_after for a in refused), "a 503 had no Retry-After")
    seen.expect(slowest < REFUSED_SECONDS, f"a refusal came after {slowest:.1f} s")
    seen.expect(max(backs) < BACK_SECONDS, f"back only after {max(backs):.1f} s")
    expect_charges(seen, [who], whole)
    return seen


def silence_redis(plant: Plant, times: int) -> Seen:
    """Let Redis fall silent under load, and speak again."""
    seen, who = Seen(), books.newcomer()
    keys = books.more_keys(who, 8)
    with (
        wired(plant, "REDIS_URL") as (wire, node),
        load([node.api], keys, KINDS, callers=8, pause=0.05) as calling,
    ):
        fall_silent(wire, calling.answers, times, seconds=REDIS_SECONDS)
    slowest = max(a.ended - a.began for a in calling.answers)
    whole = sum(a.whole for a in calling.answers)
    seen.words = f"{statuses(calling.answers)}; the slowest answer took {slowest:.1f} s"
    seen.expect(whole == len(calling.answers), "not every call came whole")
    seen.expect(slowest < SLOWEST_SECONDS, f"a call waited for {slowest:.1f} s")
    expect_charges(seen, [who], whole)
    return seen


def _await_good(answers: list[Answer], count: int) -> float:
    """Wait until so many calls that begin from now on came whole; return how long it took."""
    now = time.monotonic()
    return wait_for(
        lambda: sum(a.began > now and a.whole for a in answers) >= count,
        seconds=60,
        what="whole answers",
    )


SCENARIOS = [
    Scenario(
        "postgresql-silent",
        "PostgreSQL silent under load, its connections open",
        1,
        1,
        "503 with Retry-After in < 15 s; back in < 10 s; money exact",
        silence_postgresql,
    ),
    Scenario(
        "redis-silent",
        "Redis silent under load, its connections open",
        5,
        1,
        "every call answered, in < 3 s; money exact",
        silence_redis,
    ),
]
