"""What each VIP level gives."""

from django.contrib import admin

from gateway import invalidation
from gateway.admin.file_rows import VipRows
from gateway.admin.files import CatalogueFiles
from gateway.models import VipLevel


@admin.register(VipLevel)
class VipLevelAdmin(CatalogueFiles):
    """What each VIP level gives; a change reaches every process within a second."""

    resource_classes = (VipRows,)
    list_display = ("level", "minute_limit", "day_limit", "price_percent")

    def announce(self) -> None:
        """Tell every process."""
        invalidation.publish_all_keys()
