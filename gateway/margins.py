"""What is left of our prices after what providers charge us, in whole thousandths of the price."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Min

from gateway.models import Route, VipLevel
from gateway.pricing import Prices, discounted

BUCKETS = ("input", "cache_read", "cache_write", "output")


@dataclass(frozen=True)
class Margin:
    """One bucket's price, and what a route's provider charges for it.

    The price is in micro-credits, the cost in micro-dollars, both per 1,000,000 tokens; a credit
    is a dollar of list price, so they compare as they are.
    """

    bucket: str
    price: int
    cost: int

    @property
    def below_cost(self) -> bool:
        """Whether each token sold loses money."""
        return self.price < self.cost

    @property
    def thousandths(self) -> int | None:
        """What is left of the price, rounded down; None where nothing is asked for it."""
        return (self.price - self.cost) * 1_000 // self.price if self.price else None

    @property
    def words(self) -> str:
        """The bucket's name in words."""
        return self.bucket.replace("_", " ")

    def __str__(self) -> str:
        if self.thousandths is None:
            return "below cost" if self.below_cost else "free"
        whole, tenth = divmod(abs(self.thousandths), 10)
        return f"{'-' if self.thousandths < 0 else ''}{whole}.{tenth} %"


def of(route: Route, prices: Prices, *, percent: int = 100) -> list[Margin]:
    """Return the margins over a route at a percentage of list prices, where its costs are known."""
    asked = discounted(prices, percent=percent)
    costs = {bucket: getattr(route, f"upstream_{bucket}_price") for bucket in BUCKETS}
    return [
        Margin(bucket, getattr(asked, bucket), cost)
        for bucket, cost in costs.items()
        if cost is not None
    ]


def lowest(routes: Iterable[Route], prices: Prices, *, percent: int) -> Margin | None:
    """Return the lowest margin over the routes in use; None where no cost is known.

    A bucket that is sold at nothing is the lowest where it costs us something, and has no part
    in this where it costs nothing.
    """
    used = (route for route in routes if route.enabled and route.provider.enabled)
    found = [margin for route in used for margin in of(route, prices, percent=percent)]
    telling = [margin for margin in found if margin.price or margin.below_cost]
    return min(telling, key=_rank, default=None)


def _rank(margin: Margin) -> tuple[bool, int]:
    return (margin.thousandths is not None, margin.thousandths or 0)


def lowest_percent() -> int:
    """Return the lowest percentage of list prices that any VIP level pays."""
    found: int | None = VipLevel.objects.aggregate(least=Min("price_percent"))["least"]
    return 100 if found is None else found
