"""The chart of the dashboard: one measure by UTC day, whole or by model or key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from billing.amounts import in_credits
from billing.models import MICRO
from gateway.activity import Day
from gateway.tallies import Tally, midnight

MEASURES = {
    "requests": ("Requests", "requests"),
    "spend": ("Credits spent", "credits"),
    "tokens": ("Tokens", "tokens"),
    "errors": ("Errors", "errors"),
}
SPLITS = {"": "In all", "model": "By model", "key": "By key"}
DIMENSION = {"model": "model", "key": "key_id"}
SERIES_MOST = 6
"""How many colours are told apart; what is left is one series more."""


@dataclass(frozen=True)
class Choice:
    """What is drawn."""

    measure: str = "requests"
    split: str = ""

    @property
    def title(self) -> str:
        """What it shows, in words."""
        return f"{MEASURES[self.measure][0]} by day" + (f" and {self.split}" if self.split else "")


def read(given: Mapping[str, str]) -> Choice:
    """Return what an address asks for; what is unknown is as if it were not there."""
    measure, split = given.get("chart", ""), given.get("by", "")
    return Choice(measure if measure in MEASURES else "requests", split if split in SPLITS else "")


def draw(choice: Choice, days: Sequence[Day], names: Mapping[str, str]) -> dict[str, Any]:
    """Return a chart's data, and the table that says the same; `names` are those of keys."""
    unit = MEASURES[choice.measure][1]
    series = _series(choice, days, names)
    whole = choice.measure != "spend"
    return {
        "title": choice.title,
        "data_id": "days",
        "names": [name for name, _ in series],
        "rows": [
            (day.day, [_said(values[n], whole) for _, values in series])
            for n, day in enumerate(days)
        ],
        "data": {
            "title": choice.title,
            "days": [int(midnight(day.day).timestamp()) for day in days],
            "series": [
                {
                    "name": name,
                    "unit": unit,
                    "whole": whole,
                    "values": values if whole else [value / MICRO for value in values],
                }
                for name, values in series
            ],
        },
    }


def _series(
    choice: Choice, days: Sequence[Day], names: Mapping[str, str]
) -> list[tuple[str, list[int]]]:
    title = MEASURES[choice.measure][0]
    if not choice.split:
        return [(title, [_measure(choice, day.tally) for day in days])]
    parts = [day.by(DIMENSION[choice.split]) for day in days]
    values = {value for part in parts for value in part}
    found = {
        value: [_measure(choice, part.get(value, Tally())) for part in parts] for value in values
    }
    ordered = sorted(found, key=lambda value: (-sum(found[value]), value))
    ordered = [value for value in ordered if sum(found[value])]
    if not ordered:
        return [(title, [0] * len(days))]
    shown, rest = ordered[:SERIES_MOST], ordered[SERIES_MOST:]
    series = [(_name(choice, value, names), found[value]) for value in shown]
    if rest:
        left = [sum(found[value][n] for value in rest) for n in range(len(days))]
        series.append((f"{len(rest)} others", left))
    return series


def _measure(choice: Choice, tally: Tally) -> int:
    return {
        "requests": tally.calls,
        "errors": tally.errors,
        "spend": tally.charge,
        "tokens": tally.tokens,
    }[choice.measure]


def _name(choice: Choice, value: str, names: Mapping[str, str]) -> str:
    if choice.split == "key":
        return names.get(value, "A key that is gone")
    return value or "No model"


def _said(value: int, whole: bool) -> str:
    return f"{value:,}" if whole else in_credits(value)
