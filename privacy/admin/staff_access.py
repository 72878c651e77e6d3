"""The log of what staff saw of people, for whoever looks after privacy; it cannot be changed."""

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import User
from billing.admin import ReadOnlyAdmin
from privacy.models import StaffAccess

SPANS = {"1": "The last 24 hours", "7": "The last 7 days", "30": "The last 30 days"}


class ByStaff(admin.SimpleListFilter):
    """Who looked: people who are staff now; others are found by the search."""

    title = "member of staff"
    parameter_name = "by"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Name everybody who is staff."""
        people = User.objects.filter(is_staff=True).order_by("username")
        return [(str(one.pk), one.username) for one in people[:200]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep what one of them saw."""
        known = {key for key, _ in self.lookup_choices}
        return queryset.filter(staff=self.value()) if self.value() in known else queryset


class ByTime(admin.SimpleListFilter):
    """How long ago it was."""

    title = "time"
    parameter_name = "days"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer some spans."""
        return list(SPANS.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep what is no older."""
        if self.value() not in SPANS:
            return queryset
        return queryset.filter(at__gte=timezone.now() - timedelta(days=int(self.value() or 0)))


@admin.register(StaffAccess)
class StaffAccessAdmin(ReadOnlyAdmin):
    """Who saw what of whom, and why, newest first."""

    list_display = ("at", "staff", "user", "kind", "object_id", "how", "reason")
    list_filter = (ByTime, ByStaff, "how")
    list_select_related = ("staff", "user")
    ordering = ("-at", "-id")
    search_fields = ("staff__username", "user__username", "object_id", "reason")
    search_help_text = "A username of staff or of a person, a row, or a reason"
    show_full_result_count = False
