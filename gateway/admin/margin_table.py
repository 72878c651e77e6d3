"""Margins as staff see them, with a mark where a price is below its cost."""

from collections.abc import Iterable

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from gateway import margins
from gateway.models import Model, ModelPrice, Route

WARNING = "⚠"
HEAD = ("from (UTC)", "route", "pays", "input", "cache read", "cache write", "output")


def marked(margin: margins.Margin | None) -> str:
    """Return a margin in words, with the mark where it is below cost."""
    if margin is None:
        return "-"
    return f"{WARNING} {margin}" if margin.below_cost else str(margin)


def table(model: Model) -> SafeString | str:
    """Return the margins of the prices in force and to come over every route of a model."""
    percents = sorted({100, margins.lowest_percent()}, reverse=True)
    rows = [
        _row(price, route, percent)
        for price in current(model)
        for route in model.routes.select_related("provider")
        for percent in percents
    ]
    if not rows:
        return "The model has no price or no route yet."
    return format_html(
        '<div class="overflow-x-auto max-w-2xl"><table><thead><tr>{}</tr></thead>'
        "<tbody>{}</tbody></table></div>",
        _cells("th", HEAD),
        format_html_join("", "<tr>{}</tr>", ((_cells("td", row),) for row in rows)),
    )


def current(model: Model) -> list[ModelPrice]:
    """Return a model's prices in force, and those to come."""
    return [*model.prices.in_force(), *model.prices.coming()]


def _row(price: ModelPrice, route: Route, percent: int) -> list[str]:
    found = {margin.bucket: margin for margin in margins.of(route, price.prices, percent=percent)}
    return [
        f"{price.starts_at:%Y-%m-%d %H:%M}",
        f"{route.provider.name}/{route.upstream_name}",
        f"{percent} %",
        *(marked(found.get(bucket)) for bucket in margins.BUCKETS),
    ]


def _cells(tag: str, texts: Iterable[str]) -> SafeString:
    # The admin's own styles give cells no room.
    wrap = f'<{tag} class="pr-4 py-1 text-left whitespace-nowrap">{{}}</{tag}>'
    return format_html_join("", wrap, ((text,) for text in texts))


def warning(price: ModelPrice) -> str:
    """Return a sentence where prices are below what a route in use costs; else an empty text."""
    found = _warnings(price.model, [price])
    return found[0] if found else ""


def warnings(model: Model) -> list[str]:
    """Return a sentence for each of a model's prices that is below what a route in use costs."""
    return _warnings(model, current(model))


def _warnings(model: Model, prices: list[ModelPrice]) -> list[str]:
    routes = list(model.routes.select_related("provider"))
    percent = margins.lowest_percent()
    sentences = []
    for price in prices:
        lowest = margins.lowest(routes, price.prices, percent=percent)
        if lowest is not None and lowest.below_cost:
            sentences.append(
                f"{WARNING} From {price.starts_at:%Y-%m-%d %H:%M} UTC on, {model} is sold below "
                f"cost: at {percent} % of the list price, the margin of {lowest.words} is {lowest}."
            )
    return sentences
