"""Amounts of a call's receipt, which are finer than the ledger's."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from billing.amounts import in_credits
from gateway.estimates import exact_credits

register = template.Library()


@register.simple_tag
def exact(amount: int, *, signed: bool = False) -> SafeString:
    """Write millionths of a micro-credit as credits, exactly."""
    plus = "+" if signed and amount > 0 else ""
    return format_html('<span class="money">{}{}</span>', plus, exact_credits(amount))


@register.filter
def per_million(price: int) -> str:
    """Write a price as credits per 1,000,000 tokens."""
    return in_credits(price)


@register.simple_tag
def share(part: int, whole: int) -> str:
    """Return a part of 100, for the lengths of drawings."""
    return f"{max(0.0, min(100.0, 100 * part / whole)):.2f}" if whole else "0"
