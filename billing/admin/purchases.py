"""Purchases, and what customers chose about them."""

from django.contrib import admin

from accounts.closed_lists import ModelAdmin
from billing import refunds
from billing.admin.read_only import ReadOnlyAdmin
from billing.amounts import in_credits, in_dollars
from billing.models import (
    AutoTopUp,
    LowBalanceAlert,
    Order,
    StripeCustomer,
    VipBonus,
)


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin):
    """Purchases of credits."""

    list_display = (
        "receipt_number",
        "account",
        "kind",
        "state",
        "paid",
        "went_back",
        "withheld",
        "taken",
        "created_at",
    )
    list_filter = ("state", "kind")
    linked_lookups = ("paid_at__gte",)
    list_select_related = ("account",)
    ordering = ("-created_at",)
    search_fields = (
        "id",
        "receipt",
        "payment_intent",
        "checkout_session",
        "account__public_id",
        "account__user__username",
    )
    readonly_fields = ("refundable",)

    @admin.display(description="amount", ordering="amount")
    def paid(self, order: Order) -> str:
        """Return what was asked for."""
        return in_dollars(order.amount)

    @admin.display(description="refunded", ordering="refunded")
    def went_back(self, order: Order) -> str:
        """Return what was refunded."""
        return in_dollars(order.refunded)

    @admin.display(description="disputed", ordering="disputed")
    def withheld(self, order: Order) -> str:
        """Return what an open dispute withholds."""
        return in_dollars(order.disputed)

    @admin.display(description="lost", ordering="lost")
    def taken(self, order: Order) -> str:
        """Return what disputes took for good."""
        return in_dollars(order.lost)

    @admin.display(description="can be paid back")
    def refundable(self, order: Order) -> str:
        """Return what is unspent of it."""
        return in_dollars(refunds.most(order))


@admin.register(VipBonus)
class VipBonusAdmin(ModelAdmin):
    """What VIP levels get on top of what they buy."""

    list_display = ("level", "percent")


@admin.register(StripeCustomer)
class StripeCustomerAdmin(ReadOnlyAdmin):
    """Who accounts are to Stripe."""

    list_display = ("id", "account", "created_at")
    exclude = ("payment_method",)
    list_select_related = ("account",)
    search_fields = ("id", "account__public_id")


@admin.register(AutoTopUp)
class AutoTopUpAdmin(ReadOnlyAdmin):
    """Who tops up automatically."""

    list_display = ("account", "enabled", "below", "buys", "ceiling", "why_off")
    list_filter = ("enabled",)
    list_select_related = ("account",)

    @admin.display(description="below, in credits", ordering="threshold")
    def below(self, plan: AutoTopUp) -> str:
        """Return the balance below which it buys."""
        return in_credits(plan.threshold)

    @admin.display(description="buys", ordering="amount")
    def buys(self, plan: AutoTopUp) -> str:
        """Return what it buys at once."""
        return in_dollars(plan.amount)

    @admin.display(description="at most in a month", ordering="monthly_ceiling")
    def ceiling(self, plan: AutoTopUp) -> str:
        """Return what it buys in a month at most."""
        return in_dollars(plan.monthly_ceiling)


@admin.register(LowBalanceAlert)
class LowBalanceAlertAdmin(ReadOnlyAdmin):
    """Who is told that credits run low, and when they were."""

    list_display = ("account", "below", "told_at")
    list_select_related = ("account",)

    @admin.display(description="below, in credits", ordering="threshold")
    def below(self, alert: LowBalanceAlert) -> str:
        """Return the balance below which they are told."""
        return in_credits(alert.threshold)
