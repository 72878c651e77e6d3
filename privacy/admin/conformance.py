"""What the checks of our promises found, hour by hour."""

from django.contrib import admin

from billing.admin import ReadOnlyAdmin
from privacy.models import ProbeResult


@admin.register(ProbeResult)
class ProbeResultAdmin(ReadOnlyAdmin):
    """Results of checks, the newest first."""

    list_display = ("clause", "ran_at", "passed", "applies", "said", "since", "milliseconds")
    list_filter = ("passed", "applies", "clause")
    date_hierarchy = "ran_at"
