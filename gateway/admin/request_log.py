"""The request log, which can only be read."""

from django.contrib import admin

from billing.admin import ReadOnlyAdmin
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
        "charge",
        "charge_basis",
        "latency_ms",
        "country",
        "client",
    )
    list_filter = ("status", "charge_basis", "streamed", "provider", "endpoint")
    linked_lookups = ("started_at__gte",)
    search_fields = ("id", "key_id")
    show_full_result_count = False
