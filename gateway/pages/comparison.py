"""Models side by side."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from gateway import availability, public_models
from gateway.availability import Availability
from gateway.estimates import BUCKETS
from gateway.models import Provider
from gateway.pages.described import Described, unshared
from gateway.public_models import ABILITIES, Shown

LEAST, MOST = 2, 4


@dataclass(frozen=True)
class Column:
    """A model, the address of the page without it, and what is known of its providers."""

    model: Shown
    without: str
    runners: list[tuple[Provider, Availability]]


@dataclass(frozen=True)
class Cell:
    """What a row says of one model: figures, if it has any, or whether it can do something."""

    figure: int | None = None
    own: int | None = None
    able: bool = False
    best: bool = False


@dataclass(frozen=True)
class Row:
    """One thing that the models are compared by."""

    words: str
    cells: list[tuple[Column, Cell]]


@require_safe
def compare(request: HttpRequest) -> HttpResponse:
    """Show two to four models side by side, or help to choose them."""
    models = {one.listing.name: one for one in public_models.shown(request.user)}
    asked = list(dict.fromkeys(name for name in request.GET.getlist("model") if name))
    chosen = [models[name] for name in asked if name in models][:MOST]
    columns = _columns(chosen)
    context = {
        "page": Described(
            title="Compare models",
            description="AI models side by side: prices, context, what they can do, who runs them "
            "on which terms, uptime and latency.",
            path=reverse("compare_models"),
        ),
        "columns": columns,
        "enough": len(chosen) >= LEAST,
        "room": len(chosen) < MOST,
        "unknown": [name[:80] for name in asked if name not in models][:MOST],
        "too_many": sum(name in models for name in asked) > MOST,
        "others": [one for one in models.values() if one not in chosen],
        "own": any(one.own for one in chosen),
        "prices": _prices(columns),
        "sizes": _sizes(columns),
        "abilities": _abilities(columns),
    }
    return unshared(request, render(request, "gateway/models/compare.html", context))


def _columns(chosen: Sequence[Shown]) -> list[Column]:
    known = availability.of_all()
    names = [one.listing.name for one in chosen]
    return [
        Column(
            model=one,
            without=_address([name for name in names if name != one.listing.name]),
            runners=[(r, known.get(r.pk, availability.UNKNOWN)) for r in one.runners],
        )
        for one in chosen
    ]


def _address(names: Sequence[str]) -> str:
    path = reverse("compare_models")
    return f"{path}?{urlencode({'model': names}, doseq=True)}" if names else path


def _prices(columns: Sequence[Column]) -> list[Row]:
    def cell(column: Column, bucket: str) -> tuple[int | None, int | None]:
        own = column.model.own
        if not column.model.charges(bucket):
            return None, None
        return getattr(column.model.listing.prices, bucket), getattr(own, bucket) if own else None

    rows = []
    for bucket, words in BUCKETS.items():
        figures = [cell(column, bucket) for column in columns]
        least = _standing_out([figure for figure, _ in figures], min)
        rows.append(
            Row(
                words,
                [
                    (column, Cell(figure, own, best=_is(figure, least)))
                    for column, (figure, own) in zip(columns, figures, strict=True)
                ],
            )
        )
    return rows


def _sizes(columns: Sequence[Column]) -> list[Row]:
    listings = [column.model.listing for column in columns]
    kinds: list[tuple[str, list[int | None]]] = [
        ("Context window", [listing.context_window for listing in listings]),
        (
            "Most output",
            [None if c.model.embeds else c.model.listing.max_output_tokens for c in columns],
        ),
    ]
    rows = []
    for words, figures in kinds:
        most = _standing_out(figures, max)
        pairs = zip(columns, figures, strict=True)
        rows.append(Row(words, [(c, Cell(figure, best=_is(figure, most))) for c, figure in pairs]))
    return rows


def _standing_out(figures: Sequence[int | None], best: Callable[..., Any]) -> int | None:
    """Return the best figure, or none where all that there are are the same."""
    known = {figure for figure in figures if figure is not None}
    return int(best(known)) if len(known) > 1 else None


def _is(figure: int | None, best: int | None) -> bool:
    return figure is not None and figure == best


def _abilities(columns: Sequence[Column]) -> list[Row]:
    def cells(name: str) -> list[tuple[Column, Cell]]:
        return [(c, Cell(able=name in c.model.listing.capabilities)) for c in columns]

    rows = [Row(words, cells(name)) for name, (words, _) in ABILITIES.items()]
    return [row for row in rows if any(cell.able for _, cell in row.cells)]
