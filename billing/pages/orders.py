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
PHASES = ["fresh", "slow", "long"]
"""How long one waits by now, in words."""


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
    """Show the part of the page that changes while one waits; nothing where it has not changed."""
    order = _own(request, order_id)
    if order.state == OrderState.OPEN and request.GET.get("shown") == _phase(order):
        return HttpResponse(status=204)
    return _show(request, order, "billing/order_live.html")


def _phase(order: Order) -> str:
    waited = (timezone.now() - order.created_at).total_seconds()
    return PHASES[(waited > SLOW_SECONDS) + (waited > SLOW_SECONDS * 3)]


def _show(request: HttpRequest, order: Order, template: str) -> HttpResponse:
    phase = _phase(order)
    cancelled = "cancelled" in request.GET and order.state == OrderState.OPEN
    waiting = order.state == OrderState.OPEN and not cancelled
    paid = order.state == OrderState.PAID
    context = {
        "order": order,
        "account": order.account,
        "cancelled": cancelled,
        "waiting": waiting,
        "phase": phase,
        "every": "5s" if phase == "long" else "1s",
        "credited": order.micro + order.bonus,
        "changed": paid and (order.disputed or order.kept != order.amount),
        "steps": ["Choose an amount", "Pay at Stripe", "Credits are yours"],
        "step": 4 if paid else 3 if waiting else 2,
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
