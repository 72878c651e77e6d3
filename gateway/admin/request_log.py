"""The request log, which can only be read."""

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest

from accounts import customer_links
from billing.admin import ReadOnlyAdmin
from billing.amounts import in_credits
from billing.models import Account
from gateway.models import RequestLog


@admin.register(RequestLog)
class RequestLogAdmin(ReadOnlyAdmin):
    """Calls of the last 30 days, without a word of what was said."""

    list_display = (
        "started_at",
        "model",
        "provider",
        "status",
        "input_tokens",
        "output_tokens",
        "credits",
        "charge_basis",
        "latency_ms",
        "country",
        "client",
        "customer",
    )
    list_filter = ("status", "charge_basis", "streamed", "provider", "endpoint")
    linked_lookups = ("account_id", "started_at__gte")
    search_fields = ("id", "key_id")
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[RequestLog]:
        """Fetch whose calls they are along with them."""
        owner = Account.objects.filter(pk=OuterRef("account_id")).values("user")
        rows: QuerySet[RequestLog] = super().get_queryset(request)
        return rows.annotate(owner=Subquery(owner))

    @admin.display(description="charge, credits", ordering="charge")
    def credits(self, call: RequestLog) -> str:
        """Return the charge."""
        return in_credits(call.charge)

    @admin.display(description="page")
    def customer(self, call: RequestLog) -> str:
        """Return a link to the page about who made it."""
        return customer_links.open_customer(getattr(call, "owner", None))
