"""The banner on every page of the site."""

from django.contrib import admin
from django.utils import timezone

from gateway import site_notices
from gateway.admin.announced import AnnouncedAdmin
from gateway.models import SiteNotice


@admin.register(SiteNotice)
class SiteNoticeAdmin(AnnouncedAdmin):
    """Shown within 15 seconds of its start, gone at its end by itself; end it sooner by its end.

    It closes nothing: the setting MAINTENANCE does.
    """

    list_display = ("text", "level", "begins_at", "ends_at", "on")
    list_filter = ("level",)

    @admin.display(boolean=True, description="shown now")
    def on(self, notice: SiteNotice) -> bool:
        """Return whether it is shown now."""
        return notice.begins_at <= timezone.now() < notice.ends_at

    def announce(self) -> None:
        """Show it, or show it no more."""
        site_notices.forget()
