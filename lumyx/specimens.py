"""Made-up data for the style page, absurd values included."""

from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone

LONG = "A name of " + "very " * 30 + "great length"


class SpecimenForm(forms.Form):
    """One field of each kind."""

    name = forms.CharField(label="Name", help_text="What you will know it by.", required=False)
    kind = forms.ChoiceField(label="Kind", choices=[("a", "The first"), ("b", "The second")])
    notes = forms.CharField(label="Notes", widget=forms.Textarea, required=False)
    limit = forms.IntegerField(label="Requests a minute", min_value=1, max_value=1_000)
    news = forms.BooleanField(label="Product news", help_text="Now and then.", required=False)


class FilterForm(forms.Form):
    """What a table may be filtered by."""

    model = forms.CharField(required=False)
    state = forms.ChoiceField(choices=[("", "any"), ("good", "in force")], required=False)


def context() -> dict[str, Any]:
    """Return what the style page shows."""
    now = timezone.now()
    wrong = SpecimenForm({"name": LONG, "kind": "b", "limit": "0"})
    wrong.is_valid()
    days = [
        int((now - timedelta(days=n)).timestamp()) // 86_400 * 86_400 for n in range(13, -1, -1)
    ]
    values = [0, 3, 8, 5, 13, 21, 8, 0, 0, 34, 55, 21, 34, 12]
    return {
        "form": SpecimenForm(initial={"kind": "a", "limit": 60, "news": True}),
        "wrong": wrong,
        "long": LONG,
        "amounts": [0, 1, 1_500_000, 12_345_678_900_001, -250_000],
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
        "steps": ["Sign in", "Make a key", "Call a model"],
        "lines": [(" ", "We keep logs."), ("-", "For 90 days."), ("+", "For up to 30 days.")],
        "events": [
            {"title": "Answered", "at": now, "text": "By the second provider."},
            {"title": "Refused", "at": now - timedelta(seconds=80), "text": ""},
        ],
        "chart": {
            "title": "Requests by day",
            "data_id": "specimen-data",
            "names": ["Requests"],
            "rows": [(now - timedelta(days=13 - n), [value]) for n, value in enumerate(values)],
            "data": {
                "days": days,
                "series": [
                    {"name": "Requests", "unit": "requests", "values": values, "whole": True}
                ],
            },
        },
    }
