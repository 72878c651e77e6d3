"""Prices as pages write them."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from gateway import public_prices
from gateway.pricing import Prices
from gateway.public_models import Shown

register = template.Library()
NOTHING = format_html('<span aria-hidden="true">{}</span><span class="sr">{}</span>', "–", "none")


@register.simple_tag
def price(listed: int, own: int | str | None = None) -> SafeString:
    """Write a price in credits; where somebody pays less than the list says, both.

    Templates give an empty text for the own price of whoever has none.
    """
    if not isinstance(own, int) or own >= listed:
        return format_html('<span class="number">{}</span>', public_prices.written(listed))
    return format_html(
        '<span class="prices"><span class="sr">List price </span><del class="number">{}</del>'
        ' <span class="sr">your price </span><strong class="number">{}</strong></span>',
        public_prices.written(listed),
        public_prices.written(own),
    )


@register.simple_tag
def price_of(
    model: Shown, bucket: str, prices: Prices | None = None, own: Prices | str | None = None
) -> SafeString:
    """Write what a model costs by a bucket, now or by the prices given; nothing where it has none.

    Templates give an empty text for the own prices of whoever has none.
    """
    if not model.charges(bucket):
        return NOTHING
    if prices is None:
        prices, own = model.listing.prices, model.own
    mine = getattr(own, bucket) if isinstance(own, Prices) else None
    return price(getattr(prices, bucket), mine)


@register.simple_tag
def nothing() -> SafeString:
    """Write that there is nothing to say, for eyes and for ears."""
    return NOTHING
