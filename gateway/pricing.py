"""What a call costs, in whole micro-credits; the only place where anything is rounded."""

from collections.abc import Sequence
from functools import lru_cache

import msgspec

TOKENS = 1_000_000
"""Prices are micro-credits per this many tokens."""
MOST_TOKENS = 10**8
"""No single call uses more tokens than this; a larger count is a mistake of its reporter."""


class Prices(msgspec.Struct, frozen=True, gc=False):
    """Micro-credits per 1,000,000 tokens, by bucket."""

    input: int
    cache_read: int
    cache_write: int
    output: int


class Tokens(msgspec.Struct, frozen=True, gc=False):
    """Tokens in disjoint buckets; `reasoning` is the part of `output` that was thought."""

    input: int = 0
    cache_read: int = 0
    cache_write: int = 0
    output: int = 0
    reasoning: int = 0


def cost(tokens: Tokens, prices: Prices) -> int:
    """Return the cost of a call in micro-credits, rounded up once."""
    total = (
        tokens.input * prices.input
        + tokens.cache_read * prices.cache_read
        + tokens.cache_write * prices.cache_write
        + tokens.output * prices.output
    )
    return -(-total // TOKENS)


def cost_in_sql(tokens: Sequence[str], prices: Sequence[str], *, dearest: int) -> str:
    """Return `cost` as an SQL expression over columns in the order of the buckets.

    It is whole and exact; `dearest` is the highest price that is to be reckoned with.
    """
    most = len(prices) * MOST_TOKENS * dearest + TOKENS
    kind = "bigint" if most < 2**63 else "numeric"
    total = " + ".join(
        f"{count}::{kind} * {price}" for count, price in zip(tokens, prices, strict=True)
    )
    return (
        f"div({total} + {TOKENS - 1}, {TOKENS})"
        if kind == "numeric"
        else (f"(({total} + {TOKENS - 1}) / {TOKENS})")
    )


@lru_cache(maxsize=4_096)
def discounted(prices: Prices, *, percent: int) -> Prices:
    """Return the prices at a percentage of them, each a whole number, rounded up."""
    if percent == 100:
        return prices
    return Prices(
        input=-(-prices.input * percent // 100),
        cache_read=-(-prices.cache_read * percent // 100),
        cache_write=-(-prices.cache_write * percent // 100),
        output=-(-prices.output * percent // 100),
    )


def dearest_input(prices: Prices) -> int:
    """Return the price of an input token whose bucket is not known yet."""
    return max(prices.input, prices.cache_read, prices.cache_write)


def worst_case(prices: Prices, *, most_input: int, most_output: int) -> int:
    """Return what a call may cost at the most, in micro-credits."""
    total = most_input * dearest_input(prices) + most_output * prices.output
    return -(-total // TOKENS)


def affordable_output(prices: Prices, *, amount: int, input_tokens: int) -> int:
    """Return how many output tokens an amount still pays for after the input; at least 1."""
    left = amount * TOKENS - input_tokens * prices.input
    return MOST_TOKENS if prices.output == 0 else max(1, left // prices.output)
