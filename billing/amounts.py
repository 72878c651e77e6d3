"""Credits as people read them."""

from billing.models import MICRO


def in_credits(micro: int) -> str:
    """Write micro-credits as credits, exactly and without trailing zeros."""
    whole, part = divmod(abs(micro), MICRO)
    decimals = f".{part:06d}".rstrip("0").rstrip(".")
    return f"{'-' if micro < 0 else ''}{whole}{decimals}"


def in_dollars(cents: int) -> str:
    """Write cents as US dollars."""
    whole, part = divmod(abs(cents), 100)
    return f"{'−' if cents < 0 else ''}${whole:,}.{part:02d}"
