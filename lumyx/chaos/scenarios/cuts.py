"""The connection to PostgreSQL is cut as it commits, and the same call is made again."""

import asyncio
import random
import uuid
from collections import Counter

from billing.models import LedgerEntry, LedgerKind
from lumyx.chaos import books
from lumyx.chaos.cable import Cable
from lumyx.chaos.calls import Answer, Kind, call, session
from lumyx.chaos.plant import Node, Plant
from lumyx.chaos.scenario import Scenario, Seen
from lumyx.chaos.scenarios.silence import wired

TRIES = 20


def cut_at_commit(plant: Plant, times: int) -> Seen:
    """Cut the connection in place of what a commit answers, or of the request that commits."""
    seen, who = Seen(), books.newcomer()
    many = books.more_keys(who, 4)
    with wired(plant, "DATABASE_URL") as (wire, node):
        ends, tries = asyncio.run(_cut_and_retry(wire, node, many, times))
    charges = LedgerEntry.objects.filter(account=who.account, kind=LedgerKind.USAGE).count()
    told = ", ".join(f"{count} × {end}" for end, count in sorted(ends.items()))
    seen.words = (
        f"{wire.cuts} cuts; {tries} calls for {times} ids, which ended as {told}; {charges} charges"
    )
    seen.expect(wire.cuts >= times * 0.9, f"only {wire.cuts} cuts were made")
    seen.expect(charges == times, f"{charges} charges for {times} ids")
    good = ends["answered"] + ends["known as charged"]
    seen.expect(good == times, f"{times - good} ids came to no good end")
    return seen


async def _cut_and_retry(
    wire: Cable, node: Node, many: list[str], times: int
) -> tuple[Counter[str], int]:
    dice = random.Random(times)
    ends: Counter[str] = Counter()
    tries = 0
    async with session() as client:
        await call(client, node.api, many[0], Kind("echo-hang"))
        for number in range(times):
            kind = Kind("whole", stream=False, headers={"Idempotency-Key": str(uuid.uuid4())})
            # A call has two commits: that of its hold and that of its settlement.
            wire.plan_cut(dice.choice(["request", "answer"]), number=dice.randint(1, 2))
            for _ in range(TRIES):
                tries += 1
                answer = await call(client, node.api, many[number % len(many)], kind)
                if (end := _end(answer)) is not None:
                    break
                await asyncio.sleep(0.1)
            ends[end or f"status {answer.status}"] += 1
    return ends, tries


def _end(answer: Answer) -> str | None:
    if answer.whole:
        return "answered"
    if answer.status == 409 and "idempotency_key_used" in answer.text:
        return "known as charged"
    return None


SCENARIOS = [
    Scenario(
        "commit",
        "connection cut at COMMIT, the same id tried again",
        200,
        12,
        "no double charge",
        cut_at_commit,
    ),
]
