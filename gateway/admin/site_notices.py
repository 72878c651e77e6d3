"""The banner on every page of the site."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone

from accounts.closed_lists import ModelAdmin
from gateway import site_notices
from gateway.models import SiteNotice


@admin.register(SiteNotice)
class SiteNoticeAdmin(ModelAdmin):
    """Shown within 15 seconds of its start, gone at its end by itself; end it sooner by its end.

    It closes nothing: the setting MAINTENANCE does.
    """

    list_display = ("text", "level", "begins_at", "ends_at", "on")
    list_filter = ("level",)

    @admin.display(boolean=True, description="shown now")
    def on(self, notice: SiteNotice) -> bool:
        """Return whether it is shown now."""
        return notice.begins_at <= timezone.now() < notice.ends_at

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save a banner, and show it."""
        super().save_model(request, obj, form, change)
        site_notices.forget()

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Delete a banner, and show it no more."""
        super().delete_model(request, obj)
        site_notices.forget()

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        """Delete banners, and show them no more."""
        super().delete_queryset(request, queryset)
        site_notices.forget()
