"""What a call would cost, written out like a receipt: tokens × price, added up, rounded up once."""

from dataclasses import dataclass

from billing.models import MICRO
from gateway.pricing import TOKENS, Prices, Tokens, cost

EXACT = MICRO * TOKENS
"""How many of the units of tokens × price one credit has."""

BUCKETS = {
    "input": "Input",
    "cache_read": "Cache read",
    "cache_write": "Cache write",
    "output": "Output",
}
"""What each bucket of tokens is called."""


@dataclass(frozen=True)
class Line:
    """One bucket: its tokens, and their price in micro-credits per 1,000,000."""

    bucket: str
    tokens: int
    price: int

    @property
    def amount(self) -> str:
        """What they cost in credits, exactly: up to 12 decimals, never rounded."""
        return exact_credits(self.tokens * self.price, decimals=2)


@dataclass(frozen=True)
class Bill:
    """What a call costs; the charge is micro-credits."""

    lines: tuple[Line, ...]
    charge: int

    @property
    def total(self) -> str:
        """The sum of the lines in credits, before it is rounded."""
        exact = sum(line.tokens * line.price for line in self.lines)
        return exact_credits(exact, decimals=2)


def bill(tokens: Tokens, prices: Prices) -> Bill:
    """Return the bill of a call that uses these tokens."""
    lines = tuple(
        Line(words, getattr(tokens, bucket), getattr(prices, bucket))
        for bucket, words in BUCKETS.items()
    )
    return Bill(lines, cost(tokens, prices))


def exact_credits(amount: int, *, decimals: int = 0) -> str:
    """Write millionths of a micro-credit as credits, with as many decimals as that takes.

    These are 12 at the most, and at least so many.
    """
    whole, part = divmod(abs(amount), EXACT)
    shown = f"{part:012d}".rstrip("0").ljust(decimals, "0")
    return f"{'−' if amount < 0 else ''}{whole:,}{'.' if shown else ''}{shown}"
