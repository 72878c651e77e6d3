"""Purchases, and what customers chose about them."""

from django.contrib import admin
from unfold.admin import ModelAdmin

from billing import refunds
from billing.admin.read_only import ReadOnlyAdmin
from billing.amounts import in_dollars
from billing.models import (
    AutoTopUp,
    LowBalanceAlert,
    Order,
    StripeCustomer,
    VipBonus,
)


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin):
    """Purchases of credits; amounts in cents."""

    list_display = (
        "receipt_number",
        "account",
        "kind",
        "state",
        "paid",
        "refunded",
        "disputed",
        "lost",
        "created_at",
    )
    list_filter = ("state", "kind")
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

    list_display = ("account", "enabled", "threshold", "amount", "monthly_ceiling", "why_off")
    list_filter = ("enabled",)
    list_select_related = ("account",)


@admin.register(LowBalanceAlert)
class LowBalanceAlertAdmin(ReadOnlyAdmin):
    """Who is told that credits run low, and when they were."""

    list_display = ("account", "threshold", "told_at")
    list_select_related = ("account",)
