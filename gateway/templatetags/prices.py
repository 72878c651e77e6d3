"""Prices as pages write them."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from gateway import public_prices

register = template.Library()


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
