"""What everybody together used by day."""

from django.contrib import admin

from billing.admin import ReadOnlyAdmin
from billing.amounts import in_credits
from gateway.models import DailyUse


@admin.register(DailyUse)
class DailyUseAdmin(ReadOnlyAdmin):
    """Totals by day, model and endpoint, of five accounts or more each.

    Who objected to statistics is left out, and so are calls that were not logged.
    """

    list_display = (
        *("day", "called", "endpoint", "accounts", "calls", "errors", "tokens_in", "tokens_out"),
        "credits",
    )
    list_filter = ("model", "endpoint")
    ordering = ("-day", "model", "endpoint")

    @admin.display(description="model", ordering="model")
    def called(self, row: DailyUse) -> str:
        """Return the model, or what the row is of instead."""
        if row.model:
            return row.model
        return "no model was found" if row.endpoint else "all others"

    @admin.display(description="charge", ordering="charge")
    def credits(self, row: DailyUse) -> str:
        """Return the charge in credits."""
        return in_credits(row.charge)
