"""What each VIP level gives."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.closed_lists import ModelAdmin
from gateway import invalidation
from gateway.admin.file_rows import VipRows
from gateway.admin.files import CatalogueFiles
from gateway.models import VipLevel


@admin.register(VipLevel)
class VipLevelAdmin(CatalogueFiles, ModelAdmin):
    """What each VIP level gives; a change reaches every process within a second."""

    resource_classes = (VipRows,)
    list_display = ("level", "minute_limit", "day_limit", "price_percent")

    def announce(self) -> None:
        """Tell every process."""
        invalidation.publish_all_keys()

    def save_model(self, request: HttpRequest, obj: VipLevel, form: Any, change: bool) -> None:
        """Save a level and announce it."""
        super().save_model(request, obj, form, change)
        invalidation.publish_all_keys()

    def delete_model(self, request: HttpRequest, obj: VipLevel) -> None:
        """Delete a level and announce it."""
        super().delete_model(request, obj)
        invalidation.publish_all_keys()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[VipLevel]) -> None:
        """Delete levels and announce it."""
        super().delete_queryset(request, queryset)
        invalidation.publish_all_keys()
