"""What everybody together used by hour, and what it cost us."""

from django.contrib import admin

from billing.admin import ReadOnlyAdmin
from billing.amounts import in_credits
from gateway.models import HourlyUse


@admin.register(HourlyUse)
class HourlyUseAdmin(ReadOnlyAdmin):
    """All logged calls by hour, model and provider, for as long as the log is kept.

    The cost is what providers charge us at the prices of that hour, in US dollars, for those
    calls whose cost is known.
    """

    list_display = (
        *("hour", "called", "answered_by", "calls", "refused", "failed", "tokens_in"),
        *("tokens_out", "credits", "dollars"),
    )
    list_filter = ("provider", "model")
    date_hierarchy = "hour"
    ordering = ("-hour", "model", "provider")
    exclude = ("latencies", "first_tokens")

    @admin.display(description="model", ordering="model")
    def called(self, row: HourlyUse) -> str:
        """Return the model, or what the row is of instead."""
        return row.model or "no model was found"

    @admin.display(description="provider", ordering="provider")
    def answered_by(self, row: HourlyUse) -> str:
        """Return the provider, or what the row is of instead."""
        return row.provider or "none was asked"

    @admin.display(description="charge", ordering="charge")
    def credits(self, row: HourlyUse) -> str:
        """Return the charge in credits."""
        return in_credits(row.charge)

    @admin.display(description="cost", ordering="cost")
    def dollars(self, row: HourlyUse) -> str:
        """Return what providers charge us, in US dollars."""
        return in_credits(row.cost)
