"""What staff saw of people, for who watches over privacy."""

from django.contrib import admin

from billing.admin import ReadOnlyAdmin
from privacy.models import StaffAccess


@admin.register(StaffAccess)
class StaffAccessAdmin(ReadOnlyAdmin):
    """Who saw what of whom, and why, newest first."""

    list_display = ("at", "staff", "user", "kind", "object_id", "how", "reason")
    list_filter = ("how",)
    list_select_related = ("staff", "user")
    ordering = ("-at", "-id")
    search_fields = ("staff__username", "user__username", "object_id", "reason")
    show_full_result_count = False
