"""One call as a receipt: tokens × price by bucket, their sum, and how the charge came of it.

Amounts of lines are exact: millionths of a micro-credit, since prices are micro-credits per
1,000,000 tokens. Only the charge is whole micro-credits, and only `gateway.pricing` rounds.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway import plain_words, pricing
from gateway.models import ModelPrice, VipLevel
from gateway.pricing import TOKENS, Prices, Tokens

BUCKETS = {
    "input": "Input",
    "cache_read": "Input read from the cache",
    "cache_write": "Input written to the cache",
    "output": "Output",
}


@dataclass(frozen=True)
class Line:
    """The tokens of one bucket; the price is micro-credits per 1,000,000, the amount exact."""

    words: str
    tokens: int
    price: int
    list_price: int | None
    note: str = ""

    @property
    def amount(self) -> int:
        """What they cost, in millionths of a micro-credit."""
        return self.tokens * self.price


@dataclass(frozen=True)
class Attempt:
    """One try of one provider; `begin` and `ms` are milliseconds of the call."""

    provider: str
    begin: int
    ms: int
    words: str
    answered: bool


@dataclass(frozen=True)
class CallReceipt:
    """A call, and how its charge adds up: lines, rounding and cut make the charge exactly."""

    lines: list[Line]
    sum: int
    rounding: int
    cut: int
    charge: int
    why: str
    percent: int | None
    attempts: list[Attempt]


def of(call: dict[str, Any], prices: Prices) -> CallReceipt:
    """Return the receipt of a call as `usage.describe` tells it, at the prices of its row."""
    tokens = _tokens(call)
    cost = pricing.cost(tokens, prices) if call["charge_basis"] in CHARGED else 0
    listed = _list_prices(call["model"], datetime.fromisoformat(call["started_at"]))
    percent = _percent(listed, prices)
    lines = _lines(tokens, prices, listed if percent else None) if cost else []
    exact = sum(line.amount for line in lines)
    return CallReceipt(
        lines=lines,
        sum=exact,
        rounding=cost * TOKENS - exact,
        cut=cost - call["charge_micro"],
        charge=call["charge_micro"],
        why=plain_words.of_charge(call["charge_basis"]),
        percent=percent,
        attempts=_attempts(call["attempts"]),
    )


CHARGED = ("reported", "estimated")


def _tokens(call: dict[str, Any]) -> Tokens:
    used = call["tokens"]
    return Tokens(**{name: used[name] for name in (*BUCKETS, "reasoning")})


def _lines(tokens: Tokens, prices: Prices, listed: Prices | None) -> list[Line]:
    thought = f"of them {tokens.reasoning:,} for reasoning" if tokens.reasoning else ""
    return [
        Line(
            words,
            getattr(tokens, name),
            getattr(prices, name),
            getattr(listed, name) if listed else None,
            thought if name == "output" else "",
        )
        for name, words in BUCKETS.items()
        if getattr(tokens, name) or name in ("input", "output")
    ]


def _list_prices(model: str | None, at: datetime) -> Prices | None:
    found = ModelPrice.objects.in_force(at).filter(model__name=model or "").first()
    return found.prices if found else None


def _percent(listed: Prices | None, prices: Prices) -> int | None:
    """Return the share of the list prices that was paid, where a VIP level gives just that."""
    if listed is None or listed == prices:
        return None
    for percent in VipLevel.objects.values_list("price_percent", flat=True):
        if pricing.discounted(listed, percent=percent) == prices:
            return percent
    return None


def _attempts(rows: list[dict[str, Any]]) -> list[Attempt]:
    found, begin = [], 0
    for row in rows:
        reason = row.get("reason", "")
        words = plain_words.of_attempt(reason)
        found.append(Attempt(row["provider"], begin, row["ms"], words, answered=not reason))
        begin += row["ms"]
    return found
