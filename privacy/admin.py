"""Staff's view of what people have accepted."""

from django.contrib import admin

from billing.admin import ReadOnlyAdmin
from privacy.models import Acceptance


@admin.register(Acceptance)
class AcceptanceAdmin(ReadOnlyAdmin):
    """What people have accepted, and when."""

    list_display = ("user", "kind", "version", "accepted_at")
    list_select_related = ("user",)
    list_filter = ("kind", "version")
