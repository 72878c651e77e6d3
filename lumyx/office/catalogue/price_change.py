"""Try other prices on the calls of the last 30 days, before they are set."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from billing.admin.read_only import staff_of
from billing.amounts import in_credits
from billing.models import MICRO
from gateway import margins, price_changes
from gateway.models import Model, ModelPrice, VipLevel
from gateway.models.daily_use import ACCOUNTS_LEAST
from gateway.models.prices import PRICE_MOST
from gateway.pricing import Prices
from lumyx.office import doors

BUCKETS = {
    "input": "Input",
    "cache_read": "Cache read",
    "cache_write": "Cache write",
    "output": "Output",
}


def price(label: str) -> forms.DecimalField:
    """Return a field of a price in credits, exact to the micro-credit."""
    return forms.DecimalField(
        label=label, min_value=0, max_value=PRICE_MOST // MICRO, decimal_places=6
    )


class PricesForm(forms.Form):
    """A model and prices to try, in credits per 1,000,000 tokens."""

    model = forms.ModelChoiceField(Model.objects.all(), to_field_name="name")
    input = price("Input")
    cache_read = price("Cache read")
    cache_write = price("Cache write")
    output = price("Output")

    @property
    def prices(self) -> Prices:
        """The prices in micro-credits."""
        return Prices(**{name: int(self.cleaned_data[name] * MICRO) for name in BUCKETS})


@dataclass(frozen=True)
class Line:
    """A bucket: its tokens, where they may be told, and its price in force and the new one."""

    words: str
    tokens: int | None
    price: int | None
    new: int


@doors.staff_page("gateway.view_modelprice", "gateway.view_dailyuse")
def price_change(request: HttpRequest) -> HttpResponse:
    """Ask for a model and prices, and show what they would have brought."""
    model = Model.objects.filter(name=request.GET.get("model", "")).first()
    present = model.prices.in_force().first() if model else None
    asked = any(name in request.GET for name in BUCKETS)
    form = PricesForm(request.GET) if asked else PricesForm(initial=_initial(model, present))
    context: dict[str, Any] = {"form": form, "model": model, "present": present}
    if asked and form.is_valid() and model is not None:
        context |= _outcome(model, present, form.prices)
        may_set = staff_of(request).has_perm("gateway.add_modelprice")
        context["set_url"] = _set_url(model, form.prices) if may_set else ""
    return doors.show(request, "office/catalogue/price_change.html", "Try a price change", context)


def _initial(model: Model | None, present: ModelPrice | None) -> dict[str, Any]:
    if model is None or present is None:
        return {"model": model and model.name}
    known = present.prices
    return {
        "model": model.name,
        **{name: f"{Decimal(getattr(known, name)) / MICRO:f}" for name in BUCKETS},
    }


def _outcome(model: Model, present: ModelPrice | None, new: Prices) -> dict[str, Any]:
    found = price_changes.forecast(model, new, now=timezone.now())
    told = found.total.enough
    routes = list(model.routes.select_related("provider"))
    percent = margins.lowest_percent()
    lowest = margins.lowest(routes, new, percent=percent)
    return {
        "found": found,
        "told": told,
        "least": ACCOUNTS_LEAST,
        "days": price_changes.DAYS,
        "lines": [
            Line(
                words,
                getattr(found.total.tokens, name) if told else None,
                getattr(present.prices, name) if present else None,
                getattr(new, name),
            )
            for name, words in BUCKETS.items()
        ],
        "shares": [(_share_words(share.percent), share.sum) for share in found.shares],
        "without_cost": found.total.calls - found.total.costed_calls,
        "below": lowest if lowest is not None and lowest.below_cost else None,
        "percent": percent,
    }


def _share_words(percent: int | None) -> str:
    if percent is None:
        return "Others together"
    levels = VipLevel.objects.filter(price_percent=percent).values_list("level", flat=True)
    names = ", ".join(f"VIP {level}" for level in levels)
    return f"{percent} % of the list price{f' ({names})' if names else ''}"


def _set_url(model: Model, new: Prices) -> str:
    prices = {f"{name}_price": in_credits(getattr(new, name)) for name in BUCKETS}
    filled = {"model": model.pk, **prices}
    return f"{reverse('admin:gateway_modelprice_add')}?{urlencode(filled)}"
