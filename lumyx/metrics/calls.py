"""The calls of the whole service, as its web processes counted them."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from itertools import accumulate
from typing import TypeVar

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric

from gateway.call_counts import (
    BOUNDS_MS,
    BUCKETS,
    CALLS,
    CHARGE,
    CLASSES,
    FIRST_TOKEN_MS,
    FIRST_TOKENS,
    LATENCIES,
    LATENCY_MS,
    NOTHING,
    TOKENS,
    Kind,
)

ANTHROPIC = "messages"
"""How the endpoints begin that speak Anthropic's dialect."""
ANSWERED = 2
"""The class of the status of calls whose times are told: failures are fast or slow by accident."""
SECOND_MS = 1_000

Counts = Mapping[Kind, list[int]]
Key = TypeVar("Key", bound=Hashable)


def families(counts: Counts) -> Iterable[Metric]:
    """Give what is known of calls."""
    yield _calls(counts)
    yield _tokens(counts)
    yield _charges(counts)
    yield _times(
        counts,
        "lumyx_call_seconds",
        "Time from a call to the end of its answer.",
        first=LATENCIES,
        total=LATENCY_MS,
    )
    yield _times(
        counts,
        "lumyx_first_token_seconds",
        "Time from a call to the first output of its provider.",
        first=FIRST_TOKENS,
        total=FIRST_TOKEN_MS,
    )


def _calls(counts: Counts) -> Metric:
    labels = ("model", "endpoint", "dialect", "status", "streamed")
    found = CounterMetricFamily("lumyx_calls", "Calls that ended.", labels=labels)
    for kind, sums in counts.items():
        dialect = "anthropic" if kind.endpoint.startswith(ANTHROPIC) else "openai"
        status = f"{kind.status_class}xx"
        streamed = "true" if kind.streamed else "false"
        found.add_metric((kind.model, kind.endpoint, dialect, status, streamed), sums[CALLS])
    return found


def _tokens(counts: Counts) -> Metric:
    found = CounterMetricFamily(
        "lumyx_tokens",
        "Tokens that were used; reasoning is a part of output.",
        labels=("model", "bucket"),
    )
    for model, sums in _added(counts, lambda kind: kind.model).items():
        for place, bucket in enumerate(BUCKETS, start=TOKENS):
            if model:
                found.add_metric((model, bucket), sums[place])
    return found


def _charges(counts: Counts) -> Metric:
    found = CounterMetricFamily(
        "lumyx_charged_micro_credits", "What calls were charged.", labels=("model",)
    )
    for model, sums in _added(counts, lambda kind: kind.model).items():
        if model:
            found.add_metric((model,), sums[CHARGE])
    return found


def _times(counts: Counts, name: str, about: str, *, first: int, total: int) -> Metric:
    found = HistogramMetricFamily(name, about, labels=("model", "streamed"))
    answered = {kind: sums for kind, sums in counts.items() if kind.status_class == ANSWERED}
    bounds = [str(bound / SECOND_MS) for bound in BOUNDS_MS] + ["+Inf"]
    for (model, streamed), sums in _added(answered, lambda k: (k.model, k.streamed)).items():
        reached = list(accumulate(sums[first : first + CLASSES]))
        if reached[-1]:
            labels = (model, "true" if streamed else "false")
            buckets = list(zip(bounds, map(float, reached), strict=True))
            found.add_metric(labels, buckets, sums[total] / SECOND_MS)
    return found


def _added(counts: Counts, by: Callable[[Kind], Key]) -> dict[Key, list[int]]:
    added: dict[Key, list[int]] = {}
    for kind, sums in counts.items():
        before = added.get(by(kind), NOTHING)
        added[by(kind)] = [a + b for a, b in zip(before, sums, strict=True)]
    return added
