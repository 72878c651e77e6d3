"""Somebody tries keys and watches the clock: what is refused must not tell why."""

import http.client
import itertools
import math
import secrets
import time
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import timedelta

from django.utils import timezone

from gateway import keys
from gateway.models import ApiKey
from lumyx.chaos import books
from lumyx.chaos.plant import Plant
from lumyx.chaos.scenario import Scenario, Seen

TEXTS = 250
"""Of each class. All are tried again and again, so that each class is as often remembered."""
EDGE = 0.05
"""How far from chance a guess by the clock may be."""
PASSING = {"date", "request-id", "x-request-id"}
"""Headers that differ from answer to answer, whoever asks."""


def guess(plant: Plant, times: int) -> Seen:
    """Send keys that never were, were revoked and have expired; compare answers and times."""
    seen, classes = Seen(), _keys(min(TEXTS, times))
    answers: dict[str, set[str]] = {name: set() for name in classes}
    took: dict[str, list[float]] = {name: [] for name in classes}
    shuffler = secrets.SystemRandom()
    wire = http.client.HTTPConnection("127.0.0.1", plant.nodes[0].port, timeout=10)
    for number in range(times):
        # In another order each time: none is always the first after a pause.
        for name in shuffler.sample(list(classes), len(classes)):
            texts = classes[name]
            began = time.perf_counter()
            answer = _ask(wire, texts[number % len(texts)])
            took[name].append(time.perf_counter() - began)
            answers[name].add(answer)
    wire.close()
    every = sorted(set().union(*answers.values()))
    shares = {
        f"{one} before {other}": quicker(took[one], took[other])
        for one, other in itertools.combinations(classes, 2)
    }
    edge = EDGE + 5 * math.sqrt((2 * times + 1) / (12 * times**2)) * (times < 1_000)
    seen.words = "one answer to all; quicker by chance: " + ", ".join(
        f"{name} in {share:.1%}" for name, share in shares.items()
    )
    seen.expect(len(every) == 1, f"{len(every):,} different answers, such as {every[:2]}")
    for name, share in shares.items():
        seen.expect(abs(share - 0.5) <= edge, f"{name} in {share:.1%} of pairs")
    return seen


def quicker(one: Sequence[float], other: Sequence[float]) -> float:
    """Return in which share of all pairs the first is smaller; equal ones count half."""
    ordered = sorted(other)
    least = sum(len(ordered) - bisect_right(ordered, value) for value in one)
    equal = sum(bisect_right(ordered, value) - bisect_left(ordered, value) for value in one)
    return (least + equal / 2) / (len(one) * len(other))


def _keys(count: int) -> dict[str, list[str]]:
    who, now = books.newcomer(), timezone.now()
    issued = [keys.issue(who.user, name="Chaos") for _ in range(2 * count)]
    revoked, expired = issued[:count], issued[count:]
    ApiKey.objects.filter(pk__in=[row.pk for row, _ in revoked]).update(revoked_at=now)
    ApiKey.objects.filter(pk__in=[row.pk for row, _ in expired]).update(
        expires_at=now - timedelta(seconds=1)
    )
    return {
        "unknown": [keys.generate() for _ in range(count)],
        "revoked": [text for _, text in revoked],
        "expired": [text for _, text in expired],
    }


def _ask(wire: http.client.HTTPConnection, key: str) -> str:
    """Return all of an answer that could tell one key from another."""
    wire.request("GET", "/api/v1/key", headers={"Authorization": f"Bearer {key}"})
    answer = wire.getresponse()
    body = answer.read().decode()
    id = answer.headers.get("x-request-id", "-")
    heads = sorted((k.lower(), v) for k, v in answer.getheaders() if k.lower() not in PASSING)
    return f"{answer.status} {heads} {body.replace(id, '')}"


SCENARIOS = [
    Scenario(
        "guessing",
        "keys tried that are unknown, revoked or expired, of each",
        2_000,
        200,
        "one answer; their times tell no more than chance ± 5 %",
        guess,
    ),
]
