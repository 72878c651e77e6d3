"""Margins are whole numbers, rounded against us, and say where a price is below its cost."""

import pytest

from gateway import margins
from gateway.margins import Margin
from gateway.models import Provider, Route
from gateway.pricing import Prices


def route(*costs: int | None, enabled: bool = True) -> Route:
    fresh, cache_read, cache_write, output = costs
    return Route(
        provider=Provider(name="somewhere"),
        enabled=enabled,
        upstream_input_price=fresh,
        upstream_cache_read_price=cache_read,
        upstream_cache_write_price=cache_write,
        upstream_output_price=output,
    )


@pytest.mark.parametrize(
    ("price", "cost", "thousandths", "words"),
    [
        (2_000_000, 1_500_000, 250, "25.0 %"),
        (3, 2, 333, "33.3 %"),
        (1_000_000, 1_000_000, 0, "0.0 %"),
        (10**12, 10**12 + 1, -1, "-0.1 %"),
        (10**12, 10**12 - 1, 0, "0.0 %"),
        (2_000_000, 5_000_000, -1_500, "-150.0 %"),
        (5, 0, 1_000, "100.0 %"),
        (0, 0, None, "free"),
        (0, 1, None, "below cost"),
    ],
)
def test_a_margin_is_what_is_left_of_the_price(
    price: int, cost: int, thousandths: int | None, words: str
) -> None:
    margin = Margin("input", price, cost)
    assert margin.thousandths == thousandths
    assert isinstance(margin.thousandths, int | None)
    assert str(margin) == words
    assert margin.below_cost == (price < cost)


def test_each_bucket_is_compared_at_what_vips_pay() -> None:
    prices = Prices(2_000_000, 500_000, 2_500_000, 8_000_000)
    found = margins.of(route(1_900_000, 100_000, None, 2_000_000), prices, percent=90)
    assert [(m.bucket, m.price, str(m)) for m in found] == [
        ("input", 1_800_000, "-5.6 %"),
        ("cache_read", 450_000, "77.7 %"),
        ("output", 7_200_000, "72.2 %"),
    ]


def test_the_lowest_margin_is_that_of_the_dearest_route_in_use() -> None:
    prices = Prices(100, 100, 100, 0)
    cheap, dear = route(10, 10, 20, 0), route(60, 10, 10, 0)
    unused, gone = route(99, 99, 99, 0, enabled=False), route(99, 99, 99, 0)
    gone.provider.enabled = False
    lowest = margins.lowest([cheap, dear, unused, gone], prices, percent=100)
    assert lowest == Margin("input", 100, 60)
    assert margins.lowest([route(None, None, None, None)], prices, percent=100) is None
    given_away = margins.lowest([cheap, route(500, 1, 1, 1)], prices, percent=100)
    assert given_away == Margin("output", 0, 1)


def test_the_lowest_percentage_is_that_of_the_highest_level(database: None) -> None:
    assert margins.lowest_percent() <= 90
