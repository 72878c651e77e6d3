"""The first page of billing: what one has, and how to have more."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.limited import limited
from accounts.models import State
from accounts.pages import signed_in
from billing import accounts, bonuses, checkout, history, stripe_api
from billing.forms import RedeemForm, TopUpForm
from billing.models import MICRO_PER_CENT, Order
from billing.stripe_api import StripeDown

LAST = 8


@never_cache
@login_required
@require_safe
def billing(request: HttpRequest) -> HttpResponse:
    """Show the balance, what can be bought, and what happened last."""
    return _page(request, TopUpForm())


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@limited("30/h")
def buy(request: HttpRequest) -> HttpResponse:
    """Send somebody to Stripe to pay; whoever comes back to the address finds the form."""
    if request.method != "POST":
        return redirect("billing")
    form = TopUpForm(request.POST)
    if not form.is_valid():
        return _page(request, form)
    user = signed_in(request)
    if user.state == State.CLOSING:
        form.add_error(None, "Your account is being closed, so it can buy nothing.")
        return _page(request, form)
    try:
        _, address = checkout.begin(accounts.open_for(user), cents=form.cents)
    except StripeDown:
        messages.error(request, "Stripe does not answer right now. Nothing was charged.")
        return redirect("billing")
    return redirect(address)


@login_required
@require_POST
@limited("30/h")
def portal(request: HttpRequest) -> HttpResponse:
    """Send somebody to Stripe's page of their cards and invoices."""
    try:
        return redirect(checkout.portal(accounts.open_for(signed_in(request))))
    except StripeDown:
        messages.error(request, "Stripe does not answer right now. Nothing was changed.")
        return redirect("billing")


def _page(request: HttpRequest, form: TopUpForm) -> HttpResponse:
    user = signed_in(request)
    account = accounts.open_for(user)
    percent = bonuses.percent_of(user.vip_now)
    context = {
        "account": account,
        "packs": [_pack(dollars * 100, percent) for dollars in settings.TOP_UP_PACKS],
        "percent": percent,
        "form": form,
        "redeem_form": RedeemForm(),
        "can_buy": stripe_api.available(),
        "lines": history.lines(account, history.entries(account, kind="credits")[:LAST]),
        "orders": Order.objects.filter(account=account, receipt__isnull=False).order_by("-paid_at")[
            :LAST
        ],
        "tax": settings.STRIPE_TAX,
    }
    return render(request, "billing/billing.html", context, status=400 if form.errors else 200)


def _pack(cents: int, percent: int) -> dict[str, Any]:
    bonus = cents * MICRO_PER_CENT * percent // 100
    return {
        "cents": cents,
        "amount": f"{cents // 100}",
        "bonus": bonus,
        "credits": cents * MICRO_PER_CENT + bonus,
    }
