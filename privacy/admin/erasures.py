"""Deletions as staff see them: how far each is, and never whose it was once it is done."""

from django.contrib import admin

from billing.admin import ReadOnlyAdmin
from privacy.models import Erasure, Errand


@admin.register(Erasure)
class ErasureAdmin(ReadOnlyAdmin):
    """Deletions, those that wait first."""

    list_display = ("id", "why", "state", "asked_at", "grace_until", "removed_at", "done_at")
    list_filter = ("state", "why")
    search_fields = ("id",)
    ordering = ("-asked_at",)
    exclude = ("user",)


@admin.register(Errand)
class ErrandAdmin(ReadOnlyAdmin):
    """What other companies are asked to delete."""

    list_display = ("erasure", "kind", "done_at", "tries", "problem")
    list_filter = ("kind",)
