"""What Stripe told us, and whether it agrees with the ledger."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from unfold.admin import TabularInline

from billing.admin.read_only import ReadOnlyAdmin
from billing.models import Difference, Reconciliation, StripeEvent, StripeMovement


@admin.register(StripeEvent)
class StripeEventAdmin(ReadOnlyAdmin):
    """Stripe's events: what waits, and why."""

    list_display = ("id", "type", "received_at", "handled_at", "tries", "problem")
    list_filter = (("handled_at", admin.EmptyFieldListFilter), "type")
    ordering = ("-received_at",)
    search_fields = ("id",)
    show_full_result_count = False


@admin.register(StripeMovement)
class StripeMovementAdmin(ReadOnlyAdmin):
    """Stripe's balance transactions that concern customers' money, in cents."""

    list_display = ("id", "kind", "amount", "currency", "payment_intent", "created_at")
    list_filter = ("kind",)
    ordering = ("-created_at",)
    search_fields = ("id", "payment_intent", "source")
    show_full_result_count = False


class Differences(TabularInline):
    """The payments that differ."""

    model = Difference
    extra = 0
    can_delete = False


@admin.register(Reconciliation)
class ReconciliationAdmin(ReadOnlyAdmin):
    """Nightly comparisons with Stripe; a difference is money that somebody has to find."""

    list_display = ("began_at", "ended_at", "payments", "movements", "differing")
    inlines = (Differences,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Reconciliation]:
        """Count the differences along."""
        rows: QuerySet[Reconciliation] = super().get_queryset(request)
        return rows.annotate(counted=Count("differences"))

    @admin.display(description="differences", ordering="counted")
    def differing(self, reconciliation: Any) -> int:
        """Return how many payments differ."""
        return int(reconciliation.counted)


@admin.register(Difference)
class DifferenceAdmin(ReadOnlyAdmin):
    """Payments for which Stripe and the ledger disagree, in cents."""

    list_display = ("payment", "at_stripe", "in_ledger", "reconciliation")
    list_select_related = ("reconciliation",)
    ordering = ("-id",)
    search_fields = ("payment",)
