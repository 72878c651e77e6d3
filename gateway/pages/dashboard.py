"""The first page of the console."""

from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.pages import signed_in
from billing import accounts
from billing.amounts import in_credits
from gateway import activity, public_prices, snippets

STEPS = ["Make a key", "Paste the code", "See the call here"]


@never_cache
@login_required
@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    """Show what the account has and what it does."""
    return render(request, "gateway/dashboard.html", _context(request))


@never_cache
@login_required
@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """Show the part that changes with each call."""
    return render(request, "gateway/live.html", _context(request))


def _context(request: HttpRequest) -> dict[str, Any]:
    user = signed_in(request)
    account = accounts.open_for(user)
    days = activity.days(account)
    calls = activity.last_calls(account)
    first = user.api_keys.in_force().programs().exists()
    return {
        "totals": activity.totals(account, days[-1]),
        "days": days,
        "requests_trend": [day.requests for day in days],
        "calls": calls,
        "split": activity.split(account) if calls else [],
        "has_key": first,
        "short_log": user.api_keys.filter(log_days__lt=activity.CHART_DAYS).exists(),
        "chart_days": activity.CHART_DAYS,
        "steps": STEPS,
        "step": 2 if first else 1,
        "samples": snippets.first_call(f"{settings.PUBLIC_URL}/api", model=first_model()),
        "requests_chart": _chart(
            "Requests by day", "requests", days, [day.requests for day in days], "requests"
        ),
        "spend_chart": _chart(
            "Credits spent by day",
            "spend",
            days,
            [day.charge / 1_000_000 for day in days],
            "credits",
        ),
    }


def _chart(
    title: str, name: str, days: list[activity.Day], values: list[Any], unit: str
) -> dict[str, Any]:
    """Return a chart's data, and the table that says the same."""
    exact = [in_credits(day.charge) if name == "spend" else day.requests for day in days]
    return {
        "title": title,
        "data_id": f"{name}-data",
        "names": [unit.capitalize()],
        "rows": [(day.day, [value]) for day, value in zip(days, exact, strict=True)],
        "data": {
            "days": [
                int(datetime(*day.day.timetuple()[:3], tzinfo=UTC).timestamp()) for day in days
            ],
            "series": [
                {"name": title, "unit": unit, "values": values, "whole": name == "requests"}
            ],
        },
    }


def first_model() -> str:
    """Return the name of a model that can be called, for code to paste."""
    names = [listing.name for listing in public_prices.listed() if "chat" in listing.capabilities]
    return snippets.MODEL if snippets.MODEL in names or not names else names[0]
