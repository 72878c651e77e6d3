"""Providers at their worst: silent, broken off, dripping, malformed, oversized, wrong."""

import json
from collections import Counter
from collections.abc import Callable
from functools import partial

from lumyx.bench import accounting
from lumyx.chaos import books
from lumyx.chaos.calls import Answer, Kind, call_all
from lumyx.chaos.plant import Plant, wait_for
from lumyx.chaos.scenario import Scenario, Seen

AT_ONCE = 8
FLAT_BYTES = 40 * 2**20
"""What a web process may grow by: eight answers as large as they may be are read at once."""
RESETS = ("echo-reset-1", "echo-reset-300", "echo-reset-700", "echo-reset-1500")
Judge = Callable[[Answer], bool]


def refused(answer: Answer, status: int) -> bool:
    """Say whether a call was refused with a status, as its client's dialect says it."""
    try:
        body = json.loads(answer.text)
    except ValueError:
        return False
    if not isinstance(body.get("error"), dict):
        return False
    messages = body.get("type") == "error"
    return answer.status == status and messages is answer.messages


def whole(answer: Answer) -> bool:
    """Say whether an answer came whole."""
    return answer.whole


def broke(answer: Answer) -> bool:
    """Say whether a stream ended with an error, or the call was refused before it began."""
    in_stream = answer.status == 200 and answer.error and not answer.whole
    return in_stream or refused(answer, 502)


def misbehave(
    plant: Plant, times: int, *, models: tuple[str, ...], right: Judge, charged: bool | None
) -> Seen:
    """Have a provider do the same wrong thing again and again, for clients of both dialects."""
    seen, who = Seen(), books.newcomer()
    before = [accounting.memory_bytes(node.pid) for node in plant.nodes]
    kinds = [Kind(models[n // 2 % len(models)], messages=bool(n % 2)) for n in range(times)]
    apis = [node.api for node in plant.nodes]
    # Every process sees both dialects: an odd number of nodes would do that by itself.
    answers = call_all([*apis, *reversed(apis)], [who.key], kinds, at_once=AT_ONCE)
    grown = max(
        accounting.memory_bytes(node.pid) - was
        for node, was in zip(plant.nodes, before, strict=True)
    )
    wait_for(lambda: len(who.rows()) >= times, seconds=20, what="the rows of the calls")
    good = sum(right(answer) for answer in answers)
    charges = who.charges()
    ends = Counter(_end(answer) for answer in answers)
    told = ", ".join(f"{count} × {end}" for end, count in sorted(ends.items()))
    seen.words = f"{told}; {len(charges)} charged; memory {grown / 2**20:+.0f} MB"
    seen.expect(good == times, f"{times - good} of {times} ended otherwise than they must")
    billed = sum(row.charge for row in who.rows())
    seen.expect(billed == sum(charges), "the rows of the log and the ledger do not agree")
    if charged is not None:
        right_number = times if charged else 0
        seen.expect(len(charges) == right_number, f"{len(charges)} charges, not {right_number}")
    seen.expect(grown < FLAT_BYTES, f"memory grew by {grown / 2**20:.0f} MB")
    return seen


def _end(answer: Answer) -> str:
    if answer.status != 200:
        return str(answer.status or "broken off")
    if answer.whole:
        return "whole"
    return "error in the stream" if answer.error else "cut"


def _scenario(
    name: str,
    what: str,
    expected: str,
    right: Judge,
    *models: str,
    charged: bool | None = None,
    few: int = 8,
) -> Scenario:
    play = partial(misbehave, models=models or (f"echo-{name}",), right=right, charged=charged)
    return Scenario(
        name,
        f"provider {what}",
        100,
        few,
        f"{expected}; hold closed, memory flat",
        play,
    )


SCENARIOS = [
    _scenario("hang", "hangs", "504, free", partial(refused, status=504), charged=False),
    _scenario(
        "reset",
        "resets at byte 1, 300, 700, 1,500",
        "an error in the client’s dialect; what came is charged",
        broke,
        *RESETS,
    ),
    _scenario("drip", "drips 7 bytes at a time", "whole", whole, "echo-drip-7", charged=True),
    _scenario("garbage", "sends malformed events", "an error in the client’s dialect", broke),
    _scenario(
        "oversized", "sends an event of 8 MB", "an error in the client’s dialect", broke, few=4
    ),
    _scenario("no-usage", "reports no usage", "whole, charged by estimate", whole, charged=True),
    _scenario(
        "200-error",
        "says 200 with an error as its body",
        "502, free",
        partial(refused, status=502),
        charged=False,
    ),
]
