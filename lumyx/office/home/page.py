"""What Home shows to whom: no figure to somebody who may not open the list behind it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from django.http import HttpRequest
from django.utils import timezone

from billing.admin.read_only import staff_of
from gateway import spending
from gateway.spending import Spending
from lumyx.office.home import charts, money, service
from lumyx.office.home.charts import Chart
from lumyx.office.home.tile import Tile, credits, dollars, listed, percent

SPENT = ("gateway.view_hourlyuse",)
CALLS = ("gateway.view_requestlog",)
MOST_ROWS = 10

Tiles = tuple[Callable[[datetime], list[Tile]], tuple[str, ...]]
"""Tiles, and the permissions that opening their lists takes."""

SECTIONS: dict[str, tuple[Tiles, ...]] = {
    "Money": (
        (money.taken, money.TAKINGS),
        (money.owed, ("billing.view_account", "billing.view_reconciliation")),
        (money.margin, SPENT),
    ),
    "Calls": (
        (service.called, CALLS),
        (service.providers, ("gateway.view_provider",)),
    ),
    "Machinery": (
        (service.running, ("gateway.view_jobrun",)),
        (money.told, ("billing.view_stripeevent",)),
    ),
    "Books and privacy": (
        (money.checked, ("billing.view_ledgercheck",)),
        (money.compared, ("billing.view_reconciliation",)),
        (service.asked, ("privacy.view_datarequest",)),
        (service.kept, CALLS),
    ),
}


@dataclass(frozen=True)
class Row:
    """A line of what was spent."""

    name: str
    href: str
    spending: Spending

    @property
    def cells(self) -> list[str]:
        """Return its numbers in words."""
        found = self.spending
        return [
            f"{found.calls:,}",
            f"{found.failed:,}",
            credits(found.charge),
            dollars(found.cost),
            dollars(found.left),
        ]

    @property
    def margin(self) -> str:
        """Return the share that is left."""
        return percent(self.spending.margin)

    @property
    def mood(self) -> str:
        """Return how that is: below cost is bad."""
        return "bad" if self.spending.left < 0 else ""


def fill(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add to the admin's index what Home shows."""
    now = timezone.now()
    staff = staff_of(request)
    sections = [
        (title, [tile for make, asked in parts if staff.has_perms(asked) for tile in make(now)])
        for title, parts in SECTIONS.items()
    ]
    takings, spent = staff.has_perms(money.TAKINGS), staff.has_perms(SPENT)
    return context | {
        "title": "Home",
        "now": now,
        "sections": [(title, tiles) for title, tiles in sections if tiles],
        "urgent": [tile for _, tiles in sections for tile in tiles if tile.calls_for_somebody],
        "charts": list(_charts(now, calls=staff.has_perms(CALLS), takings=takings, spent=spent)),
        "tables": list(_tables(now)) if spent else [],
    }


def _charts(now: datetime, *, calls: bool, takings: bool, spent: bool) -> Iterable[Chart]:
    if calls:
        yield charts.calls(now)
    if takings or spent:
        yield charts.money(now, takings=takings, spent=spent)


def _tables(now: datetime) -> Iterable[tuple[str, list[Row]]]:
    since = now - timedelta(days=30)
    parts: tuple[tuple[Literal["model", "provider"], str], ...] = (
        ("model", "no model was found"),
        ("provider", "none was asked"),
    )
    for what, otherwise in parts:
        found = spending.by(what, since=since)
        rows = [
            Row(one.name or otherwise, listed("gateway.hourlyuse", {what: one.name}), one)
            for one in found[:MOST_ROWS]
        ]
        if rest := found[MOST_ROWS:]:
            rows.append(Row(f"{len(rest)} others", "", spending.total(rest)))
        yield what, [*rows, Row("All", listed("gateway.hourlyuse"), spending.total(found))]
