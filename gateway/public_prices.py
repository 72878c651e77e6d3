"""The prices that everybody may see: what the site's pages and `GET models` show."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from django.db import connection
from django.utils import timezone

from billing.amounts import in_credits
from gateway.catalogue import Offer
from gateway.models import VipLevel
from gateway.price_versions import ON_OFFER, VERSIONS, Version, assemble, coming, in_force
from gateway.pricing import Prices, discounted

UNIT = "credits per 1,000,000 tokens"

LISTED = f"""
select distinct on (m.name) m.name, m.display_name, m.context_window, m.max_output_tokens,
       array(select jsonb_array_elements_text(m.capabilities)), m.created_at,
       versions.starts, versions.prices
from {ON_OFFER} {VERSIONS}
where m.enabled and versions.starts[array_upper(versions.starts, 1)] <= %(at)s
order by m.name
"""  # noqa: S608  the words are our own


@dataclass(frozen=True)
class LevelPrices:
    """The prices of customers from one VIP level up to the next that is listed."""

    level: int
    percent: int
    prices: Prices


@dataclass(frozen=True)
class Listing:
    """A model on offer: its limits, its list prices in force and the next change of them.

    Prices are micro-credits per 1,000,000 tokens. `levels` is filled for the site; whoever calls
    the API finds their own percentage in `GET key`.
    """

    name: str
    display_name: str
    context_window: int
    max_output_tokens: int
    capabilities: frozenset[str]
    created_at: datetime
    prices: Prices
    coming: Version | None
    levels: tuple[LevelPrices, ...] = ()


def listed(at: datetime | None = None) -> list[Listing]:
    """Return the models on offer by name, as a pricing page shows them (UTC; now by default)."""
    moment = at or timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(LISTED, {"at": moment})
        rows = cursor.fetchall()
    levels = list(VipLevel.objects.values_list("level", "price_percent"))
    listings = [_from_row(row, moment) for row in rows]
    return [replace(listing, levels=_by_level(listing.prices, levels)) for listing in listings]


def _from_row(row: tuple[Any, ...], at: datetime) -> Listing:
    name, display_name, window, most_output, capabilities, created_at, starts, prices = row
    versions = assemble(starts, prices)
    return Listing(
        name=name,
        display_name=display_name,
        context_window=window,
        max_output_tokens=most_output,
        capabilities=frozenset(capabilities),
        created_at=created_at,
        prices=in_force(versions, at),
        coming=coming(versions, at),
    )


def _by_level(prices: Prices, levels: list[tuple[int, int]]) -> tuple[LevelPrices, ...]:
    return tuple(
        LevelPrices(level, percent, discounted(prices, percent=percent))
        for level, percent in levels
    )


def listing(offer: Offer, *, at: datetime) -> Listing:
    """Return what a web process knows of a model, as of a moment (UTC); raises NotPriced."""
    return Listing(
        name=offer.name,
        display_name=offer.display_name,
        context_window=offer.context_window,
        max_output_tokens=offer.max_output_tokens,
        capabilities=offer.capabilities,
        created_at=offer.created_at,
        prices=offer.prices_at(at),
        coming=coming(offer.versions, at),
    )


def shown(prices: Prices) -> dict[str, str]:
    """Return prices as the API shows them, in credits."""
    return {
        "input": in_credits(prices.input),
        "cache_read": in_credits(prices.cache_read),
        "cache_write": in_credits(prices.cache_write),
        "output": in_credits(prices.output),
    }


def written(price: int) -> str:
    """Return a price as the site writes it: in credits, exactly, with two decimals at the least."""
    whole, _, part = in_credits(price).partition(".")
    return f"{int(whole):,}.{part:0<2}"


def pricing(listing: Listing) -> dict[str, Any]:
    """Return a model's prices and the next change of them as `GET models` shows them."""
    following = None
    if listing.coming is not None:
        starts_at = listing.coming.starts_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
        following = {"starts_at": starts_at, **shown(listing.coming.prices)}
    return {"unit": UNIT, **shown(listing.prices), "next": following}
