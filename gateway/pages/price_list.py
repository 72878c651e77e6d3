"""The page of prices: what is charged how, for everybody to read before they pay."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from billing.models import VipBonus
from gateway import public_models
from gateway.key_ring import BASE_DAY_LIMIT, BASE_MINUTE_LIMIT
from gateway.models import VipLevel
from gateway.pages.described import Described, unshared


@dataclass(frozen=True)
class Level:
    """What customers have from a VIP level up to the next; the bonus is on top of what they buy."""

    level: int
    percent: int = 100
    minute_limit: int = BASE_MINUTE_LIMIT
    day_limit: int = BASE_DAY_LIMIT
    bonus: int = 0

    @property
    def off(self) -> int:
        """How many per cent less than the list price is paid."""
        return 100 - self.percent


@require_safe
def pricing(request: HttpRequest) -> HttpResponse:
    """Show every price, what VIP levels change, and how credits are bought."""
    models = public_models.shown(request.user)
    context: dict[str, Any] = {
        "page": Described(
            title="Prices",
            description="Pay for the tokens you use and nothing else: every model’s price, what "
            "VIP levels change, and how credits are bought.",
            path=reverse("pricing"),
        ),
        "models": models,
        "coming": any(model.listing.coming for model in models),
        "own": any(model.own for model in models),
        "levels": levels(),
        "packs": settings.TOP_UP_PACKS,
        "least": settings.TOP_UP_LEAST,
        "most": settings.TOP_UP_MOST,
        "signup": settings.SIGNUP_CREDITS,
        "taxed": settings.STRIPE_TAX,
        "invoices": settings.STRIPE_INVOICES,
    }
    return unshared(request, render(request, "gateway/price_list.html", context))


def levels() -> list[Level]:
    """Return what every level gives, from none on: as keys and purchases look it up."""
    prices = {row.level: row for row in VipLevel.objects.all()}
    bonuses = dict(VipBonus.objects.values_list("level", "percent"))
    found = [Level(0)]
    for level in sorted({*prices, *bonuses} - {0}):
        before, row = found[-1], prices.get(level)
        found.append(
            Level(
                level,
                percent=row.price_percent if row else before.percent,
                minute_limit=row.minute_limit if row else before.minute_limit,
                day_limit=row.day_limit if row else before.day_limit,
                bonus=bonuses.get(level, before.bonus),
            )
        )
    return found
