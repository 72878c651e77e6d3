"""Prices as staff type them: credits per 1,000,000 tokens, with a second look at absurd ones."""

from collections.abc import Mapping
from typing import Any

from billing.admin.credits import CreditsField
from billing.amounts import in_credits
from billing.models import MICRO
from gateway.models import ModelPrice

LEAST = MICRO // 1_000
"""What is cheaper is hardly meant, in micro-credits per 1,000,000 tokens; free is."""
CHEAPER = 100
"""A price that falls to less than this part of what is in force is hardly meant."""


class PriceField(CreditsField):
    """A price of a row, shown and typed in credits per 1,000,000 tokens."""

    def __init__(self, label: str) -> None:
        super().__init__(label=label, help_text="Credits per 1,000,000 tokens.")

    def prepare_value(self, value: Any) -> Any:
        """Write a row's micro-credits in credits; what was typed stays as it is."""
        return in_credits(value) if isinstance(value, int) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare what was shown with what was sent."""
        return bool(super().has_changed(self.prepare_value(initial), data))


def absurd(prices: Mapping[str, int], present: ModelPrice | None) -> str:
    """Return which of these prices are hardly meant, in words, or nothing."""
    found = []
    for name, micro in prices.items():
        label = name.replace("_", " ")
        before = getattr(present, name, 0)
        if 0 < micro < LEAST:
            found.append(f"the {label} is below {in_credits(LEAST)} credits")
        elif micro * CHEAPER <= before and before > 0:
            found.append(f"the {label} falls from {in_credits(before)} to {in_credits(micro)}")
    return ", ".join(found)
