"""A figure on Home: what it says, how it stands, and the list it leads to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince

from billing.models import MICRO

GOOD, WARN, BAD = "good", "warn", "bad"
MICRO_PER_HUNDREDTH = MICRO // 100
SECOND_MS = 1_000
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Tile:
    """A figure with the words beside it; whoever may not open its list does not see it."""

    label: str
    figure: str
    note: str = ""
    state: str = ""
    href: str = ""

    @property
    def calls_for_somebody(self) -> bool:
        """Whether somebody should look."""
        return self.state in (WARN, BAD)


def listed(model: str, wanted: Mapping[str, object] | None = None) -> str:
    """Return the address of a model's list in the admin, such as `billing.order`, filtered."""
    address = reverse(f"admin:{model.replace('.', '_')}_changelist")
    return f"{address}?{urlencode(wanted)}" if wanted else address


def credits(micro: int) -> SafeString:
    """Write credits to the hundredth, with the exact amount for the pointer."""
    return format_html(
        '<data value="{}" title="{} micro-credits">{}</data>',
        micro,
        f"{micro:,}",
        hundredths(micro),
    )


def hundredths(micro: int) -> str:
    """Write millionths as a number with two digits, rounded half away from zero."""
    cents = (abs(micro) + MICRO_PER_HUNDREDTH // 2) // MICRO_PER_HUNDREDTH
    whole, part = divmod(cents, 100)
    return f"{'−' if micro < 0 and cents else ''}{whole:,}.{part:02d}"


def dollars(micro: int) -> str:
    """Write micro-dollars as US dollars to the cent."""
    words = hundredths(micro)
    return f"−${words[1:]}" if words.startswith("−") else f"${words}"


def ago(at: datetime, now: datetime) -> str:
    """Write how long ago something was."""
    return "just now" if now - at < MINUTE else f"{timesince(at, now, depth=1)} ago"


def percent(share: float | None) -> str:
    """Write a share as per cent; a dash where there is none."""
    if share is None:
        return "–"
    return f"{100 * share:.1f} %".replace("-", "−")


def lasting(ms: int | None) -> str:
    """Write milliseconds, as seconds where they are many; a dash where there are none."""
    if ms is None:
        return "–"
    return f"{ms:,} ms" if ms < 10 * SECOND_MS else f"{ms / SECOND_MS:.1f} s"


def counted(number: int, one: str, many: str) -> str:
    """Write a number of things."""
    return f"{number:,} {one if number == 1 else many}"
