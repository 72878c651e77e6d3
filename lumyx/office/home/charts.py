"""Home's charts, drawn by Chart.js, each with the same numbers as a table."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from billing import revenue
from billing.amounts import in_dollars
from gateway import spending, traffic
from gateway.hourly_use import log_begins
from lumyx.office.home.tile import dollars, hundredths

INK = "#78716c"
"""The ticks' grey, which is read on the light ground and on the dark one."""
CENTS, MICRO = 100, 1_000_000


@dataclass(frozen=True)
class Series:
    """A line or the bars of one kind; `tone` names its colour in css/office."""

    name: str
    tone: str
    values: Sequence[float]
    words: Sequence[str]


@dataclass(frozen=True)
class Chart:
    """Series over the same times."""

    title: str
    kind: str
    unit: str
    times: Sequence[str]
    series: Sequence[Series]
    summary: str

    @property
    def template(self) -> str:
        """Return unfold's part that draws it."""
        return f"unfold/components/chart/{self.kind}.html"

    @property
    def data(self) -> str:
        """Return what Chart.js draws."""
        return json.dumps(
            {"labels": list(self.times), "datasets": [self._dataset(one) for one in self.series]}
        )

    def _dataset(self, one: Series) -> dict[str, Any]:
        colour = f"var(--office-chart-{one.tone})"
        common = {
            "label": one.name,
            "data": list(one.values),
            "borderColor": colour,
            "backgroundColor": colour,
        }
        if self.kind == "bar":
            return common | {"stack": "all", "borderWidth": 0, "barPercentage": 0.8}
        return common | {"borderWidth": 2, "pointRadius": 0, "pointHitRadius": 8}

    @property
    def options(self) -> str:
        """Return how Chart.js draws it: the axis begins at zero."""
        ticks: dict[str, Any] = {"color": INK, "maxRotation": 0, "autoSkipPadding": 16}
        axis = {"beginAtZero": True, "ticks": ticks, "border": {"display": False}}
        return json.dumps(
            {
                "animation": False,
                "responsive": True,
                "maintainAspectRatio": False,
                "interaction": {"mode": "index", "intersect": False},
                "plugins": {"legend": {"display": False}},
                "scales": {
                    "x": axis | {"stacked": self.kind == "bar", "grid": {"display": False}},
                    "y": axis
                    | {
                        "stacked": self.kind == "bar",
                        "grid": {},
                        "ticks": {"color": INK, "maxTicksLimit": 5},
                        "title": {"display": True, "text": self.unit, "color": INK},
                    },
                },
            }
        )

    @property
    def rows(self) -> list[tuple[str, list[str]]]:
        """Return the numbers as a table's rows, the newest first."""
        columns = [one.words for one in self.series]
        return list(zip(self.times, ([*row] for row in zip(*columns, strict=True)), strict=True))[
            ::-1
        ]


def calls(now: datetime) -> Chart:
    """Return the calls of the last 24 hours, by how they ended."""
    found = traffic.by_hour(now)
    hours = list(found.values())
    answered = [one.calls - one.refused - one.failed for one in hours]
    refused, failed = [one.refused for one in hours], [one.failed for one in hours]
    return Chart(
        title="Requests and errors by hour",
        kind="bar",
        unit="requests",
        times=[f"{hour:%H:%M}" for hour in found],
        series=[
            _counted("Answered", "main", answered),
            _counted("Refused (4xx)", "quiet", refused),
            _counted("Failed (5xx)", "bad", failed),
        ],
        summary=f"{sum(answered):,} requests answered, {sum(refused):,} refused and"
        f" {sum(failed):,} failed in the last 24 hours (UTC).",
    )


def _counted(name: str, tone: str, values: Sequence[int]) -> Series:
    return Series(name, tone, values, [f"{value:,}" for value in values])


def money(now: datetime, *, takings: bool, spent: bool) -> Chart:
    """Return what came in, what was spent, and what that cost us, for 30 days."""
    begins = log_begins(now)
    days = [(begins + timedelta(days=n)).date() for n in range((now - begins).days + 1)]
    series, said = [], []
    if takings:
        came = revenue.by_day(since=begins)
        kept = [came.get(day, revenue.Revenue()).kept for day in days]
        words = [in_dollars(cents) for cents in kept]
        series.append(Series("Revenue", "main", [cents / CENTS for cents in kept], words))
        said.append(f"{in_dollars(sum(kept))} came in")
    if spent:
        used = spending.by_day(since=begins)
        of_day = [used.get(day, spending.Spending("")) for day in days]
        series += [
            _amounts("Spent on calls", "other", [one.charge for one in of_day]),
            _amounts("Cost of calls to us", "bad", [one.cost for one in of_day]),
        ]
        said.append(f"{hundredths(sum(one.charge for one in of_day))} credits were spent")
    return Chart(
        title="Revenue and spend by day" if takings and spent else f"{series[0].name} by day",
        kind="line",
        unit="US dollars",
        times=[f"{day:%-d %b}" for day in days],
        series=series,
        summary=f"In 30 days {' and '.join(said)} (UTC; a credit counts as a dollar).",
    )


def _amounts(name: str, tone: str, values: Sequence[int]) -> Series:
    words = [dollars(micro) for micro in values]
    return Series(name, tone, [micro / MICRO for micro in values], words)
