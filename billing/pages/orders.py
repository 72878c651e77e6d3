"""The pages of one purchase: waiting for it, and its receipt."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.pages import signed_in
from billing import receipts
from billing.models import Order, OrderState
from billing.stripe_api import StripeDown, StripeRefused

SLOW_SECONDS = 20
ASK_EVERY = {"fresh": "1s", "slow": "5s"}


def _own(request: HttpRequest, order_id: UUID) -> Order:
    return get_object_or_404(
        Order.objects.select_related("account"), pk=order_id, account__user=signed_in(request)
    )


@never_cache
@login_required
@require_safe
def order(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Wait for a payment, and say how it went. Only Stripe's word credits anything."""
    return _show(request, _own(request, order_id), "billing/order.html")


@never_cache
@login_required
@require_safe
def order_live(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Show the part of the page that changes while one waits."""
    return _show(request, _own(request, order_id), "billing/order_live.html")


def _show(request: HttpRequest, order: Order, template: str) -> HttpResponse:
    waited = (timezone.now() - order.created_at).total_seconds()
    cancelled = "cancelled" in request.GET and order.state == OrderState.OPEN
    context = {
        "order": order,
        "account": order.account,
        "cancelled": cancelled,
        "waiting": order.state == OrderState.OPEN and not cancelled,
        "slow": waited > SLOW_SECONDS,
        "every": ASK_EVERY["slow" if waited > SLOW_SECONDS * 3 else "fresh"],
        "credited": order.micro + order.bonus,
        "steps": ["Choose an amount", "Pay at Stripe", "Credits are yours"],
        "step": 4 if order.state == OrderState.PAID else 3,
    }
    return render(request, template, context)


@never_cache
@login_required
@require_safe
def receipt(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Show a receipt to keep or print."""
    order = _own(request, order_id)
    if order.receipt is None:
        return redirect("order", order.pk)
    context = {
        "order": order,
        "seller": settings.SELLER,
        "site": settings.PUBLIC_URL,
        "net": order.amount - order.tax,
        "kept": order.kept,
    }
    return render(request, "billing/receipt.html", context)


@never_cache
@login_required
@require_safe
def stripes_receipt(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Lead to what Stripe has of a payment: its invoice, else its receipt."""
    order = _own(request, order_id)
    if order.receipt is None:
        return redirect("order", order.pk)
    try:
        return redirect(receipts.address_at_stripe(order))
    except (StripeDown, StripeRefused):
        messages.error(request, "Stripe does not show it right now. Try again in a minute.")
        return redirect("receipt", order.pk)
