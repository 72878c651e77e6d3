"""The first page of the console."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.pages import signed_in
from billing import accounts
from billing.amounts import in_credits
from gateway import activity, calls, public_prices, snippets
from gateway.pages import day_charts
from gateway.pages.usage import listed
from gateway.tallies import Book, log_begins
from gateway.usage import SLACK, Query

STEPS = ["Make a key", "Paste the code", "See the call here"]
LAST_CALLS = 8
EVERY_SECONDS = 5
SECONDS = 0.02
"""How long a look may add up for; the page asks again until all is there."""


@never_cache
@login_required
@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    """Show what the account has and what it does."""
    context = _context(request)
    if not context["calls"]:
        context |= _first_steps(context["has_key"])
    return render(request, "gateway/dashboard/dashboard.html", context)


@never_cache
@login_required
@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """Show the part that changes with each call, and the chart's numbers."""
    context = _context(request) | {"drawn": "chart" in request.GET}
    return render(request, "gateway/dashboard/update.html", context)


def _context(request: HttpRequest) -> dict[str, Any]:
    user, now = signed_in(request), datetime.now(UTC)
    account = accounts.open_for(user)
    keys = list(user.api_keys.all())
    names = {key.pk.hex: key.name for key in keys}
    book = Book(account, keys, now=now)
    latest = Query(start=log_begins(now), end=now + SLACK, limit=LAST_CALLS)
    found = calls.search(book, latest)
    days = activity.days(book, seconds=SECONDS)
    choice = day_charts.read(request.GET)
    totals = activity.totals(account, days[-1])
    times = activity.times(account, now=now) if found.calls else activity.Times(0)
    return {
        "every": EVERY_SECONDS,
        "totals": totals,
        "times": times,
        **_notes(totals, times, known=days[-1].known),
        "requests_trend": [day.tally.calls for day in days],
        "no_credits": f"You have no credits {'left' if found.calls else 'yet'}.",
        "calls": listed(found.calls, names),
        "splits": _splits(days, names),
        "has_key": any(key.is_in_force(now) and not key.is_playground for key in keys),
        "short_log": any(key.log_days < activity.CHART_DAYS for key in keys),
        "chart_days": activity.CHART_DAYS,
        "known_days": sum(day.known for day in days),
        "unknown_days": sum(not day.known for day in days),
        "choice": choice,
        "measures": [(name, words) for name, (words, _) in day_charts.MEASURES.items()],
        "by": list(day_charts.SPLITS.items()),
        "chart": day_charts.draw(choice, days, names),
    }


def _notes(totals: activity.Totals, times: activity.Times, *, known: bool) -> dict[str, str]:
    """Return the small words below the tiles."""
    of = "last 24 hours" if times.calls < activity.TIMED_CALLS else f"last {times.calls:,} calls"
    percent = f"{totals.error_percent:.1f}".removesuffix(".0")
    return {
        "held_note": f"{in_credits(totals.held)} held for calls under way" if totals.held else "",
        "error_note": f"{percent} % of today’s requests" if known else "still adding up",
        "latency_note": f"95 % within {times.p95 or 0:,} ms · {of}",
        "first_note": f"95 % within {times.first_p95 or 0:,} ms · streamed, {of}",
    }


def _first_steps(has_key: bool) -> dict[str, Any]:
    return {
        "steps": STEPS,
        "step": 2 if has_key else 1,
        "samples": snippets.first_call(f"{settings.PUBLIC_URL}/api", model=first_model()),
    }


def _splits(days: list[activity.Day], names: dict[str, str]) -> list[dict[str, Any]]:
    """Return the last days by model and by key, each line leading to its calls."""
    found = []
    for title, dimension, parameter in (("model", "model", "model"), ("key", "key_id", "key")):
        shares = activity.split(days, dimension)
        most = max((share.tally.charge for share in shares), default=0)
        rows = [
            {
                "name": names.get(share.value, "–") if parameter == "key" else share.value,
                "tally": share.tally,
                "address": urlencode({parameter: share.value, "range": "7d"}),
                "most": most,
            }
            for share in shares
        ]
        if rows:
            found.append({"title": title, "rows": rows})
    return found


def first_model() -> str:
    """Return the name of a model that can be called, for code to paste."""
    names = [listing.name for listing in public_prices.listed() if "chat" in listing.capabilities]
    return snippets.MODEL if snippets.MODEL in names or not names else names[0]
