"""Made-up data for the style page, absurd values included."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone

LONG = "A name of " + "very " * 30 + "great length"


class SpecimenForm(forms.Form):
    """One field of each kind."""

    name = forms.CharField(
        label="Name", help_text="What you will know it by.", max_length=60, required=False
    )
    kind = forms.ChoiceField(label="Kind", choices=[("a", "The first"), ("b", "The second")])
    notes = forms.CharField(
        label="Notes", widget=forms.Textarea(attrs={"rows": 3}), max_length=20, required=False
    )
    limit = forms.IntegerField(label="Requests a minute", min_value=1, max_value=1_000)
    news = forms.BooleanField(label="Product news", help_text="Now and then.", required=False)


class LockedForm(forms.Form):
    """Fields that cannot be changed now."""

    name = forms.CharField(label="Name", disabled=True, initial="Laptop")
    kind = forms.ChoiceField(label="Kind", choices=[("a", "The first")], disabled=True)


class FilterForm(forms.Form):
    """What a table may be filtered by."""

    model = forms.CharField(required=False)
    state = forms.ChoiceField(choices=[("", "any"), ("good", "in force")], required=False)


def context() -> dict[str, Any]:
    """Return what the style page shows."""
    now = timezone.now()
    wrong = SpecimenForm({"name": LONG, "kind": "none", "limit": "0", "notes": LONG})
    wrong.is_valid()
    days = [
        int((now - timedelta(days=n)).timestamp()) // 86_400 * 86_400 for n in range(13, -1, -1)
    ]
    values = [0, 3, 8, 5, 13, 21, 8, 0, 0, 34, 55, 21, 34, 12]
    return {
        "form": SpecimenForm(initial={"kind": "a", "limit": 60, "news": True}),
        "wrong": wrong,
        "locked": LockedForm(),
        "long": LONG,
        "amounts": [0, 1, 1_500_000, 12_345_678_900_001, -250_000, None],
        "moments": [
            now,
            now - timedelta(minutes=7),
            now - timedelta(days=40),
            now + timedelta(days=3),
        ],
        "trend": values,
        "flat": [0] * 14,
        "samples": [
            ("curl", "curl https://lumyx.example/api/v1/models"),
            ("Python", "import openai"),
        ],
        "filters": list(FilterForm()),
        "columns": [
            {"words": "Name", "sorted": "up", "url": "#main"},
            {"words": "State", "url": "#main"},
            {"words": "Spent", "numbers": True, "url": "#main"},
        ],
        "columns_down": [
            {"words": "Name"},
            {"words": "State"},
            {"words": "Spent", "numbers": True, "sorted": "down", "url": "#main"},
        ],
        "steps": ["Sign in", "Make a key", "Call a model"],
        "lines": [(" ", "We keep logs."), ("-", "For 90 days."), ("+", "For up to 30 days.")],
        "events": [
            {"title": "Answered", "at": now, "text": "By the second provider."},
            {"title": "Refused", "at": now - timedelta(seconds=80), "text": ""},
        ],
        "charts": [
            _chart("Requests", "requests", days, values),
            _chart("Credits", "credits", days, [value / 1_000_000 for value in values]),
            _chart("Nothing", "requests", days, [0] * 14),
            _stacked("Models", "requests", days, values),
        ],
    }


def _chart(name: str, unit: str, days: list[int], values: list[Any]) -> dict[str, Any]:
    whole = all(isinstance(value, int) for value in values)
    return {
        "title": f"{name} by day",
        "data_id": f"specimen-{name.lower()}",
        "names": [name],
        "rows": [
            (datetime.fromtimestamp(day, UTC), [value if whole else f"{value:.6f}"])
            for day, value in zip(days, values, strict=True)
        ],
        "data": {
            "days": days,
            "series": [{"name": name, "unit": unit, "values": values, "whole": whole}],
        },
    }


def _stacked(name: str, unit: str, days: list[int], values: list[int]) -> dict[str, Any]:
    names = [f"A model of number {number}" for number in range(1, 7)] + ["5 others"]
    parts = [[value * (8 - number) for value in values] for number in range(1, 8)]
    chart = _chart(name, unit, days, values)
    chart["names"] = names
    chart["rows"] = [
        (datetime.fromtimestamp(day, UTC), [part[n] for part in parts])
        for n, day in enumerate(days)
    ]
    chart["data"]["series"] = [
        {"name": one, "unit": unit, "values": part, "whole": True}
        for one, part in zip(names, parts, strict=True)
    ]
    return chart
