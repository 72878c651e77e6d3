"""What a call would cost, written out like a receipt: tokens × price, added up, rounded up once."""

from dataclasses import dataclass

from gateway.pricing import Prices, Tokens, cost

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
        return exactly(self.tokens * self.price)


@dataclass(frozen=True)
class Bill:
    """What a call costs; the charge is micro-credits."""

    lines: tuple[Line, ...]
    charge: int

    @property
    def total(self) -> str:
        """The sum of the lines in credits, before it is rounded."""
        return exactly(sum(line.tokens * line.price for line in self.lines))


def bill(tokens: Tokens, prices: Prices) -> Bill:
    """Return the bill of a call that uses these tokens."""
    lines = tuple(
        Line(words, getattr(tokens, bucket), getattr(prices, bucket))
        for bucket, words in BUCKETS.items()
    )
    return Bill(lines, cost(tokens, prices))


def exactly(product: int) -> str:
    """Write tokens × micro-credits per 1,000,000 tokens as credits."""
    whole, part = divmod(product, 10**12)
    decimals = f"{part:012d}".rstrip("0")
    return f"{whole:,}.{decimals:0<2}"
