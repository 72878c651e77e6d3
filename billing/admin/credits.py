"""Credits as staff type and read them; beneath they are micro-credits."""

from decimal import Decimal
from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminDecimalFieldWidget

from billing.models import MICRO

MOST = 1_000_000
"""The largest amount that can be typed in, in credits."""


class CreditsField(forms.DecimalField):
    """A field for credits whose value is whole micro-credits."""

    widget = UnfoldAdminDecimalFieldWidget

    def __init__(self, *, least: int = 0, **options: Any) -> None:
        super().__init__(
            min_value=Decimal(least), max_value=Decimal(MOST), decimal_places=6, **options
        )

    def clean(self, value: Any) -> int | None:
        """Return the micro-credits that were typed in as credits."""
        credits = super().clean(value)
        return None if credits is None else int(credits * MICRO)


def in_credits(micro: int) -> str:
    """Write micro-credits as credits, exactly."""
    return f"{Decimal(micro) / MICRO:f}"
